"""What a teacher sees of each student's runs."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnnviz.runs.class_overview import REPEATED_ERRORS, STUCK_RUNS, RunRow, class_overview
from cnnviz.runs.run import ACTIVE_STATUSES, Status
from tests.designs import ANNA, BERT


def rows_of(owner: str, *runs: tuple[Status, float | None, str]) -> list[RunRow]:
    return [
        RunRow(
            owner,
            f"{owner}-{i}",
            float(i),
            i + 0.5 if status not in ACTIVE_STATUSES else None,
            status,
            text,
            "words",
            best,
        )
        for i, (status, best, text) in enumerate(runs)
    ]


def done(accuracy: float) -> tuple[Status, float | None, str]:
    return Status.DONE, accuracy, ""


def failed(message: str) -> tuple[Status, float | None, str]:
    return Status.FAILED, None, message


def test_a_student_has_the_best_of_all_runs() -> None:
    rows = rows_of(ANNA, done(0.5), done(0.8), done(0.7), (Status.RUNNING, 0.3, "")) + rows_of(BERT, failed("no"))
    anna, bert = class_overview(rows).values()
    assert (anna.best_accuracy, anna.best_run, anna.runs, anna.active) == (0.8, f"{ANNA}-1", 4, 1)
    assert (anna.runs_without_gain, anna.last_sign, anna.is_stuck) == (1, 3.0, False)
    assert (bert.best_accuracy, bert.best_run, bert.last_sign, bert.is_stuck) == (None, None, 0.5, False)


@pytest.mark.parametrize("later", range(STUCK_RUNS + 2))
def test_runs_without_a_better_one_make_stuck(later: int) -> None:
    rows = rows_of(ANNA, done(0.8), *[done(0.8)] * later, (Status.QUEUED, None, ""))
    work = class_overview(rows)[ANNA]
    assert work.is_stuck == (later >= STUCK_RUNS)
    assert bool(work.stuck_reason) == work.is_stuck


@pytest.mark.parametrize(
    ("messages", "stuck"),
    [(["a"] * REPEATED_ERRORS, True), (["a"] * (REPEATED_ERRORS - 1), False), (["a", "b", "a"], False)],
)
def test_the_same_failure_again_and_again_makes_stuck(messages: list[str], stuck: bool) -> None:
    work = class_overview(rows_of(ANNA, *map(failed, messages)))[ANNA]
    assert work.is_stuck == stuck
    assert ("a" in work.stuck_reason) == stuck
    better_since = class_overview(rows_of(ANNA, *map(failed, messages), done(0.1)))[ANNA]
    assert not better_since.is_stuck


@given(
    st.lists(st.tuples(st.sampled_from(Status), st.none() | st.floats(0, 1), st.sampled_from(["", "x"])), min_size=1)
)
def test_any_runs_add_up(runs: list[tuple[Status, float | None, str]]) -> None:
    work = class_overview(rows_of(ANNA, *runs))[ANNA]
    assert work.runs == len(runs)
    assert work.active == sum(status in ACTIVE_STATUSES for status, _, _ in runs)
    assert work.best_accuracy == max((accuracy for _, accuracy, _ in runs if accuracy is not None), default=None)
    assert bool(work.stuck_reason) == work.is_stuck
