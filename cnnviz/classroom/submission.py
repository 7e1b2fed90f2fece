"""Submission: a run as it was at the moment when it was handed in, and what was measured of it since."""

import hashlib
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from cnnviz.architecture import Architecture
from cnnviz.classroom.assignment import Assignment
from cnnviz.classroom.checks import CheckResult
from cnnviz.classroom.work import Accuracy, Work
from cnnviz.training.config import TrainConfig
from cnnviz.validation import FrozenModel

HOUR_SECONDS = 3600.0


class SubmissionStatus(StrEnum):
    """waiting → scored or refused."""

    WAITING = "waiting"
    SCORED = "scored"
    REFUSED = "refused"


class ConfusedCell(FrozenModel):
    """One cell of a confusion matrix that is not empty."""

    true_class: Annotated[int, Field(ge=0)]
    predicted_class: Annotated[int, Field(ge=0)]
    count: Annotated[int, Field(ge=1)]


class ValidationResult(FrozenModel):
    """What the weights that were handed in make of the validation part; measured again, whatever the run had said."""

    accuracy: Accuracy
    classes: Annotated[tuple[str, ...], Field(strict=False)]
    cells: Annotated[tuple[ConfusedCell, ...], Field(strict=False)] = ()


@dataclass(frozen=True)
class Submission:
    """A run that was handed in: its design and its settings are copies, and so are its weights in their file."""

    id: str
    assignment: str
    """Id of the assignment."""
    owner: str
    name: str
    """The student's name at that time; may be empty."""
    run: str
    """Id of the run that it is a copy of."""
    submitted: float
    """In seconds since 1970."""
    architecture: Architecture
    config: TrainConfig
    weights_digest: str
    """SHA-256 of the weights."""
    status: SubmissionStatus = SubmissionStatus.WAITING
    message: str = ""
    """Why it was refused."""
    validation: ValidationResult | None = None
    hidden: Accuracy | None = None
    """The student's score on the hidden test after this submission: a new one only where it is better by more than
    chance."""
    is_new_best: bool = False
    """Whether it raised that score."""

    @property
    def counts(self) -> bool:
        """Whether it takes one of the submissions that are allowed in an hour; a refused one does not."""
        return self.status != SubmissionStatus.REFUSED

    def work(self, assignment: Assignment) -> Work:
        """Returns it as work on its assignment."""
        validation = self.validation.accuracy if self.validation else None
        return assignment.work(self.architecture, self.config, validation, self.hidden)

    def results(self, assignment: Assignment) -> tuple[CheckResult, ...]:
        """Returns what came of each check."""
        return assignment.results(self.work(assignment))


def weights_digest(weights: bytes) -> str:
    """Returns the SHA-256 of a file of weights."""
    return hashlib.sha256(weights).hexdigest()
