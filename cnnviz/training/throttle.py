"""A minimum interval between two actions, such as sending points."""

import math
import time


class Throttle:
    """Keeps track of whether an interval has passed since the last `restart`; before the first one, it has."""

    def __init__(self, seconds: float) -> None:
        self._seconds, self._last = seconds, -math.inf

    def is_due(self) -> bool:
        """Returns whether the interval has passed."""
        return time.monotonic() - self._last >= self._seconds

    def restart(self) -> None:
        """Begins a new interval."""
        self._last = time.monotonic()


POINTS_INTERVAL_SECONDS = 0.1
"""Interval at which a training fetches the losses of its batches from the device, and a worker sends points."""
