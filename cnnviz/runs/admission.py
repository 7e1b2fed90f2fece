"""The runs that take turns on a device, and which may join them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from cnnviz.architecture import training_bytes
from cnnviz.runs.run import Run
from cnnviz.training.point import Point

PointKey = tuple[int, str, str]
"""Step, split and metric of a point."""


@dataclass(eq=False)
class Turn:
    """A run that is in turn on a device."""

    run: Run
    estimated_bytes: int
    """Bytes, as estimated before it began."""
    steps_done: int = 0
    """Steps that were done at the end of its last turn."""
    last_reported_step: int = 0
    """The last step that it has reported a point of."""
    steps: int = 0
    seconds: float = 0.0
    """Time that the device has worked for it."""
    reported_points: set[PointKey] = field(default_factory=set)
    """Points that it will report again, as it goes on from a checkpoint."""

    @property
    def seconds_left(self) -> float | None:
        """Seconds that the device has to work for it yet; None before it has done a step."""
        return (
            self.seconds / self.steps_done * (self.steps - self.steps_done) if self.steps_done and self.steps else None
        )

    def unreported(self, points: Sequence[Point]) -> list[Point]:
        """Those that it had not reported before it was interrupted."""
        return [point for point in points if (point.step, point.split, point.metric) not in self.reported_points]


class MemoryBudget:
    """Memory of a device, shared by the runs in turn: estimated before a run begins, measured while it trains."""

    def __init__(self) -> None:
        self.max_bytes = 0
        """Bytes for all runs together."""
        self._idle_bytes = 0
        self._overuse_factor = 1.0

    def reset(self, max_bytes: int, idle_bytes: int) -> None:
        """A worker is there: it may take so much, and takes so much without any run."""
        self.max_bytes, self._idle_bytes, self._overuse_factor = max_bytes, idle_bytes, 1.0

    def fits(self, estimated_bytes: int, others: Iterable[Turn]) -> bool:
        """Whether a run that needs so much can join the others; one alone always may."""
        estimates = [turn.estimated_bytes for turn in others]
        if not estimates:
            self._overuse_factor = 1.0
        return not estimates or (sum(estimates) + estimated_bytes) * self._overuse_factor <= self.max_bytes

    def note_overuse(self, used_bytes: int, turns: Iterable[Turn]) -> bool:
        """Whether what the worker really takes is too much for so many runs, which is remembered."""
        estimates = [turn.estimated_bytes for turn in turns]
        excess = used_bytes - self._idle_bytes
        if len(estimates) < 2 or excess <= self.max_bytes:
            return False
        self._overuse_factor = max(self._overuse_factor, excess / max(sum(estimates), 1))
        return True


class CrashRecord:
    """In whose turns workers have died, and whether it happened there before without any progress between."""

    def __init__(self) -> None:
        self._crash_steps: dict[str, int] = {}

    def record_crash(self, turn: Turn) -> bool:
        """Note a death in a run's turn; whether it had got no further since the last one."""
        previous_step = self._crash_steps.get(turn.run.id, -1)
        self._crash_steps[turn.run.id] = max(previous_step, turn.last_reported_step)
        return turn.last_reported_step <= previous_step

    def forget(self, run_id: str) -> None:
        """The run has ended."""
        self._crash_steps.pop(run_id, None)


def estimate_memory(run: Run) -> int:
    """Bytes that training it takes, as estimated from its design."""
    return training_bytes(run.architecture, run.config.batch_size)


def seconds_until_end(turns: Iterable[Turn], run_id: str) -> float | None:
    """Seconds until a run that is in turn will have ended, if all in turn share the device alike; None if unknown.

    A run with less work than this one delays it by all of that, one with more by as much as this one's own.
    """
    seconds_left = {turn.run.id: turn.seconds_left for turn in turns}
    own_left = seconds_left.get(run_id)
    return (
        None
        if own_left is None
        else sum(min(own_left if left is None else left, own_left) for left in seconds_left.values())
    )


def seconds_until_turn(turns: Iterable[Turn], runs_ahead: int) -> float | None:
    """Seconds until a run that waits with so many ahead of it gets its turn; None if unknown.

    Each of them takes the place of one in turn that ends.
    """
    turns = list(turns)
    ends = sorted(end for turn in turns if (end := seconds_until_end(turns, turn.run.id)) is not None)
    if not ends:
        return None
    rounds, position = divmod(runs_ahead, len(ends))
    return ends[position] + rounds * ends[-1]
