"""Rotation: which runs share the memory of a device, and which wait until it is their turn."""

import time
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import chain, count

from cnnviz.runs.admission import MemoryBudget, Turn, estimate_memory
from cnnviz.runs.run import Run

SLICE_SECONDS = 5.0
"""Time that a run waits for memory before others make room for it, and that each of them has had before it does."""


class Rotation:
    """The runs of one device, each with the time that the device has worked for it: those served least come first.

    Runs that fit into the memory together are in turn together. A small run may pass a larger one that waits for
    memory, but not for long: after SLICE_SECONDS, those that were served more are to be set aside for it. Where not all
    fit, none gets further ahead of the least served than that. So all get the same share of the device in the long
    run, whatever memory they need. Those that a teacher has moved up are before all others and make room for none; the
    time that they have had so is not held against them later.
    """

    def __init__(
        self,
        max_running_runs: int,
        clock: Callable[[], float] = time.monotonic,
        comes_first: Callable[[str], bool] = lambda run_id: False,
    ) -> None:
        """`comes_first` takes the id of a run: whether it is before all others for the present, whatever it has had."""
        self.memory = MemoryBudget()
        self.turns: dict[str, Turn] = {}
        """Runs in turn, by id."""
        self._waiting: dict[str, Turn] = {}
        self._max_running_runs, self._clock, self._arrivals = max_running_runs, clock, count()
        self._comes_first = comes_first

    def __len__(self) -> int:
        return len(self.turns) + len(self._waiting)

    def __contains__(self, run_id: str) -> bool:
        return run_id in self.turns or run_id in self._waiting

    @property
    def waiting(self) -> list[Turn]:
        """Runs that wait, in the order in which they get a turn when there is room for all."""
        return sorted(self._waiting.copy().values(), key=self._precedence)

    @property
    def begun(self) -> list[Turn]:
        """Runs in turn, and those set aside until their next one."""
        return [*self.turns.copy().values(), *(turn for turn in self.waiting if turn.begun)]

    @property
    def not_begun(self) -> list[Turn]:
        """Runs that wait for their first turn and may have it, in that order."""
        held = self.held
        return [turn for turn in self.waiting if not turn.begun and turn not in held]

    @property
    def held(self) -> list[Turn]:
        """Waiting runs that must not begin before another of their owner has ended, in the order in which they came.

        The owner has as many begun as allowed, or another one of the same seeds that cannot train in one pass with it.
        """
        held = self._held()
        return [turn for turn in self.waiting if turn in held]

    def add(self, run: Run, stack: str = "") -> None:
        """Adds a run that waits for its first turn; it is owed nothing for the time before it came.

        Those of one `stack` train in one pass, so they begin together and count as one of their owner.
        """
        turn = Turn(run, estimate_memory(run), stack, next(self._arrivals), self._least_served(), self._clock())
        self._waiting[run.id] = turn

    def move_up(self, run_id: str) -> None:
        """Lets a run that waits for its first turn have it before all others, whatever else its owner has begun."""
        turn = self._waiting.get(run_id)
        if turn and not turn.begun:
            turn.is_first, turn.served_seconds = True, self._least_served()

    def move_back(self, run_id: str) -> None:
        """Has a run that was moved up before its first turn wait for it as the others do."""
        if turn := self._waiting.get(run_id):
            turn.is_first = False

    def remove(self, run_id: str) -> Turn | None:
        """Removes a run that has ended or is not to go on; returns it, or None if it is not here.

        The next one of its owner, if it had to wait for that, is owed nothing for the time until now.
        """
        held_before = self._held()
        turn = self.turns.pop(run_id, None) or self._waiting.pop(run_id, None)
        served = [other.served_seconds for other in self._contenders() if other not in held_before]
        least = min(served, default=turn.served_seconds if turn else 0.0)
        for held in held_before - self._held():
            held.served_seconds, held.since = max(held.served_seconds, least), self._clock()
        return turn

    def next_to_begin(self) -> Turn | None:
        """Returns the first waiting run for which there is room now, None where there is none or it is kept free."""
        for turn in self._candidates():
            if self.memory.fits(turn.estimated_bytes, self.turns.values()):
                return turn
            if self._is_due(turn):
                return None
        return None

    def begin(self, run_id: str) -> Turn:
        """Puts a waiting run in turn."""
        if not any(turn.begun for turn in chain(self.turns.values(), self._waiting.values())):
            self.memory.forget_overuse()
        turn = self.turns[run_id] = self._waiting[run_id]
        turn.since, turn.begun, turn.is_first = self._clock(), True, False
        del self._waiting[run_id]
        return turn

    def set_aside(self, run_id: str) -> None:
        """Lets a run in turn wait for its next turn."""
        turn = self._waiting[run_id] = self.turns[run_id]
        turn.since, turn.used_bytes = self._clock(), None
        del self.turns[run_id]

    def to_set_aside(self) -> list[Turn]:
        """Returns the runs in turn that are to make room: as few as will do, and those that are far ahead."""
        for waiting in self._candidates():
            if self._is_due(waiting) and not self.memory.fits(waiting.estimated_bytes, self.turns.values()):
                stay, leave = self._preceding(waiting), list[Turn]()
                for turn in sorted(set(self.turns.values()) - set(stay), key=self._precedence):
                    fits = self.memory.fits(waiting.estimated_bytes, [*stay, turn])
                    (stay if fits else leave).append(turn)
                return leave if all(self._has_had_slice(turn) for turn in leave) else []
        ahead = self._ahead()
        return [turn for turn in self.turns.values() if turn in ahead and self._has_had_slice(turn)]

    def note_progress(self, turn: Turn, step: int, seconds: float, used_bytes: int) -> None:
        """Notes the steps and the seconds of work that a run has had in all, and the memory that the worker takes."""
        turn.served_seconds += seconds - turn.seconds
        turn.steps_done, turn.seconds, turn.used_bytes = step, seconds, used_bytes
        if self._is_first(turn):
            others = (other.served_seconds for other in self._contenders() if not self._is_first(other))
            turn.served_seconds = min([turn.served_seconds, *others])

    def _held(self) -> set[Turn]:
        """Returns waiting runs whose owners have as many begun as allowed, or another one of the same seeds."""
        begun = self.begun
        begun_counts = Counter(owner for owner, _ in {(turn.run.owner, turn.stack or turn.run.id) for turn in begun})
        begun_seeds = {turn.run.seed_group for turn in begun} - {None}
        begun_stacks = {turn.stack for turn in begun} - {""}
        return {
            turn
            for turn in self._waiting.values()
            if not (turn.begun or self._is_first(turn))
            and turn.stack not in begun_stacks
            and (begun_counts[turn.run.owner] >= self._max_running_runs or turn.run.seed_group in begun_seeds)
        }

    def _contenders(self) -> list[Turn]:
        """Returns the runs that share the device, in turn or waiting: all but those held."""
        held = self._held()
        return [turn for turn in (*self.turns.values(), *self._waiting.values()) if turn not in held]

    def _least_served(self) -> float:
        return min((turn.served_seconds for turn in self._contenders()), default=0.0)

    def _ahead(self) -> set[Turn]:
        """Returns the runs that were served much more than the least served one, where not all fit."""
        contenders, limit = self._contenders(), self._least_served() + SLICE_SECONDS
        if self.memory.fits(0, contenders):
            return set()
        return {turn for turn in contenders if turn.served_seconds > limit and not self._is_first(turn)}

    def _candidates(self) -> Iterator[Turn]:
        """Yields the waiting runs that may begin, first those that are to begin first."""
        kept_back = self._held() | self._ahead()
        yield from (turn for turn in self.waiting if turn not in kept_back)

    def _has_had_slice(self, turn: Turn) -> bool:
        """Returns whether a run has been in turn, or waited, long enough for a change."""
        return self._clock() - turn.since >= SLICE_SECONDS

    def _is_due(self, waiting: Turn) -> bool:
        """Returns whether others are to make room: it has waited its time, and there is room beside those before it."""
        return self._has_had_slice(waiting) and self.memory.fits(waiting.estimated_bytes, self._preceding(waiting))

    def _preceding(self, waiting: Turn) -> list[Turn]:
        """Returns the runs in turn that need not make room, as they were served less."""
        return [turn for turn in self.turns.values() if self._precedence(turn) < self._precedence(waiting)]

    def _is_first(self, turn: Turn) -> bool:
        return turn.is_first or self._comes_first(turn.run.id)

    def _precedence(self, turn: Turn) -> tuple[bool, float, int]:
        return not self._is_first(turn), turn.served_seconds, turn.arrival
