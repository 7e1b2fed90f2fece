"""Points on their way out of a worker."""

import time
from collections.abc import Callable, Sequence

from cnnviz.training.point import Point

FLUSH_INTERVAL_SECONDS = 0.1


class PointBuffer:
    """Gathers points and hands them on in one message every tenth of a second."""

    def __init__(self, send: Callable[[Sequence[Point]], None]) -> None:
        self._say = send
        self._waiting: list[Point] = []
        self._last = 0.0

    def add(self, points: Sequence[Point]) -> None:
        """Take points; pass them on when it is time."""
        self._waiting += points
        if time.monotonic() - self._last >= FLUSH_INTERVAL_SECONDS:
            self.flush()

    def flush(self) -> None:
        """Pass on all that waits."""
        if self._waiting:
            self._say(self._waiting)
        self._waiting = []
        self._last = time.monotonic()
