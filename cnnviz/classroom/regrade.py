"""Results computed again from files: signed zips of submissions, or zips of runs that students have taken home."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import PurePath

from cnnviz.architecture import Architecture
from cnnviz.classroom.assignment import Assignment
from cnnviz.classroom.checks import CheckResult
from cnnviz.classroom.hidden_test import HiddenTest
from cnnviz.classroom.ladder import Climb
from cnnviz.classroom.measure import Measurement, measure
from cnnviz.classroom.signed_zip import Signature, SubmissionRecord, is_submission_zip, read_submission
from cnnviz.classroom.standing import FULL_GRADE
from cnnviz.classroom.work import Accuracy
from cnnviz.data.dataset import Dataset
from cnnviz.errors import CnnvizError, DataError
from cnnviz.settings import Settings
from cnnviz.takehome.unpack import unpack
from cnnviz.training.config import TrainConfig


@dataclass(frozen=True)
class Regrade:
    """What came of one file."""

    file: str
    name: str = ""
    record: SubmissionRecord | None = None
    """What the server has noted of it; None for the zip of a run, and for a file that cannot be read."""
    signature: Signature = Signature.MISSING
    validation: Accuracy | None = None
    hidden: Accuracy | None = None
    """The score on the hidden test after this submission and those of the same student before it."""
    labels: tuple[str, ...] = ()
    results: tuple[CheckResult, ...] = ()
    percent: float = 0.0
    problem: str = ""
    """Why it has no result."""

    @property
    def is_late(self) -> bool:
        """Whether it was handed in after the student's deadline."""
        return (
            self.record is not None
            and self.record.deadline is not None
            and (self.record.submitted > self.record.deadline)
        )

    @property
    def differs(self) -> tuple[str, ...]:
        """The checks of which the server has shown another result."""
        if self.record is None:
            return ()
        shown = {result.check: result.reached for result in self.record.results}
        pairs = zip(self.labels, self.results, strict=True)
        return tuple(label for label, result in pairs if shown.get(label, result.reached) != result.reached)


@dataclass(frozen=True, eq=False)
class _Measured:
    """A file that has been read, and its net tried."""

    file: str
    name: str
    assignment: Assignment
    architecture: Architecture
    config: TrainConfig
    measurement: Measurement
    record: SubmissionRecord | None = None
    signature: Signature = Signature.MISSING

    @property
    def student(self) -> str:
        return self.record.student if self.record else self.file

    @property
    def order(self) -> tuple[float, str]:
        """What sorts the submissions of a student as they were handed in."""
        return (self.record.submitted.timestamp(), self.record.id) if self.record else (0.0, self.file)


@dataclass(frozen=True)
class Grader:
    """Grades files; what comes of each does not depend on their order."""

    limits: Settings
    find_dataset: Callable[[str], Dataset]
    """Returns the data set of a name."""
    assignment: Assignment | None = None
    """The assignment of zips that are runs; those of submissions bring their own."""
    hidden: Callable[[Dataset], HiddenTest] | None = None
    """Returns the hidden test for nets that have learned a data set."""
    key: bytes | None = None
    """The server's key for signatures."""

    def grade(self, files: Iterable[tuple[str, Callable[[], bytes]]]) -> tuple[Regrade, ...]:
        """Returns what comes of each file, by name; one that cannot be read has a sentence that says why."""
        problems: list[Regrade] = []
        measured: list[_Measured] = []
        for file, read in sorted(files, key=lambda pair: pair[0]):
            try:
                measured.append(self._measure(file, read()))
            except CnnvizError as error:
                problems.append(Regrade(file, problem=str(error)))
        shown = _hidden_scores(measured)
        graded = [_judge(each, shown.get(each.file)) for each in measured]
        return tuple(sorted((*problems, *graded), key=lambda each: each.file))

    def _measure(self, file: str, content: bytes) -> _Measured:
        if is_submission_zip(content, self.limits):
            signed = read_submission(content, self.limits, self.key)
            measurement = self._try(signed.architecture, signed.config, signed.weights, signed.assignment)
            return _Measured(
                file,
                signed.record.name,
                signed.assignment,
                signed.architecture,
                signed.config,
                measurement,
                signed.record,
                signed.signature,
            )
        if self.assignment is None:
            raise DataError("This is the zip of a run, which does not say for which assignment. Name it: --assignment.")
        archive = unpack(content, self.limits)
        if archive.weights is None:
            raise DataError("This zip has no weights, so nothing can be measured. Train the net, and take that home.")
        measurement = self._try(archive.architecture, archive.config, archive.weights, self.assignment)
        name = PurePath(file).stem
        return _Measured(file, name, self.assignment, archive.architecture, archive.config, measurement)

    def _try(
        self, architecture: Architecture, config: TrainConfig, weights: bytes, assignment: Assignment
    ) -> Measurement:
        assignment.check_work(assignment.work(architecture, config))
        dataset = self.find_dataset(config.dataset)
        return measure(architecture, config, weights, dataset, self.hidden(dataset) if self.hidden else None)


def _hidden_scores(measured: Sequence[_Measured]) -> dict[str, Accuracy]:
    """Returns the score on the hidden test after each file, as the leaderboard would have shown it."""
    by_student: defaultdict[tuple[str, str], list[_Measured]] = defaultdict(list)
    for each in measured:
        by_student[each.student, each.record.assignment if each.record else ""].append(each)
    scores = {}
    for submissions in by_student.values():
        way: Climb | None = None
        for each in sorted(submissions, key=lambda one: one.order):
            if (net := each.measurement.hidden) is not None:
                way = way.tried(net) if way else Climb(net)
                scores[each.file] = way.score
    return scores


def _judge(each: _Measured, hidden: Accuracy | None) -> Regrade:
    assignment, validation = each.assignment, each.measurement.validation.accuracy
    results = assignment.results(assignment.work(each.architecture, each.config, validation, hidden))
    reached = sum(check.points for check, result in zip(assignment.checks, results, strict=True) if result.reached)
    return Regrade(
        file=each.file,
        name=each.name,
        record=each.record,
        signature=each.signature,
        validation=validation,
        hidden=hidden,
        labels=tuple(check.label for check in assignment.checks),
        results=results,
        percent=FULL_GRADE * reached / assignment.points if assignment.points else FULL_GRADE,
    )
