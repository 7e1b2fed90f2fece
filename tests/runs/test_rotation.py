"""Which runs share the memory of a device, played through with a clock of the tests and endless runs."""

from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cnnviz.runs import rotation as module
from cnnviz.runs.admission import Turn
from cnnviz.runs.rotation import SLICE_SECONDS, Rotation
from cnnviz.runs.run import LR_FINDER_RUN
from tests.designs import make_run

BUDGET, TICK = 10, 0.25


class Simulation:
    """A device whose runs in turn share its time equally, and all of which need the memory that the test says."""

    def __init__(
        self,
        monkeypatch: pytest.MonkeyPatch,
        *,
        max_running_runs: int = 100,
        comes_first: Callable[[str], bool] = lambda run_id: False,
    ) -> None:
        self.now = 0.0
        self.first_turns: dict[str, float] = {}
        self.swaps = 0
        self._sizes: dict[str, int] = {}
        monkeypatch.setattr(module, "estimate_memory", lambda run: self._sizes[run.id])
        self.rotation = Rotation(max_running_runs, lambda: self.now, comes_first)
        self.rotation.memory.reset(BUDGET, 0)

    def add(self, size: int, owner: str = "", stack: str = "", **values: object) -> str:
        run = make_run(owner or f"owner of run {len(self._sizes)}", **values)
        self._sizes[run.id] = size
        self.rotation.add(run, stack)
        self._begin()
        return run.id

    def play(self, seconds: float, each_tick: Callable[[], None] = lambda: None) -> None:
        end = self.now + seconds
        while self.now < end:
            self.now += TICK
            turns = list(self.rotation.turns.values())
            for turn in turns:
                seconds_of_run = turn.seconds + TICK / len(turns)
                self.rotation.note_progress(turn, turn.steps_done + 1, seconds_of_run, used_bytes=0)
            for turn in self.rotation.to_set_aside():
                self.rotation.set_aside(turn.run.id)
                self.swaps += 1
            self._begin()
            each_tick()
            taken = sum(self._sizes[run_id] for run_id in self.rotation.turns)
            assert taken <= BUDGET or len(self.rotation.turns) == 1

    def seconds(self, run_id: str) -> float:
        return next(turn.seconds for turn in self._all() if turn.run.id == run_id)

    def _all(self) -> list[Turn]:
        return [*self.rotation.turns.values(), *self.rotation.waiting]

    def _begin(self) -> None:
        while turn := self.rotation.next_to_begin():
            self.rotation.begin(turn.run.id)
            self.first_turns.setdefault(turn.run.id, self.now)


@pytest.fixture
def simulation(monkeypatch: pytest.MonkeyPatch) -> Simulation:
    return Simulation(monkeypatch)


def test_a_small_run_passes_a_large_one_that_waits_for_memory(simulation: Simulation) -> None:
    first, large, small = simulation.add(7), simulation.add(9), simulation.add(3)
    assert list(simulation.rotation.turns) == [first, small]
    assert [turn.run.id for turn in simulation.rotation.waiting] == [large]


def test_two_large_runs_and_many_small_ones_begin_soon_and_get_the_same_share(simulation: Simulation) -> None:
    large, more = simulation.add(10), simulation.add(10)
    small = [simulation.add(0 if number < 10 else 1) for number in range(20)]
    simulation.play(4 * SLICE_SECONDS)
    assert simulation.first_turns.keys() == {large, more, *small}
    simulation.play(600)
    fair = simulation.now / 22
    assert [simulation.seconds(run_id) for run_id in (large, more, *small)] == pytest.approx([fair] * 22, rel=0.2)


def test_a_large_run_is_not_starved_by_small_ones_that_keep_coming(simulation: Simulation) -> None:
    small = [simulation.add(3) for _ in range(3)]
    large = simulation.add(10)

    def replace_oldest() -> None:
        if simulation.now % 2 == 0:
            simulation.rotation.remove(small.pop(0))
            small.append(simulation.add(3))

    simulation.play(300, replace_oldest)
    assert simulation.first_turns[large] <= 2 * SLICE_SECONDS
    assert simulation.seconds(large) >= 0.8 * 300 / 4


def test_no_more_are_set_aside_than_have_to_be(simulation: Simulation) -> None:
    first, *others = (simulation.add(size) for size in (6, 1, 1, 1, 1))
    large = simulation.add(5)
    simulation.play(SLICE_SECONDS + TICK)
    assert simulation.rotation.turns.keys() == {large, *others}
    assert [turn.run.id for turn in simulation.rotation.waiting] == [first]


def test_a_learning_rate_search_gets_the_same_share_as_a_training(simulation: Simulation) -> None:
    finder = simulation.add(8, kind=LR_FINDER_RUN)
    large = simulation.add(8)
    simulation.play(100)
    assert simulation.seconds(finder) == pytest.approx(50, abs=SLICE_SECONDS)
    assert simulation.seconds(large) == pytest.approx(50, abs=SLICE_SECONDS)
    simulation.rotation.remove(finder)
    simulation.play(TICK)
    assert list(simulation.rotation.turns) == [large]


def test_a_run_that_comes_late_is_owed_nothing(simulation: Simulation) -> None:
    first = simulation.add(10)
    simulation.play(1000)
    late = simulation.add(10)
    simulation.play(100)
    assert simulation.seconds(late) == pytest.approx(50, abs=SLICE_SECONDS)
    assert simulation.seconds(first) == pytest.approx(1050, abs=SLICE_SECONDS)


def test_a_run_held_for_its_owner_is_owed_nothing_for_that_time(monkeypatch: pytest.MonkeyPatch) -> None:
    simulation = Simulation(monkeypatch, max_running_runs=1)
    first, second = simulation.add(4, "anna"), simulation.add(10, "anna")
    other = simulation.add(4, "bert")
    simulation.play(1000)
    simulation.rotation.remove(first)
    before = simulation.seconds(other)
    simulation.play(100)
    assert simulation.seconds(second) == pytest.approx(50, abs=2 * SLICE_SECONDS)
    assert simulation.seconds(other) - before == pytest.approx(50, abs=2 * SLICE_SECONDS)


def test_seeds_of_one_run_are_trained_one_after_another(simulation: Simulation) -> None:
    seeds = [simulation.add(1, "anna", seed_group="first") for _ in range(3)]
    other, another = simulation.add(1, "anna"), simulation.add(1, "anna", seed_group="second")
    assert list(simulation.rotation.turns) == [seeds[0], other, another]
    assert [turn.run.id for turn in simulation.rotation.held] == seeds[1:]
    for done, seed in enumerate(seeds):
        assert [run_id for run_id in simulation.rotation.turns if run_id in seeds] == [seed]
        simulation.rotation.remove(seed)
        simulation.play(TICK)
        assert [turn.run.id for turn in simulation.rotation.held] == seeds[done + 2 :]


def test_seeds_that_train_in_one_pass_begin_together_and_count_as_one(monkeypatch: pytest.MonkeyPatch) -> None:
    simulation = Simulation(monkeypatch, max_running_runs=2)
    seeds = [simulation.add(1, "anna", "first", seed_group="first") for _ in range(3)]
    other, another = simulation.add(1, "anna"), simulation.add(1, "anna")
    late, alone = (simulation.add(1, "anna", stack, seed_group="first") for stack in ("first", ""))
    assert list(simulation.rotation.turns) == [*seeds, other, late]
    assert [turn.run.id for turn in simulation.rotation.held] == [another, alone]
    for seed in (*seeds, late):
        simulation.rotation.remove(seed)
    simulation.play(TICK)
    assert list(simulation.rotation.turns) == [other, another]


def test_a_seed_for_which_there_is_no_memory_joins_the_others_later(simulation: Simulation) -> None:
    seeds = [simulation.add(4, "anna", "first", seed_group="first") for _ in range(3)]
    assert list(simulation.rotation.turns) == seeds[:2]
    simulation.rotation.remove(seeds[0])
    simulation.play(TICK)
    assert list(simulation.rotation.turns) == seeds[1:]


def test_learning_rate_searches_that_keep_coming_do_not_keep_a_large_run_out(simulation: Simulation) -> None:
    finders = [simulation.add(3, kind=LR_FINDER_RUN) for _ in range(2)]
    large = simulation.add(9)

    def next_finder() -> None:
        if simulation.now % 2 == 0 and finders:
            simulation.rotation.remove(finders.pop(0))
            finders.append(simulation.add(3, kind=LR_FINDER_RUN))

    simulation.play(30, next_finder)
    assert large in simulation.first_turns


def test_a_run_set_aside_keeps_its_place_among_those_of_its_owner(monkeypatch: pytest.MonkeyPatch) -> None:
    simulation = Simulation(monkeypatch, max_running_runs=1)
    large, second = simulation.add(10, "anna"), simulation.add(1, "anna")
    other = simulation.add(10, "bert")
    simulation.play(100)
    assert second not in simulation.first_turns
    assert simulation.seconds(large) == pytest.approx(simulation.seconds(other), abs=2 * SLICE_SECONDS)


@settings(max_examples=40, suppress_health_check=list(HealthCheck))
@given(st.lists(st.integers(0, BUDGET + 2), min_size=2, max_size=8))
def test_whatever_memory_runs_need_all_get_the_same_time_where_not_all_fit(sizes: list[int]) -> None:
    with pytest.MonkeyPatch.context() as monkeypatch:
        simulation = Simulation(monkeypatch)
        runs = [simulation.add(size) for size in sizes]
        simulation.play(300)
        seconds = [simulation.seconds(run_id) for run_id in runs]
        assert sum(seconds) == pytest.approx(simulation.now)
        assert max(seconds) - min(seconds) <= 3 * SLICE_SECONDS
        assert simulation.swaps <= len(runs) * simulation.now / SLICE_SECONDS
        assert sum(sizes) > BUDGET or not simulation.swaps


def test_a_run_that_is_moved_up_begins_before_all_that_wait_and_whatever_else_its_owner_has(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    simulation = Simulation(monkeypatch, max_running_runs=1)
    running = [simulation.add(BUDGET // 2, "Anna"), simulation.add(BUDGET // 2, "Bert")]
    waiting = [simulation.add(BUDGET // 2, f"owner {i}") for i in range(6)]
    held = simulation.add(BUDGET // 2, "Anna")
    simulation.rotation.move_up(held)
    simulation.play(SLICE_SECONDS + TICK)
    assert [*simulation.first_turns][:3] == [*running, held]
    assert [turn.run.id for turn in simulation.rotation.held] == []
    simulation.play(60)
    assert simulation.first_turns.keys() == {*running, *waiting, held}  # and nobody is starved by it
    shares = [simulation.seconds(run_id) for run_id in (*running, *waiting, held)]
    assert max(shares) - min(shares) <= 2 * SLICE_SECONDS


def test_a_run_of_the_lesson_makes_room_for_none_and_is_one_of_all_afterwards(monkeypatch: pytest.MonkeyPatch) -> None:
    first: set[str] = set()
    simulation = Simulation(monkeypatch, comes_first=first.__contains__)
    one, shown, other = (simulation.add(BUDGET) for _ in range(3))
    simulation.play(1)
    first.add(shown)  # which has not begun
    simulation.play(6 * SLICE_SECONDS)
    assert list(simulation.rotation.turns) == [shown]
    assert simulation.seconds(shown) >= 5 * SLICE_SECONDS
    assert simulation.rotation.not_begun[0].run.id == other
    before = {run_id: simulation.seconds(run_id) for run_id in (one, shown, other)}
    first.clear()
    simulation.play(12 * SLICE_SECONDS)
    gained = [simulation.seconds(run_id) - had for run_id, had in before.items()]
    assert max(gained) - min(gained) <= 2 * SLICE_SECONDS  # nothing is held against it


def test_a_run_that_is_moved_back_waits_as_the_others_do(simulation: Simulation) -> None:
    _, waiting, moved = (simulation.add(BUDGET) for _ in range(3))
    simulation.rotation.move_up(moved)
    simulation.rotation.move_back(moved)
    assert [turn.run.id for turn in simulation.rotation.waiting] == [waiting, moved]


def test_moving_up_changes_nothing_for_what_is_in_turn_or_not_here(simulation: Simulation) -> None:
    one = simulation.add(BUDGET)
    before = vars(simulation.rotation.turns[one]).copy()
    for run_id in (one, "elsewhere"):
        simulation.rotation.move_up(run_id)
    assert vars(simulation.rotation.turns[one]) == before
