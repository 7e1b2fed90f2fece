"""What a teacher would say about a run, judging by its numbers, and what to try next."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from cnnviz.architecture import Architecture
from cnnviz.insight.run_summary import RunSummary
from cnnviz.search.variant import BATCH_NORM, Choices, build_variant
from cnnviz.training.config import TrainConfig
from cnnviz.training.end_reason import EndReason
from cnnviz.words import format_share

MIN_EPOCHS = 3
"""Epochs a run needs before anything can be said about it."""
LOSS_RISE, UNSTABLE_EPOCH_SHARE = 0.10, 0.3
"""A training loss is unstable if it rises by more than the first share in more than the second share of all epochs."""
USUAL_UPDATE_RATIO, FAST_UPDATE_RATIO, SLOW_UPDATE_RATIO = 1e-3, 3e-2, 2e-4
"""‖update‖ / ‖weights‖ that is usual, far too high, and far too low (see the Gradients view)."""
MAX_RATE_EXPONENT = 4
"""Largest power of ten by which a learning rate is changed."""
VANISHING_GRADIENT_RATIO = 1e-2
"""A gradient vanishes if it is below this share of the net's largest and the net has not learned its task."""
OVERFIT_LOSS_FACTOR, OVERFIT_LOSS_RISE, TRAIN_LOSS_FACTOR = 1.15, 0.1, 0.85
"""Overfitting: the validation loss ends above its lowest by this factor and this amount, while the training loss falls
below the last factor times its value in the epoch of that lowest loss."""
ACCURACY_DROP = 0.2
"""Drop of the training accuracy from which on the steps are too large."""
EXPLODED_LOSS = 20.0
"""Training loss above which a run has blown up; guessing among a thousand classes gives a loss of 6.9."""
UNDERFIT_GAP, UNDERFIT_GOAL_SHARE, UNDERFIT_OUTLOOK = 0.07, 0.9, 3
"""Underfitting: training accuracy exceeds validation accuracy by at most the first value. It would also stay below the
second, a share of the goal, even if it gained the third times as much as in the last third of the epochs."""
IMPROVING_ACCURACY_GAIN, IMPROVING_LOSS_DROP = 0.01, 0.05
"""A run is still improving if its last quarter of epochs adds the first value to the validation accuracy, or takes the
second, as a share, off the validation loss."""
MAX_EPOCHS = 1000


@dataclass(frozen=True)
class SuggestedRun:
    """Net and settings of a run to try next, with a label that says what is changed."""

    label: str
    architecture: Architecture
    config: TrainConfig


@dataclass(frozen=True)
class Verdict:
    """Finding about a run, based on its numbers, and what to try next."""

    title: str
    text: str
    suggestion: str = ""
    suggested_runs: tuple[SuggestedRun, ...] = ()
    is_good: bool = False


@dataclass(frozen=True)
class VerdictRule:
    """Function that looks for one symptom in a run, and the names of the rules to skip when it finds it."""

    find: Callable[[RunSummary], Verdict | None]
    suppressed_rules: frozenset[str] = frozenset()


def find_verdicts(run: RunSummary) -> tuple[Verdict, ...]:
    """Returns the verdicts on a run, the most important first; never empty."""
    diverged = _divergence(run)
    if diverged:
        return (diverged,)
    if run.epochs < MIN_EPOCHS:
        return (Verdict("Too early to say", f"The curves can be judged once there are {MIN_EPOCHS} epochs."),)
    verdicts: list[Verdict] = []
    suppressed: set[str] = set()
    for name, rule in VERDICT_RULES.items():
        if name not in suppressed and (verdict := rule.find(run)):
            verdicts.append(verdict)
            suppressed |= rule.suppressed_rules
    return tuple(verdicts) or (_nothing_stands_out(run),)


def goal_reached(run: RunSummary) -> Verdict | None:
    """Finds a validation accuracy that reached the goal."""
    epochs_at_goal = np.flatnonzero(run.validation_accuracy[: run.epochs] >= run.goal)
    if not len(epochs_at_goal):
        return None
    return Verdict(
        f"It reached the goal of {format_share(run.goal)}",
        f"Validation accuracy first reached it in epoch {epochs_at_goal[0] + 1}; the best value is"
        f" {run.validation_accuracy.max():.3f}, in epoch {run.best_epoch}.",
        "Can a net with fewer parameters do the same? The Runs page plots accuracy against cost.",
        is_good=True,
    )


def learning_rate_too_high(run: RunSummary) -> Verdict | None:
    """Finds a loss that jumps up and down, or huge steps."""
    loss = run.train_loss[: run.epochs]
    rises = float(np.mean(loss[1:] > (1 + LOSS_RISE) * loss[:-1]))
    update_ratios = run.late_medians(run.update_ratios)
    largest = max(update_ratios, key=lambda name: update_ratios[name], default=None)
    huge = largest is not None and update_ratios[largest] > FAST_UPDATE_RATIO
    stuck = _stays_underfit(run)
    worst_epoch = int(loss.argmax())
    accuracy = run.train_accuracy[: run.epochs]
    accuracy_lost = float(accuracy.max() - accuracy[-1])
    dead_layer = (
        next((name for name, value in run.late_medians(run.gradient_norms).items() if value == 0), None)
        if stuck
        else None
    )
    if not (
        rises > UNSTABLE_EPOCH_SHARE
        or loss[worst_epoch] > EXPLODED_LOSS
        or accuracy_lost >= ACCURACY_DROP
        or dead_layer
        or (huge and stuck)
    ):
        return None
    rise_count = f"in {rises * (len(loss) - 1):.0f} of {len(loss)} epochs"
    symptoms = (
        [f"the training loss rose by more than {LOSS_RISE:.0%} {rise_count}"] if rises > UNSTABLE_EPOCH_SHARE else []
    )
    if loss[worst_epoch] > EXPLODED_LOSS:
        symptoms.append(f"the training loss was {loss[worst_epoch]:.3g} in epoch {worst_epoch + 1}")
    if accuracy_lost >= ACCURACY_DROP:
        symptoms.append(
            f"training accuracy fell from {accuracy.max():.3f} to {accuracy[-1]:.3f}: the net lost what it had learned"
        )
    if dead_layer:
        symptoms.append(
            f"no gradient reaches {run.layer_label(dead_layer)} any more: too large a step has switched off its units"
        )
    if huge and largest:
        symptoms.append(
            f"one step changes the weights of {run.layer_label(largest)} by {update_ratios[largest]:.1%} (0.1 % is"
            " usual)"
        )
    text = "; ".join(symptoms)
    return Verdict(
        "The learning rate is too high",
        f"{text[0].upper()}{text[1:]}.",
        "A lower rate, or one that falls: one-cycle or cosine. The learning-rate finder shows where it breaks down.",
        _learning_rate_change(run, min(_factor_to_usual(update_ratios[largest]), 0.1) if huge and largest else 0.1),
    )


def vanishing_gradients(run: RunSummary) -> Verdict | None:
    """Finds layers whose gradient is orders of magnitude below that of others."""
    gradient_norms = {name: value for name, value in run.medians(run.gradient_norms).items() if value > 0}
    if len(gradient_norms) < 2 or run.train_accuracy[run.epochs - 1] >= run.goal:
        return None
    strongest = max(gradient_norms, key=lambda name: gradient_norms[name])
    weak_layers = [
        name for name, value in gradient_norms.items() if value < VANISHING_GRADIENT_RATIO * gradient_norms[strongest]
    ]
    if not weak_layers:
        return None
    layer = weak_layers[0]
    count = len(weak_layers) - 1
    others = f" The same is true of {count} more layer{'s' if count > 1 else ''}." if count else ""
    return Verdict(
        f"Gradients vanish in {run.layer_label(layer)}",
        f"Its gradient has a norm of {gradient_norms[layer]:.1e}; that of {run.layer_label(strongest)},"
        f" {gradient_norms[strongest]:.1e}, is {gradient_norms[strongest] / gradient_norms[layer]:,.0f} times as large."
        f" The layer hardly learns.{others}",
        "ReLU instead of sigmoid and tanh, BatchNorm after layers with weights, or Residual blocks around them.",
        _architecture_changes(
            run,
            ("ReLU everywhere", Choices(activation="ReLU")),
            ("BatchNorm after every layer with weights", Choices(normalization=BATCH_NORM)),
        ),
    )


def overfitting(run: RunSummary) -> Verdict | None:
    """Finds a validation loss that rises while the training loss falls."""
    count = run.epochs
    loss, train = run.validation_loss[:count], run.train_loss[:count]
    lowest = int(loss.argmin())
    final_loss = float(np.median(loss[-2:]))
    if (
        lowest >= count - 2
        or final_loss <= max(OVERFIT_LOSS_FACTOR * loss[lowest], loss[lowest] + OVERFIT_LOSS_RISE)
        or train[-1] >= TRAIN_LOSS_FACTOR * train[lowest]
    ):
        return None
    gap = float(run.train_accuracy[count - 1] - run.validation_accuracy[count - 1])
    dropouts = [float(getattr(layer, "p", 0)) for _, layer in run.architecture.iter_layers() if "Dropout" in layer.kind]
    extra_edits = (("Dropout of 0.4", Choices(dropout=0.4)),) if max(dropouts, default=0) < 0.4 else ()
    changes = _architecture_changes(run, *extra_edits, ("Half as wide", Choices(width=0.5)))
    decay = max(10 * run.config.weight_decay, 1e-3)
    if decay <= 0.1:
        settings = run.config.changed(weight_decay=decay)
        changes = (*changes, SuggestedRun(f"Weight decay {decay:g}", run.architecture, settings))
    return Verdict(
        f"It overfits from epoch {lowest + 1} on",
        f"Validation loss was lowest there ({loss[lowest]:.3f}) and is {final_loss:.3f} at the end (the mean of"
        f" the last two epochs), while the training"
        f" loss fell from {train[lowest]:.3f} to {train[-1]:.3f}. Training accuracy differs from validation accuracy by"
        f" {gap:+.3f}: the net learns its training samples by heart.",
        "More dropout, weight decay, augmentation (on the Data page), or a smaller net. More data helps most.",
        changes,
    )


def underfitting(run: RunSummary) -> Verdict | None:
    """Finds a net that does not even learn its training samples, and is not getting better at it."""
    count = run.epochs
    train, gap = run.train_accuracy[count - 1], run.train_accuracy[count - 1] - run.validation_accuracy[count - 1]
    gained = _recent_gain(run.train_accuracy, count)
    if not _stays_underfit(run) or gap > UNDERFIT_GAP:
        return None
    return Verdict(
        "It underfits",
        f"Even on its own training samples, only {train:.1%} of its answers are right ({gained:+.3f} in the last third"
        f" of the epochs); on validation, {run.validation_accuracy[count - 1]:.1%}. The net is too small for the task,"
        " or too strongly regularized.",
        "A wider or deeper net, less dropout, normalized samples, or another learning rate.",
        (
            *_architecture_changes(
                run,
                ("Twice as wide", Choices(width=2.0)),
                ("BatchNorm after every layer with weights", Choices(normalization=BATCH_NORM)),
            ),
            *_learning_rate_change(run, 3.0),
        ),
    )


def learning_rate_too_low(run: RunSummary) -> Verdict | None:
    """Finds a net that still learns, but in tiny steps."""
    update_ratios = run.late_medians(run.update_ratios)
    count = run.epochs
    falling = run.train_loss[count - 1] < 1.02 * run.train_loss[0]  # with steps so small, the loss may hardly move
    step = float(np.median(list(update_ratios.values()))) if update_ratios else 1.0
    if step > SLOW_UPDATE_RATIO or not falling or run.train_accuracy[count - 1] >= run.goal:
        return None
    return Verdict(
        "The learning rate is too low",
        f"One step changes the weights of a layer by {step:.1e} of their norm; about 1e-3 is usual. In {count} epochs"
        f" the training loss went from {run.train_loss[0]:.3f} to {run.train_loss[count - 1]:.3f}.",
        "A higher rate; the learning-rate finder shows how high it can be.",
        _learning_rate_change(run, max(_factor_to_usual(step), 10.0)),
    )


def still_improving(run: RunSummary) -> Verdict | None:
    """Finds a run that ended while its last epochs still improved it."""
    count = run.epochs
    accuracy, loss = run.validation_accuracy[:count], run.validation_loss[:count]
    quarter = max(count // 4, 1)
    gained = float(accuracy[-quarter:].max() - accuracy[:-quarter].max())
    fell = 1 - float(loss[-quarter:].min()) / max(float(loss[:-quarter].min()), 1e-9)
    better = gained >= IMPROVING_ACCURACY_GAIN and run.best_epoch >= count - count // 10
    lower = fell >= IMPROVING_LOSS_DROP and accuracy.max() < run.goal
    if not run.has_ended or not (better or lower):
        return None
    more = min(2 * run.config.epochs, MAX_EPOCHS)
    longer = run.config.changed(epochs=more)
    last = f"last {quarter} of {count} epochs" if quarter > 1 else "last epoch"
    return Verdict(
        "It was still improving",
        f"The {last} added {max(gained, 0):.3f} to the validation accuracy and took"
        f" {max(fell, 0):.0%} off the validation loss.",
        "Train it longer: continue from where it ended (on the Train page), or start again, so that the schedule fits.",
        (SuggestedRun(f"Train for {more} epochs", run.architecture, longer),) if more > run.config.epochs else (),
    )


_LESSER_RULES = frozenset({"under-fitting", "too-low", "improving"})
VERDICT_RULES: dict[str, VerdictRule] = {
    "reached": VerdictRule(goal_reached),
    "too-high": VerdictRule(learning_rate_too_high, _LESSER_RULES),
    "vanishing": VerdictRule(vanishing_gradients, _LESSER_RULES),
    "over-fitting": VerdictRule(overfitting, _LESSER_RULES),
    "too-low": VerdictRule(learning_rate_too_low, _LESSER_RULES),
    "under-fitting": VerdictRule(underfitting, _LESSER_RULES),
    "improving": VerdictRule(still_improving),
}
"""Every rule by name, in the order in which verdicts are shown."""


def _divergence(run: RunSummary) -> Verdict | None:
    if run.end_reason is not EndReason.DIVERGED:
        return None
    return Verdict("The learning rate is too high", run.message, suggested_runs=_learning_rate_change(run, 0.1))


def _nothing_stands_out(run: RunSummary) -> Verdict:
    last = float(run.validation_accuracy[run.epochs - 1])
    return Verdict(
        "Nothing stands out",
        f"The curves show no fault: validation accuracy is {last:.3f} at the end and"
        f" {run.validation_accuracy.max():.3f} at best.",
        "Another architecture may do better: compare a deeper and a wider one on the Runs page, or start a search.",
    )


def _stays_underfit(run: RunSummary) -> bool:
    """Returns whether the net would not learn its training samples even if it went on improving like this."""
    train = float(run.train_accuracy[run.epochs - 1])
    return (
        train + UNDERFIT_OUTLOOK * max(_recent_gain(run.train_accuracy, run.epochs), 0) < UNDERFIT_GOAL_SHARE * run.goal
    )


def _recent_gain(values: np.ndarray[tuple[int, ...], np.dtype[np.float64]], count: int) -> float:
    """Returns how much the last third of the epochs raised the best value of the epochs before."""
    third = max(count // 3, 1)
    return float(values[count - third : count].max() - values[: count - third].max())


def _factor_to_usual(step: float) -> float:
    """Returns the power of ten, within bounds, that brings the update ratio `step` closest to the usual one.

    >>> _factor_to_usual(0.9), _factor_to_usual(2e-5), _factor_to_usual(0.0)
    (0.001, 100.0, 10000.0)
    """
    power = round(np.log10(USUAL_UPDATE_RATIO / step)) if step > 0 else MAX_RATE_EXPONENT
    return float(10.0 ** min(max(power, -MAX_RATE_EXPONENT), MAX_RATE_EXPONENT))


def _learning_rate_change(run: RunSummary, factor: float) -> tuple[SuggestedRun, ...]:
    """Returns the run with its learning rate multiplied by `factor`; empty if the result is out of bounds."""
    rate = float(f"{run.config.learning_rate * factor:.2g}")
    if not 1e-8 <= rate <= 10:
        return ()
    return (SuggestedRun(f"Learning rate {rate:g}", run.architecture, run.config.changed(learning_rate=rate)),)


def _architecture_changes(run: RunSummary, *edits: tuple[str, Choices]) -> tuple[SuggestedRun, ...]:
    """Returns the run with each of the edited nets; an edit that changes nothing is left out."""
    # BatchNorm needs a variance, which a batch of one sample does not have
    allowed_edits = (edit for edit in edits if edit[1].normalization is None or run.config.batch_size > 1)
    edited_designs = ((label, build_variant(run.architecture, choices)) for label, choices in allowed_edits)
    return tuple(
        SuggestedRun(label, design, run.config) for label, design in edited_designs if design != run.architecture
    )
