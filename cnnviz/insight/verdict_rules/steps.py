"""Verdicts on the steps of a training: too large, too small, or without a gradient."""

from __future__ import annotations

import numpy as np

from cnnviz.insight.chance_level import describe_chance, epochs_at_chance
from cnnviz.insight.run_summary import RunSummary
from cnnviz.insight.verdict import Verdict, change_architecture, change_learning_rate, normalize_values
from cnnviz.insight.verdict_rules.fit import stays_underfit
from cnnviz.search.variant import BATCH_NORM, Choices

LOSS_RISE, LOSS_RISE_AMOUNT, UNSTABLE_EPOCH_SHARE = 0.10, 0.05, 0.3
"""A training loss is unstable if it rises by more than the first share and by more than the second value in more than
the third share of all epochs."""
USUAL_UPDATE_RATIO, FAST_UPDATE_RATIO, SLOW_UPDATE_RATIO = 1e-3, 3e-2, 2e-4
"""‖update‖ / ‖weights‖ that is usual, far too high, and far too low (see the Gradients view)."""
MAX_RATE_EXPONENT = 4
"""Largest power of ten by which a learning rate is changed."""
VANISHING_GRADIENT_RATIO = 1e-2
"""A gradient vanishes if it is below this share of the net's largest and the net has not learned its task."""
ACCURACY_DROP = 0.2
"""Drop of the training accuracy from which on the steps are too large."""
EXPLODED_LOSS = 20.0
"""Training loss above which a run has blown up; guessing among a thousand classes gives a loss of 6.9."""
ORDINARY_RATES = {"SGD": 0.5}
"""Largest learning rate, by optimizer, with which raw values are the first thing to mend in a net that is dead."""
ORDINARY_RATE = 0.05
"""The same for the other optimizers, which scale their steps themselves."""


def find_unnormalized_guessing(run: RunSummary) -> Verdict | None:
    """Finds a net that guesses because its values were not normalized."""
    rate = run.config.learning_rate
    count = epochs_at_chance(run.train_loss[: run.epochs], run.classes)
    if not count or run.classes is None or not run.has_raw_values:
        return None
    dead_layer = _dead_layer(run)
    if rate > ORDINARY_RATES.get(run.config.optimizer, ORDINARY_RATE) or (not dead_layer and _steps_are_tiny(run)):
        return None
    cause = "The values are not normalized. Values that are far from 0 or widely spread make the first steps huge."
    if dead_layer:
        cause += f" No gradient reaches {run.layer_label(dead_layer)} any more: its units are switched off for good."
    return Verdict(
        "The values are not normalized, and the net only guesses",
        f"{describe_chance(run.train_loss[: run.epochs], run.classes, count)} {cause}",
        "First normalize the values, with everything else as it is. If the net still guesses, take a lower learning"
        " rate.",
        (*normalize_values(run), *change_learning_rate(run, 0.1)),
    )


def find_guessing(run: RunSummary) -> Verdict | None:
    """Finds a net that guesses, for a reason that the other rules do not see."""
    count = epochs_at_chance(run.train_loss[: run.epochs], run.classes)
    if not count or run.classes is None:
        return None
    return Verdict(
        "The net only guesses",
        f"{describe_chance(run.train_loss[: run.epochs], run.classes, count)} Nothing that it has seen in the samples"
        " helps it.",
        "First check the data: do samples and labels belong together? Then try learning rates ten times lower and"
        " higher. Then look at the layers: BatchNorm after each convolution makes learning easier.",
        (
            *normalize_values(run),
            *change_learning_rate(run, 0.1),
            *change_learning_rate(run, 10.0),
            *change_architecture(run, ("BatchNorm after every layer with weights", Choices(normalization=BATCH_NORM))),
        ),
    )


def find_too_high_rate(run: RunSummary) -> Verdict | None:
    """Finds a loss that jumps up and down, or huge steps."""
    loss = run.train_loss[: run.epochs]
    rises = int(np.sum(loss[1:] > np.maximum((1 + LOSS_RISE) * loss[:-1], loss[:-1] + LOSS_RISE_AMOUNT)))
    is_unstable = rises > UNSTABLE_EPOCH_SHARE * (len(loss) - 1)
    update_ratios = run.late_medians(run.update_ratios)
    largest = max(update_ratios, key=lambda name: update_ratios[name], default=None)
    huge = largest is not None and update_ratios[largest] > FAST_UPDATE_RATIO
    stuck = stays_underfit(run)
    worst_epoch = int(loss.argmax())
    accuracy = run.train_accuracy[: run.epochs]
    accuracy_lost = float(accuracy.max() - accuracy[-1])
    dead_layer = _dead_layer(run) if stuck else None
    symptoms = (
        [f"The training loss rose by more than {LOSS_RISE:.0%} in {rises} of {len(loss)} epochs."]
        if is_unstable
        else []
    )
    if loss[worst_epoch] > EXPLODED_LOSS:
        symptoms.append(f"The training loss was {loss[worst_epoch]:.3g} in epoch {worst_epoch + 1}.")
    if accuracy_lost >= ACCURACY_DROP:
        symptoms.append(
            f"Training accuracy fell from {accuracy.max():.3f} to {accuracy[-1]:.3f}: the net lost what it had learned."
        )
    if dead_layer:
        symptoms.append(
            f"No gradient reaches {run.layer_label(dead_layer)} any more: too large a step has switched off its units."
        )
    if not symptoms and not (huge and stuck):
        return None
    if huge and largest:
        symptoms.append(
            f"One step changes the weights of {run.layer_label(largest)} by {update_ratios[largest]:.1%}; 0.1 % is"
            " usual."
        )
    # of the layer with the largest steps: a rate at which these were usual would be too low for the others
    factor = min(_factor_to_usual(update_ratios[largest] / 10), 0.1) if huge and largest else 0.1
    return Verdict(
        "The learning rate is too high",
        " ".join(symptoms),
        "A lower rate, or one that falls: one-cycle or cosine. The learning-rate finder shows where it breaks down."
        + (" Normalized values allow a higher rate." if run.has_raw_values else ""),
        (*change_learning_rate(run, factor), *normalize_values(run)),
    )


def find_vanishing_gradients(run: RunSummary) -> Verdict | None:
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
        f"Its gradient has a norm of {gradient_norms[layer]:.1e}. That of {run.layer_label(strongest)},"
        f" {gradient_norms[strongest]:.1e}, is {gradient_norms[strongest] / gradient_norms[layer]:,.0f} times as large."
        f" The layer hardly learns.{others}",
        "ReLU instead of sigmoid and tanh, BatchNorm after layers with weights, or Residual blocks around them.",
        change_architecture(
            run,
            ("ReLU everywhere", Choices(activation="ReLU")),
            ("BatchNorm after every layer with weights", Choices(normalization=BATCH_NORM)),
        ),
    )


def find_too_low_rate(run: RunSummary) -> Verdict | None:
    """Finds a net that still learns, but in tiny steps."""
    count = run.epochs
    falling = run.train_loss[count - 1] < 1.02 * run.train_loss[0]  # with steps so small, the loss may hardly move
    if not _steps_are_tiny(run) or not falling or run.train_accuracy[count - 1] >= run.goal:
        return None
    step = _typical_step(run)
    return Verdict(
        "The learning rate is too low",
        f"One step changes the weights of a layer by {step:.1e} of their norm; about 1e-3 is usual. In {count} epochs"
        f" the training loss went from {run.train_loss[0]:.3f} to {run.train_loss[count - 1]:.3f}.",
        "A higher rate; the learning-rate finder shows how high it can be.",
        change_learning_rate(run, max(_factor_to_usual(step), 10.0)),
    )


def _dead_layer(run: RunSummary) -> str | None:
    """Returns the first layer that gets no gradient at all in most of the later epochs."""
    return next((name for name, value in run.late_medians(run.gradient_norms).items() if value == 0), None)


def _typical_step(run: RunSummary) -> float:
    """Returns the median of the layers' update ratios; 1 where none were measured."""
    update_ratios = run.late_medians(run.update_ratios)
    return float(np.median(list(update_ratios.values()))) if update_ratios else 1.0


def _steps_are_tiny(run: RunSummary) -> bool:
    return _typical_step(run) <= SLOW_UPDATE_RATIO


def _factor_to_usual(step: float) -> float:
    """Returns the power of ten, within bounds, that brings the update ratio `step` closest to the usual one.

    >>> _factor_to_usual(0.9), _factor_to_usual(2e-5), _factor_to_usual(0.0)
    (0.001, 100.0, 10000.0)
    """
    power = round(np.log10(USUAL_UPDATE_RATIO / step)) if step > 0 else MAX_RATE_EXPONENT
    return float(10.0 ** min(max(power, -MAX_RATE_EXPONENT), MAX_RATE_EXPONENT))
