"""What counts: allowances, deadlines and extensions, the state at the deadline, the item table."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnnviz.classroom.assignment import Assignment, AssignmentError
from cnnviz.classroom.built_in import LAB
from cnnviz.classroom.checks import Parameters, ValidationAccuracy
from cnnviz.classroom.item_table import class_confusion, item_table
from cnnviz.classroom.standing import Extension, allowance, deadline_of, grade_of, standing
from cnnviz.classroom.submission import ConfusedCell, Submission, SubmissionStatus, ValidationResult
from cnnviz.classroom.work import Accuracy
from tests.designs import ANNA, BERT

HOUR = 3600.0
DEADLINE = datetime(2030, 5, 1, 12, tzinfo=UTC)
TASK = LAB.changed(deadline=DEADLINE, checks=(ValidationAccuracy(at_least=0.9), Parameters(at_most=100_000, points=3)))


def made(at: float, correct: int = 90, owner: str = ANNA, **values: object) -> Submission:
    result = ValidationResult(
        accuracy=Accuracy(correct=correct, samples=100),
        classes=("up", "down"),
        cells=(ConfusedCell(true_class=0, predicted_class=1, count=100 - correct),) if correct < 100 else (),
    )
    start = Submission(
        id=f"{at:032.0f}",
        assignment="a" * 32,
        owner=owner,
        name="Anna",
        run="r" * 32,
        submitted=at,
        architecture=LAB.design,
        config=LAB.config,
        weights_digest="",
        status=SubmissionStatus.SCORED,
        validation=result,
    )
    return replace(start, **values)  # type: ignore[arg-type]


times = st.lists(st.floats(0, 4 * HOUR), max_size=12)


@given(times, st.integers(1, 5), st.floats(0, 5 * HOUR))
def test_what_is_left_is_told_and_becomes_free_when_it_says(submitted: list[float], per_hour: int, now: float) -> None:
    """The oracle counts; and a moment after `next_at`, one more is left than just before."""
    task = LAB.changed(submissions_per_hour=per_hour)
    earlier = [made(at) for at in submitted if at <= now]
    found = allowance(task, earlier, now)
    recent = [each for each in earlier if each.submitted > now - HOUR]
    assert found.left == max(per_hour - len(recent), 0)
    assert (found.next_at is None) == (not recent)
    if found.next_at is not None:
        assert now < found.next_at <= now + HOUR
        assert allowance(task, earlier, found.next_at + 1).left > 0


def test_a_refused_submission_does_not_count() -> None:
    refused = [made(10.0 + number, status=SubmissionStatus.REFUSED) for number in range(9)]
    assert allowance(LAB, refused, 100.0).left == 4
    waiting = [made(10.0 + number, status=SubmissionStatus.WAITING) for number in range(4)]
    assert allowance(LAB, waiting, 100.0).left == 0


def test_an_extension_is_its_students_own_and_never_shortens() -> None:
    at = DEADLINE.timestamp()
    extensions = [Extension(ANNA, at + 2 * HOUR), Extension(ANNA, at - HOUR), Extension(BERT, at - HOUR)]
    assert deadline_of(TASK, extensions, ANNA) == at + 2 * HOUR
    assert deadline_of(TASK, extensions, BERT) == at
    assert deadline_of(LAB, extensions, ANNA) is None


@given(st.lists(st.tuples(st.floats(0, 100), st.integers(0, 100)), max_size=8), st.floats(0, 100))
def test_what_comes_later_never_changes_what_counted(handed_in: list[tuple[float, int]], deadline: float) -> None:
    every = [made(at, correct) for at, correct in handed_in]
    in_time = [each for each in every if each.submitted <= deadline]
    now = standing(TASK, every, deadline)
    assert now.at_deadline == standing(TASK, in_time, deadline).at_deadline
    assert grade_of(TASK, now.latest_best) >= grade_of(TASK, now.at_deadline)
    assert list(now.submissions) == sorted(every, key=lambda each: (each.submitted, each.id))


def test_the_grade_weighs_checks_by_their_points() -> None:
    assert grade_of(TASK, made(0, 90)) == 100.0
    assert grade_of(TASK, made(0, 89)) == 75.0
    assert grade_of(TASK, None) == 0.0
    assert grade_of(TASK, made(0, 90, status=SubmissionStatus.WAITING)) == 0.0


def test_an_assignment_takes_what_was_made_for_it() -> None:
    task = LAB.changed(max_epochs=20, max_parameters=100_000)
    task.check_work(task.work(LAB.design, LAB.config.changed(epochs=20)))
    for config, reason in (
        (LAB.config.changed(dataset="digits"), "data set “digits”"),
        (LAB.config.changed(split_kind="speaker", epochs=5), "split “speaker”"),
        (LAB.config.changed(epochs=21), "21 epochs; the assignment allows 20"),
    ):
        with pytest.raises(AssignmentError, match=reason):
            task.check_work(task.work(LAB.design, config))
    small = LAB.changed(max_parameters=10)
    with pytest.raises(AssignmentError, match="allows 10"):
        small.check_work(small.work(LAB.design, LAB.config))
    with pytest.raises(AssignmentError, match="does not fit"):
        LAB.check_work(LAB.work(LAB.design.update_layer(0, kernel_size=200), LAB.config))


def test_rules_stay_once_something_was_handed_in() -> None:
    LAB.check_change(LAB.changed(text="Hurry.", deadline=DEADLINE, submissions_per_hour=9))
    with pytest.raises(AssignmentError, match="checks cannot change"):
        LAB.check_change(LAB.changed(checks=(Parameters(),)))


def test_a_deadline_before_the_opening_is_refused() -> None:
    with pytest.raises(AssignmentError, match="deadline must come after"):
        TASK.changed(opens=DEADLINE)
    with pytest.raises(AssignmentError, match="JSON"):
        Assignment.from_json("{")


def test_the_item_table_says_who_and_how_long() -> None:
    begun = {ANNA: 0.0, BERT: 100.0}
    handed_in = [made(60, 80), made(120, 95), made(200, 85, BERT), made(260, 85, BERT), made(300, 70, BERT)]
    accuracy, parameters = item_table(TASK, handed_in, begun)
    assert accuracy.reached == (ANNA,)
    assert accuracy.tried == (ANNA, BERT)
    assert accuracy.median_seconds == 120
    assert accuracy.commonest_wrong_value == "0.700"  # one student each: the first in order
    assert accuracy.wrong == {BERT: "0.700"}
    assert parameters.reached == (ANNA, BERT)
    assert parameters.median_seconds == (60 + 100) / 2
    assert parameters.commonest_wrong_value == ""


def test_confusions_of_the_class_add_up() -> None:
    counts, classes = class_confusion([made(0, 90), made(1, 80, BERT)])
    assert classes == ("up", "down")
    assert counts.tolist() == [[0, 30], [0, 0]]
    assert class_confusion([])[0].shape == (0, 0)


@pytest.mark.parametrize(
    ("at", "status", "waits"),
    [
        (-1, SubmissionStatus.WAITING, True),
        (1, SubmissionStatus.WAITING, False),  # too late to count
        (-1, SubmissionStatus.SCORED, False),
        (-1, SubmissionStatus.REFUSED, False),
    ],
)
def test_what_counts_waits_for_what_was_handed_in_in_time(at: float, status: SubmissionStatus, waits: bool) -> None:
    deadline = DEADLINE.timestamp()
    found = standing(TASK, [made(deadline - HOUR), made(deadline + at, status=status)], deadline)
    assert found.is_waiting == waits
    assert not standing(TASK, [], None).is_waiting
