"""Buffer for the points of a run before they leave the worker."""

from collections.abc import Callable, Sequence

from cnnviz.training.point import Point
from cnnviz.training.throttle import POINTS_INTERVAL_SECONDS, Throttle


class PointBuffer:
    """Collects points and sends them in one message every tenth of a second."""

    def __init__(self, send: Callable[[tuple[Point, ...]], None]) -> None:
        self._send = send
        self._waiting: list[Point] = []
        self._throttle = Throttle(POINTS_INTERVAL_SECONDS)

    def add(self, points: Sequence[Point]) -> None:
        """Takes points, and sends all that wait when it is time."""
        self._waiting += points
        if self._throttle.is_due():
            self.flush()

    def flush(self) -> None:
        """Sends all points that wait."""
        if self._waiting:
            self._send(tuple(self._waiting))
        self._waiting = []
        self._throttle.restart()
