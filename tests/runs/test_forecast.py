"""What is told of the runs of a device, against what the words of it say, worked out run by run."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnnviz.runs.admission import Turn
from cnnviz.runs.forecast import Forecast
from tests.designs import make_run

WORK = st.lists(st.one_of(st.none(), st.integers(0, 20)), max_size=8)
"""Seconds of work that runs in turn have left; None where it is unknown."""


def turns_with(work: list[int | None]) -> list[Turn]:
    turns = [Turn(make_run(), 0) for _ in work]
    for turn, left in zip(turns, work, strict=True):
        if left is not None:  # one step a second
            turn.steps_done, turn.steps, turn.seconds = 5, 5 + left, 5.0
    return turns


def simulated_end(work: list[int | None], index: int) -> float:
    """When a run has ended if each in turn gets its share again and again, one that is unknown without an end."""
    own = work[index]
    assert own is not None
    return float(sum(min(own if left is None else left, own) for left in work))


@given(WORK, WORK, st.integers(0, 6), st.integers(0, 12))
def test_everything_is_what_it_would_be_run_by_run(
    own_work: list[int | None], work_of_others: list[int | None], held_count: int, waiting_count: int
) -> None:
    work = own_work + work_of_others
    begun = turns_with(work)
    for turn in begun[len(own_work) :]:
        turn.run = make_run("somebody else")
    held = [Turn(make_run(), 0) for _ in range(held_count)]
    waiting = [Turn(make_run(), 0) for _ in range(waiting_count)]
    forecast = Forecast.of(begun, waiting, held)
    ends = [None if left is None else simulated_end(work, index) for index, left in enumerate(work)]
    assert [forecast.seconds_left(turn.run.id) for turn in begun] == pytest.approx(ends)
    assert [forecast.places[turn.run.id] for turn in waiting] == list(range(waiting_count))
    assert [forecast.seconds_left(turn.run.id) for turn in waiting] == [None] * waiting_count
    known = sorted(end for end in ends[: len(own_work)] if end is not None)
    for number, turn in enumerate(held):
        rounds, position = divmod(number, len(known)) if known else (0, 0)
        expected = known[position] + rounds * known[-1] if known else None
        assert forecast.seconds_left(turn.run.id) == pytest.approx(expected)
    assert all(forecast.knows(turn.run.id) for turn in (*begun, *waiting, *held))
    assert forecast.seconds_left("another") is None
    assert not forecast.knows("another")


def test_a_seed_begins_when_the_one_before_it_ends() -> None:
    seed, other = turns_with([20, 5])
    seed.run = make_run(seed_group="first")
    held = [Turn(make_run(seed_group="first"), 0) for _ in range(2)]
    waits_for_any = Turn(make_run(), 0)
    forecast = Forecast.of([seed, other], [], [*held, waits_for_any])
    assert [forecast.seconds_left(turn.run.id) for turn in (*held, waits_for_any)] == [25, 50, 10]
