"""What a class has done: one row for each student, made of what a single query returns."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import NamedTuple

from cnnviz.runs.run import ACTIVE_STATUSES, Status

STUCK_RUNS = 5
"""Runs in a row without a better one after which a student is called stuck."""
REPEATED_ERRORS = 3
"""Runs in a row that failed with the same sentence, after which they are."""


class RunRow(NamedTuple):
    """What is read of a run."""

    owner: str
    id: str
    created: float
    finished: float | None
    status: str
    message: str
    dataset: str
    accuracy: float | None
    """Validation accuracy of its best epoch."""


@dataclass(frozen=True)
class StudentWork:
    """What one student has done."""

    owner: str
    runs: int
    active: int
    """Runs that wait or train."""
    best_run: str | None
    """Id of the run with the best validation accuracy."""
    best_accuracy: float | None
    last_sign: float
    """When a run of theirs last began or ended, in seconds since 1970."""
    runs_without_gain: int
    """Runs that have ended since the best one began, none of which was better."""
    repeated_error: str
    """The sentence with which their last runs failed, one after another; empty where they did not."""

    @property
    def is_stuck(self) -> bool:
        """Whether a teacher should have a look."""
        return self.runs_without_gain >= STUCK_RUNS or bool(self.repeated_error)

    @property
    def stuck_reason(self) -> str:
        """Why they are stuck; empty where they are not."""
        if self.repeated_error:
            return f"The last {REPEATED_ERRORS} runs failed: {self.repeated_error}"
        if self.runs_without_gain >= STUCK_RUNS:
            return f"{self.runs_without_gain} runs without a better one."
        return ""


def class_overview(rows: Iterable[RunRow]) -> dict[str, StudentWork]:
    """Returns the work of each student, by owner; the rows come sorted by owner, then by the time they were made."""
    return {owner: _student_work(owner, list(own)) for owner, own in groupby(rows, lambda row: row.owner)}


def _student_work(owner: str, runs: Sequence[RunRow]) -> StudentWork:
    active = [run for run in runs if run.status in ACTIVE_STATUSES]
    measured = [run for run in runs if run.accuracy is not None]
    best = max(measured, key=lambda run: (run.accuracy or 0.0, -run.created), default=None)
    later = runs[runs.index(best) + 1 :] if best else []
    last = runs[-REPEATED_ERRORS:]
    repeats = len(last) == REPEATED_ERRORS and all(run.status == Status.FAILED for run in last)
    messages = {run.message for run in last}
    return StudentWork(
        owner,
        len(runs),
        len(active),
        best.id if best else None,
        best.accuracy if best else None,
        max(max(run.created, run.finished or 0.0) for run in runs),
        sum(run.accuracy is not None and run.status not in ACTIVE_STATUSES for run in later),
        messages.pop() if repeats and len(messages) == 1 else "",
    )
