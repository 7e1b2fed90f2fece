"""Standing of a student: which submission counts, at the deadline and now, and how many more may be handed in."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from cnnviz.classroom.assignment import Assignment
from cnnviz.classroom.submission import HOUR_SECONDS, Submission, SubmissionStatus

FULL_GRADE = 100.0


@dataclass(frozen=True)
class Extension:
    """A later deadline for one student; a group has one for each of its members."""

    owner: str
    deadline: float
    """In seconds since 1970."""
    note: str = ""
    """Why; the student reads it."""


@dataclass(frozen=True)
class Allowance:
    """How many submissions are left in this hour."""

    left: int
    of: int
    next_at: float | None
    """When there is one more, in seconds since 1970; None while all are left."""


@dataclass(frozen=True)
class Standing:
    """What counts of what a student has handed in."""

    deadline: float | None
    at_deadline: Submission | None
    """The best of those handed in by the deadline; it stays, whatever comes later."""
    latest_best: Submission | None
    """The best of all."""
    submissions: tuple[Submission, ...]
    """All of them, oldest first."""

    @property
    def is_waiting(self) -> bool:
        """Whether something that was handed in in time is still to be scored: what counts may change."""
        in_time = (each for each in self.submissions if self.deadline is None or each.submitted <= self.deadline)
        return any(each.status == SubmissionStatus.WAITING for each in in_time)

    @property
    def is_better_later(self) -> bool:
        """Whether something that was handed in after the deadline is better than what counts."""
        return self.latest_best is not None and self.latest_best != self.at_deadline


def deadline_of(assignment: Assignment, extensions: Iterable[Extension], owner: str) -> float | None:
    """Returns the latest deadline that holds for a student, in seconds since 1970; None where there is none."""
    if assignment.deadline is None:
        return None
    own = [extension.deadline for extension in extensions if extension.owner == owner]
    return max([assignment.deadline.timestamp(), *own])


def allowance(assignment: Assignment, submissions: Iterable[Submission], now: float) -> Allowance:
    """Returns how many submissions a student has left; any hour has at most so many, wherever it begins."""
    recent = sorted(each.submitted for each in submissions if each.counts and each.submitted > now - HOUR_SECONDS)
    of = assignment.submissions_per_hour
    left = max(of - len(recent), 0)
    if not recent:
        return Allowance(left, of, None)
    return Allowance(left, of, recent[max(len(recent) - of, 0)] + HOUR_SECONDS)


def standing(assignment: Assignment, submissions: Sequence[Submission], deadline: float | None) -> Standing:
    """Returns the standing of a student by all that the student has handed in for an assignment."""
    ordered = tuple(sorted(submissions, key=lambda each: (each.submitted, each.id)))
    in_time = [each for each in ordered if deadline is None or each.submitted <= deadline]
    return Standing(deadline, _best(assignment, in_time), _best(assignment, ordered), ordered)


def points_of(assignment: Assignment, submission: Submission | None) -> int:
    """Returns the points of the checks that a submission reaches."""
    if submission is None or submission.status != SubmissionStatus.SCORED:
        return 0
    results = submission.results(assignment)
    return sum(check.points for check, result in zip(assignment.checks, results, strict=True) if result.reached)


def grade_of(assignment: Assignment, submission: Submission | None) -> float:
    """Returns the points of a submission in percent of all."""
    return FULL_GRADE * points_of(assignment, submission) / assignment.points if assignment.points else FULL_GRADE


def _best(assignment: Assignment, submissions: Sequence[Submission]) -> Submission | None:
    """Returns the scored submission with the most points, then the highest validation accuracy, then the first."""
    scored = [each for each in submissions if each.status == SubmissionStatus.SCORED]

    def merit(submission: Submission) -> tuple[int, float]:
        accuracy = submission.validation.accuracy.share if submission.validation else 0.0
        return points_of(assignment, submission), accuracy

    return max(scored, key=merit, default=None)
