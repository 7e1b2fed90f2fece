"""Things that should not happen too often."""

import math
import time


class Throttle:
    """Tells when enough time has passed since the last time; before the first time, it always has."""

    def __init__(self, seconds: float) -> None:
        self._seconds, self._last = seconds, -math.inf

    def is_due(self) -> bool:
        """Whether the interval is over."""
        return time.monotonic() - self._last >= self._seconds

    def restart(self) -> None:
        """Begins a new interval."""
        self._last = time.monotonic()


POINTS_INTERVAL_SECONDS = 0.1
"""Interval at which a training fetches the losses of its batches from the device, and a worker sends points."""
