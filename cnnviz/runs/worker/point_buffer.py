"""Points on their way out of a worker."""

from collections.abc import Callable, Sequence

from cnnviz.training.point import Point
from cnnviz.training.throttle import POINTS_INTERVAL_SECONDS, Throttle


class PointBuffer:
    """Gathers points and hands them on in one message every tenth of a second."""

    def __init__(self, send: Callable[[Sequence[Point]], None]) -> None:
        self._say = send
        self._waiting: list[Point] = []
        self._throttle = Throttle(POINTS_INTERVAL_SECONDS)

    def add(self, points: Sequence[Point]) -> None:
        """Take points; pass them on when it is time."""
        self._waiting += points
        if self._throttle.is_due():
            self.flush()

    def flush(self) -> None:
        """Pass on all that waits."""
        if self._waiting:
            self._say(self._waiting)
        self._waiting = []
        self._throttle.restart()
