"""Verdicts on how well a net fits its training samples, and others."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cnnviz.insight.intervals import accuracy_interval
from cnnviz.insight.run_summary import Floats, RunSummary
from cnnviz.insight.verdict import Verdict, change_architecture, change_learning_rate, normalize_values
from cnnviz.insight.verdict_rules.remedies import order_remedies
from cnnviz.search.variant import BATCH_NORM, Choices

GAP_EPOCHS = 3
"""Epochs over which accuracies are averaged: one alone jumps up and down."""
MIN_GAP, LARGE_GAP = 0.05, 0.10
"""Differences of training and validation accuracy: the smallest that counts, and one that counts whatever else."""
OVERFIT_LOSS_FACTOR, OVERFIT_LOSS_RISE, TRAIN_LOSS_FACTOR = 1.15, 0.1, 0.85
"""Overfitting: the validation loss ends above its lowest by this factor and this amount, while the training loss falls
below the last factor times its value in the epoch of that lowest loss."""
LEARNED_BY_HEART = 0.95
"""Training accuracy from which on more epochs widen a gap and hardly help."""
UNDERFIT_GAP, UNDERFIT_GOAL_SHARE, UNDERFIT_OUTLOOK = 0.07, 0.9, 3
"""Underfitting: training accuracy exceeds validation accuracy by at most the first value. It would also stay below the
second, a share of the goal, even if it gained the third times as much as in the last third of the epochs; and its
training loss hardly falls any more."""
LEARNING_LOSS_DROP = 0.05
"""Share by which the last third of the epochs lowers the training loss of a net that still learns."""
STALLED_RISE = 0.02
"""Validation accuracy has stopped improving where it does not rise by more than this any more."""


@dataclass(frozen=True)
class Gap:
    """Difference of training and validation accuracy at the end of a run."""

    train: float
    validation: float
    epochs: int
    """Epochs at the end over which both are averaged."""
    interval: tuple[float, float] | None
    """Where the validation accuracy on many more samples is, at 95 % confidence; None: their number is unknown."""
    first_epoch: int
    """Epoch, counted from 1, since which the gap has been wider than `MIN_GAP`."""
    lasts: bool
    """Whether it has been so wide for at least as many epochs as are averaged."""

    @property
    def size(self) -> float:
        """Training accuracy minus validation accuracy."""
        return self.train - self.validation

    @property
    def is_real(self) -> bool:
        """Whether the gap is wide, lasts, and is wider than the choice of the validation samples explains."""
        if self.interval is None:
            return self.lasts and self.size >= LARGE_GAP
        return self.lasts and self.size >= MIN_GAP and self.train > self.interval[1]


def measure_gap(run: RunSummary) -> Gap:
    """Returns the gap at the end of a run with at least one epoch."""
    count, last = run.epochs, min(GAP_EPOCHS, run.epochs)
    train, validation = (curve[:count] for curve in (run.train_accuracy, run.validation_accuracy))
    mean = float(validation[-last:].mean())
    narrow = np.flatnonzero(_running_median(train - validation) < MIN_GAP)
    first_epoch = min(int(narrow[-1]) + 2 if len(narrow) else 1, count)
    return Gap(
        train=float(train[-last:].mean()),
        validation=mean,
        epochs=last,
        interval=accuracy_interval(mean, run.validation_size) if run.validation_size else None,
        first_epoch=first_epoch,
        lasts=count - first_epoch + 1 >= last,
    )


def _running_median(values: Floats) -> Floats:
    """Returns the median of each value and its two neighbours."""
    padded = np.concatenate([values[:1], values, values[-1:]])
    return np.asarray(np.median([padded[:-2], padded[1:-1], padded[2:]], axis=0))


def find_overfitting(run: RunSummary) -> Verdict | None:
    """Finds a training accuracy well above that of validation, or a validation loss that rises."""
    gap, lowest = measure_gap(run), epoch_of_rising_loss(run)
    if not gap.is_real and lowest is None:
        return None
    stalled = epoch_of_stalled_validation(run)
    # a net of one epoch has hardly begun to learn: whatever its gap, it overfits nothing yet
    first = max(lowest or (max(gap.first_epoch, stalled) if stalled else 0), 2)
    since = f" from epoch {first} on" if lowest or stalled else ", though validation still improves"
    sentences = [] if lowest is None else [_describe_rise(run, lowest)]
    sentences += _describe_gap(gap, run.validation_size, stalled)
    if run.best_epoch < run.epochs:
        sentences.append(f"The weights of epoch {run.best_epoch}, the best on validation, are kept.")
    slightly = " a little" if lowest is None and gap.size < LARGE_GAP else ""
    return Verdict(f"It overfits{slightly}{since}", " ".join(sentences), *order_remedies(run))


def epoch_of_stalled_validation(run: RunSummary) -> int | None:
    """Returns the epoch (from 1) since which the validation accuracy has hardly risen; None where it still rises.

    It still rises where the last quarter of the epochs, or the last three, have raised it by more than `STALLED_RISE`.
    """
    accuracy = _running_median(run.validation_accuracy[: run.epochs])
    epoch = int(np.flatnonzero(accuracy >= accuracy.max() - STALLED_RISE)[0]) + 1
    return epoch if epoch <= run.epochs - max(run.epochs // 4, GAP_EPOCHS) + 1 else None


def epoch_of_rising_loss(run: RunSummary) -> int | None:
    """Returns the epoch (from 1) after which validation loss rose while training loss fell; None where it did not."""
    count = run.epochs
    loss, train = run.validation_loss[:count], run.train_loss[:count]
    lowest = int(loss.argmin())
    rises = _final_loss(run) > max(OVERFIT_LOSS_FACTOR * loss[lowest], loss[lowest] + OVERFIT_LOSS_RISE)
    return lowest + 1 if lowest < count - 2 and rises and train[-1] < TRAIN_LOSS_FACTOR * train[lowest] else None


def needs_no_more_epochs(run: RunSummary) -> bool:
    """Returns whether a net overfits, and has so little left to learn that more epochs would hardly help."""
    gap = measure_gap(run)
    return epoch_of_rising_loss(run) is not None or (gap.is_real and gap.train >= LEARNED_BY_HEART)


def _final_loss(run: RunSummary) -> float:
    return float(np.median(run.validation_loss[: run.epochs][-2:]))


def _describe_rise(run: RunSummary, lowest: int) -> str:
    loss, train, count = run.validation_loss, run.train_loss, run.epochs
    return (
        f"Validation loss was lowest in epoch {lowest} ({loss[lowest - 1]:.3f}) and is {_final_loss(run):.3f} at the"
        f" end (the mean of the last two epochs). The training loss kept falling, from {train[lowest - 1]:.3f} to"
        f" {train[count - 1]:.3f}."
    )


def _describe_gap(gap: Gap, samples: int | None, stalled: int | None) -> list[str]:
    mean = f" (means of the last {gap.epochs} epochs)" if gap.epochs > 1 else ""
    accuracies = f"Training accuracy is {gap.train:.3f} at the end, validation accuracy {gap.validation:.3f}{mean}"
    sentences = [f"{accuracies}: a gap of {gap.size:.3f}."]
    if gap.interval and samples:
        low, high = gap.interval
        place = "above it: the gap is not chance" if gap.train > high else "within it: the gap may be chance"
        sentences.append(
            f"On {samples:,} samples, the 95 % interval of the validation accuracy is {low:.3f} to {high:.3f} (Wilson)."
            f" The training accuracy lies {place}."
        )
    if gap.is_real:
        since = f"since about epoch {gap.first_epoch}" if gap.first_epoch > 1 else "from the first epoch on"
        rise = f"hardly risen since epoch {stalled}" if stalled else "risen until the end"
        sentences.append(f"The gap has been wider than {MIN_GAP:g} {since}; validation accuracy has {rise}.")
    if gap.size >= LARGE_GAP and gap.train >= LEARNED_BY_HEART:
        sentences.append("The net learns its training samples by heart.")
    return sentences


def find_underfitting(run: RunSummary) -> Verdict | None:
    """Finds a net that does not even learn its training samples, and is not getting better at it."""
    count = run.epochs
    train, validation = run.train_accuracy[count - 1], run.validation_accuracy[count - 1]
    if not stays_underfit(run) or train - validation > UNDERFIT_GAP:
        return None
    gained = _recent_gain(run.train_accuracy, count)
    normalized = "normalized values, " if run.has_raw_values else ""
    return Verdict(
        "It underfits",
        f"Even on its own training samples, only {train:.1%} of its answers are right; on validation,"
        f" {validation:.1%}. The last third of the epochs changed the best training accuracy by {gained:+.3f}."
        " The net is too small for the task, or too strongly regularized.",
        f"In this order: {normalized}BatchNorm after each layer with weights, a wider or deeper net, less dropout,"
        " another learning rate.",
        (
            *normalize_values(run),
            *change_architecture(
                run,
                ("BatchNorm after every layer with weights", Choices(normalization=BATCH_NORM)),
                ("Twice as wide", Choices(width=2.0)),
            ),
            *change_learning_rate(run, 3.0),
        ),
    )


def stays_underfit(run: RunSummary) -> bool:
    """Returns whether the net would not learn its training samples even if it went on improving like this."""
    train = float(run.train_accuracy[run.epochs - 1])
    outlook = train + UNDERFIT_OUTLOOK * max(_recent_gain(run.train_accuracy, run.epochs), 0)
    loss, third = run.train_loss[: run.epochs], max(run.epochs // 3, 1)
    still_learns = loss[-third:].min() < (1 - LEARNING_LOSS_DROP) * loss[:-third].min()
    return bool(outlook < UNDERFIT_GOAL_SHARE * run.goal and not still_learns)


def _recent_gain(values: Floats, count: int) -> float:
    """Returns how much the last third of the epochs raised the best value of the epochs before."""
    third = max(count // 3, 1)
    return float(values[count - third : count].max() - values[: count - third].max())
