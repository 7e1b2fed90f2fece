"""The data of assignments: what a class gets of a teacher's data sets, and what is kept back for hidden tests."""

from dataclasses import dataclass

from cnnviz.classroom.assignment import Assignment, AssignmentError
from cnnviz.classroom.hidden_test import HiddenTests, as_hidden_test, split_off
from cnnviz.data import CLASS_OWNER, assignment_uploads, find_dataset, own_uploads
from cnnviz.data.content import Content
from cnnviz.data.dataset import Dataset
from cnnviz.data.uploads import UploadInfo
from cnnviz.identity.person import Person
from cnnviz.settings import Settings
from cnnviz.shapes import format_shape


@dataclass(frozen=True)
class HiddenSource:
    """From where the samples of a hidden test come: a data set of the teacher's."""

    dataset: str
    share: float | None = None
    """So large a share of it is split off, and the class gets the rest to learn from; None: all of it is the test, and
    the class learns from another data set."""


class AssignmentData:
    """Gives data sets of teachers to their class, and takes samples for hidden tests out of them."""

    def __init__(self, limits: Settings, hidden_tests: HiddenTests) -> None:
        self._limits, self._hidden_tests = limits, hidden_tests

    def give_to_class(
        self, teacher: Person, assignment_id: str, assignment: Assignment, hidden: HiddenSource | None
    ) -> Assignment:
        """Returns the assignment about what the class has: a copy of the teacher's own data set, if it is about one.

        A share that is to be hidden is split off before; raises DataError where the samples do not suffice.
        """
        if hidden and hidden.share is not None:
            dataset = self._own_dataset(teacher, hidden.dataset)
            rest, test = split_off(dataset.load_content(), hidden.share)
            self._hidden_tests.add(assignment_id, test)
            return self._copy(assignment, dataset, rest)
        own = own_uploads(self._limits).datasets_of(teacher.owner).get(assignment.config.dataset)
        return assignment if own is None else self._copy(assignment, own, own.load_content())

    def hide_all(self, teacher: Person, assignment_id: str, assignment: Assignment, name: str) -> None:
        """Makes a whole data set of the teacher's the hidden test, and takes it out of the teacher's data sets.

        Raises DataError where its samples or classes are none of the assignment's data set.
        """
        dataset = find_dataset(assignment.config.dataset, CLASS_OWNER)
        content = self._own_dataset(teacher, name).load_content()
        self._hidden_tests.add(assignment_id, as_hidden_test(content, dataset.shape, dataset.classes))
        own_uploads(self._limits).remove(teacher.owner, name)

    def _copy(self, assignment: Assignment, dataset: Dataset, content: Content) -> Assignment:
        about = UploadInfo(title=dataset.title, axes=dataset.axes, features=dataset.features)
        given = assignment_uploads(self._limits).add(CLASS_OWNER, content, about)
        return assignment.changed(config=assignment.config.changed(dataset=given.name))

    def _own_dataset(self, teacher: Person, name: str) -> Dataset:
        dataset = own_uploads(self._limits).datasets_of(teacher.owner).get(name)
        if dataset is None:
            raise AssignmentError("A hidden test is made of a data set of your own. Upload one on the Data page.")
        return dataset


def check_dataset(assignment: Assignment) -> None:
    """Raises AssignmentError where the starting design does not take the samples, or they cannot be split so."""
    dataset = find_dataset(assignment.config.dataset, CLASS_OWNER)
    if dataset.shape != assignment.design.input_shape:
        raise AssignmentError(
            f"The samples of “{dataset.title}” are {format_shape(dataset.shape)}; the starting design takes"
            f" {format_shape(assignment.design.input_shape)}. Choose a design for this data set."
        )
    if assignment.config.split_kind not in dataset.split_kinds:
        raise AssignmentError(
            f"“{dataset.title}” cannot be split “{assignment.config.split_kind}”. Choose another one."
        )
