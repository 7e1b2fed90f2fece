"""Verdicts on when a run ended: too early, or with nothing more to gain."""

from dataclasses import dataclass

from cnnviz.insight.run_summary import RunSummary
from cnnviz.insight.verdict import Verdict, change_settings
from cnnviz.insight.verdict_rules.fit import measure_gap, needs_no_more_epochs
from cnnviz.training.end_reason import EndReason

IMPROVING_ACCURACY_GAIN, IMPROVING_LOSS_DROP = 0.02, 0.05
"""A run is still improving if its last quarter of epochs adds the first value to the validation accuracy, or takes the
second, as a share, off the validation loss."""
MAX_EPOCHS, SHORT_PATIENCE = 1000, 5
"""Largest number of epochs, and of epochs that a longer patience waits at least."""


@dataclass(frozen=True)
class LastQuarter:
    """What the last quarter of the epochs brought on validation."""

    epochs: int
    gained: float
    """Growth of the best accuracy."""
    fell: float
    """Fall of the lowest loss, as a share of it."""

    @property
    def label(self) -> str:
        """The epochs as a sentence mentions them, without their article."""
        return f"last {self.epochs} epochs" if self.epochs > 1 else "last epoch"

    def describe(self) -> str:
        """Returns what was gained as a part of a sentence, without what was not."""
        gains = [f"added {self.gained:.3f} to the best validation accuracy"] if self.gained > 0 else []
        if self.fell > 0:
            gains.append(f"took {self.fell:.0%} off the lowest validation loss")
        return " and ".join(gains)


def find_still_improving(run: RunSummary) -> Verdict | None:
    """Finds a run that ended while its last epochs still improved it."""
    ended_by_patience = run.end_reason is EndReason.EARLY_STOPPING
    if not run.has_ended or ended_by_patience or needs_no_more_epochs(run):
        return None
    count, last = run.epochs, _last_quarter(run)
    # where it overfits, accuracy goes up and down, and only a loss that falls shows that there is more to gain
    better = (
        last.gained >= IMPROVING_ACCURACY_GAIN
        and run.best_epoch >= count - count // 10
        and not measure_gap(run).is_real
    )
    lower = last.fell >= IMPROVING_LOSS_DROP and run.validation_accuracy[:count].max() < run.goal
    if not (better or lower):
        return None
    more = min(2 * run.config.epochs, MAX_EPOCHS)
    return Verdict(
        "It was still improving",
        f"The {last.label} of {count} {last.describe()}.",
        "Train it longer: continue from where it ended (on the Train page), or start again, so that the schedule fits.",
        change_settings(run, f"Train for {more} epochs", epochs=more) if more > run.config.epochs else (),
    )


def find_ended_by_patience(run: RunSummary) -> Verdict | None:
    """Finds a run that its patience ended."""
    if run.end_reason is not EndReason.EARLY_STOPPING:
        return None
    patience, best, last = run.config.patience, run.best_epoch, _last_quarter(run)
    text = (
        f"It ended after epoch {run.epochs}, because none of the last {patience} epochs was better than epoch {best},"
        f" which had a validation accuracy of {run.validation_accuracy[best - 1]:.3f}."
    )
    if last.fell >= IMPROVING_LOSS_DROP and not needs_no_more_epochs(run):
        longer = max(3 * patience, SHORT_PATIENCE)
        return Verdict(
            "Its patience was too short",
            f"{text} But the {last.label} took {last.fell:.0%} off the validation loss: it was still learning.",
            "A longer patience.",
            change_settings(run, f"Patience of {longer}", patience=longer),
        )
    return Verdict(
        "Patience ended it: more epochs of the same would hardly help",
        text,
        "Change something else: the net, or a learning rate that falls, such as cosine.",
        change_settings(run, "Cosine schedule", schedule="cosine") if run.config.schedule == "constant" else (),
    )


def _last_quarter(run: RunSummary) -> LastQuarter:
    accuracy, loss = run.validation_accuracy[: run.epochs], run.validation_loss[: run.epochs]
    quarter = max(run.epochs // 4, 1)
    return LastQuarter(
        quarter,
        float(accuracy[-quarter:].max() - accuracy[:-quarter].max()),
        1 - float(loss[-quarter:].min()) / max(float(loss[:-quarter].min()), 1e-9),
    )
