"""Buffer for the points of a run before they leave the worker."""

import time
from collections.abc import Callable, Sequence

from cnnviz.training.point import Point

FLUSH_INTERVAL_SECONDS = 0.1


class PointBuffer:
    """Collects points and sends them in one message every tenth of a second."""

    def __init__(self, send: Callable[[tuple[Point, ...]], None]) -> None:
        self._send = send
        self._waiting: list[Point] = []
        self._last = 0.0

    def add(self, points: Sequence[Point]) -> None:
        """Takes points, and sends all that wait when it is time."""
        self._waiting += points
        if time.monotonic() - self._last >= FLUSH_INTERVAL_SECONDS:
            self.flush()

    def flush(self) -> None:
        """Sends all points that wait."""
        if self._waiting:
            self._send(tuple(self._waiting))
        self._waiting = []
        self._last = time.monotonic()
