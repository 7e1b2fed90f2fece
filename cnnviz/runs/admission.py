"""Admission of runs to a device: which ones take turns, and whether there is memory for another."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from cnnviz.architecture import training_bytes
from cnnviz.runs.run import Run
from cnnviz.training.point import Point

MEASURED_SECONDS = 1.0
"""Work after which it can be told how long the rest will take: the first steps are slower than the others."""
PointKey = tuple[int, str, str]
"""Step, split and metric of a point."""


@dataclass(eq=False)
class Turn:
    """A run that takes turns on a device with others, or waits until it can."""

    run: Run
    estimated_bytes: int
    """Memory that the run takes, estimated from its design."""
    stack: str = ""
    """Name of the runs with which it trains in one pass; empty where it trains alone."""
    arrival: int = 0
    """Number of runs that came to the device before it."""
    served_seconds: float = 0.0
    """Time that the device has worked for it here, and that of the least served run when it came."""
    since: float = 0.0
    """Time of a monotonic clock since which it is in turn, or waits."""
    is_first: bool = False
    """Whether a teacher has moved it up between two lessons: until its first turn it comes before all others."""
    begun: bool = False
    """Whether it has been in turn: it goes on from a checkpoint then."""
    steps_done: int = 0
    """Steps done at the end of its last turn."""
    last_reported_step: int = 0
    """Last step of which a point was reported."""
    steps: int = 0
    seconds: float = 0.0
    """Time that the device has worked for the run."""
    used_bytes: int | None = None
    """Memory that the worker took at the end of its last turn."""
    share: str = ""
    """Share of the device in which the worker gives it its turns."""
    note: str = ""
    """What the student should know of how the run went on."""
    reported_points: set[PointKey] = field(default_factory=set)
    """Points that the run reports again because it goes on from a checkpoint."""

    @property
    def seconds_left(self) -> float | None:
        """Seconds of work that are left; None before a second of it has shown how fast the steps are."""
        if not self.steps_done or not self.steps or self.seconds < MEASURED_SECONDS:
            return None
        return self.seconds / self.steps_done * (self.steps - self.steps_done)

    def unreported(self, points: Sequence[Point]) -> list[Point]:
        """Returns the points that were not reported before the run was interrupted."""
        return [point for point in points if (point.step, point.split, point.metric) not in self.reported_points]


class MemoryBudget:
    """Memory of a device that runs share: estimated before a run begins, measured while it trains."""

    def __init__(self) -> None:
        self.max_bytes = 0
        """Memory for all runs together."""
        self._idle_bytes = 0
        self._overuse_factor = 1.0

    def reset(self, max_bytes: int, idle_bytes: int) -> None:
        """Begins anew with a worker that may take `max_bytes` and takes `idle_bytes` without any run."""
        self.max_bytes, self._idle_bytes, self._overuse_factor = max_bytes, idle_bytes, 1.0

    def fits(self, estimated_bytes: int, others: Iterable[Turn]) -> bool:
        """Returns whether a run that needs so much can join the others; one alone always may."""
        estimates = [turn.estimated_bytes for turn in others]
        return not estimates or (sum(estimates) + estimated_bytes) * self._overuse_factor <= self.max_bytes

    def forget_overuse(self) -> None:
        """Trusts the estimates again: none of the runs that took more than estimated is in turn any more."""
        self._overuse_factor = 1.0

    def note_overuse(self, used_bytes: int, turns: Iterable[Turn]) -> bool:
        """Returns whether the worker takes more memory than it may; later estimates are raised accordingly."""
        estimates = [turn.estimated_bytes for turn in turns]
        excess = used_bytes - self._idle_bytes
        if len(estimates) < 2 or excess <= self.max_bytes:
            return False
        self._overuse_factor = max(self._overuse_factor, excess / max(sum(estimates), 1))
        return True


class CrashRecord:
    """Steps at which workers died, by the run whose turn it was."""

    def __init__(self) -> None:
        self._crash_steps: dict[str, int] = {}

    def record_crash(self, turn: Turn) -> bool:
        """Records a death in a run's turn; returns whether the run has made no progress since the one before."""
        previous_step = self._crash_steps.get(turn.run.id, -1)
        self._crash_steps[turn.run.id] = max(previous_step, turn.last_reported_step)
        return turn.last_reported_step <= previous_step

    def forget(self, run_id: str) -> None:
        """Forgets a run that has ended."""
        self._crash_steps.pop(run_id, None)


def estimate_memory(run: Run) -> int:
    """Returns the memory that training takes, estimated from the design of a run."""
    return training_bytes(run.architecture, run.config.batch_size)
