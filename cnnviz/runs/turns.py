"""The runs that take turns on a device, and which may join them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from cnnviz.architecture import training_bytes
from cnnviz.runs.run import Run
from cnnviz.training.point import Point

Key = tuple[int, str, str]
"""Step, split and metric of a point."""


@dataclass(eq=False)
class Turn:
    """A run that is in turn on a device."""

    run: Run
    needs: int
    """Bytes, as estimated before it began."""
    step: int = 0
    """Steps that were done at the end of its last turn."""
    reached: int = 0
    """The last step that it has reported a point of."""
    steps: int = 0
    seconds: float = 0.0
    """Time that the device has worked for it."""
    known: set[Key] = field(default_factory=set)
    """Points that it will report again, as it goes on from a checkpoint."""

    @property
    def left(self) -> float | None:
        """Seconds that the device has to work for it yet; None before it has done a step."""
        return self.seconds / self.step * (self.steps - self.step) if self.step and self.steps else None

    def new(self, points: Sequence[Point]) -> list[Point]:
        """Those that it had not reported before it was interrupted."""
        return [point for point in points if (point.step, point.split, point.metric) not in self.known]


class Room:
    """Memory of a device, shared by the runs in turn: estimated before a run begins, measured while it trains."""

    def __init__(self) -> None:
        self.most = 0
        """Bytes for all runs together."""
        self._idle = 0
        self._factor = 1.0

    def open(self, most: int, idle: int) -> None:
        """A worker is there: it may take so much, and takes so much without any run."""
        self.most, self._idle, self._factor = most, idle, 1.0

    def fits(self, needs: int, others: Iterable[Turn]) -> bool:
        """Whether a run that needs so much can join the others; one alone always may."""
        taken = [turn.needs for turn in others]
        if not taken:
            self._factor = 1.0
        return not taken or (sum(taken) + needs) * self._factor <= self.most

    def crowded(self, taken: int, turns: Iterable[Turn]) -> bool:
        """Whether what the worker really takes is too much for so many runs, which is remembered."""
        estimates = [turn.needs for turn in turns]
        excess = taken - self._idle
        if len(estimates) < 2 or excess <= self.most:
            return False
        self._factor = max(self._factor, excess / max(sum(estimates), 1))
        return True


class Blame:
    """In whose turns workers have died, and whether it happened there before without any progress between."""

    def __init__(self) -> None:
        self._reached: dict[str, int] = {}

    def again(self, turn: Turn) -> bool:
        """Note a death in a run's turn; whether it had got no further since the last one."""
        before = self._reached.get(turn.run.id, -1)
        self._reached[turn.run.id] = max(before, turn.reached)
        return turn.reached <= before

    def forget(self, run_id: str) -> None:
        """The run has ended."""
        self._reached.pop(run_id, None)


def needs(run: Run) -> int:
    """Bytes that training it takes, as estimated from its design."""
    return training_bytes(run.architecture, run.config.batch_size)


def forecast(turns: Iterable[Turn], run_id: str) -> float | None:
    """Seconds until a run that is in turn will have ended, if all in turn share the device alike; None if unknown.

    A run with less work than this one delays it by all of that, one with more by as much as this one's own.
    """
    lefts = {turn.run.id: turn.left for turn in turns}
    own = lefts.get(run_id)
    return None if own is None else sum(min(own if left is None else left, own) for left in lefts.values())


def wait(turns: Iterable[Turn], ahead: int) -> float | None:
    """Seconds until a run that waits with so many ahead of it gets its turn; None if unknown.

    Each of them takes the place of one in turn that ends.
    """
    turns = list(turns)
    ends = sorted(end for turn in turns if (end := forecast(turns, turn.run.id)) is not None)
    if not ends:
        return None
    rounds, place = divmod(ahead, len(ends))
    return ends[place] + rounds * ends[-1]
