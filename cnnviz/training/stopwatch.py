"""Time spent on a training and on the steps of an epoch, without the pauses between slices."""

import time
from collections.abc import Iterator
from contextlib import contextmanager


class Stopwatch:
    """Measures a total time and the time of the current epoch."""

    def __init__(self) -> None:
        self._total = self._epoch = 0.0
        self._started: float | None = None

    @property
    def seconds(self) -> float:
        """Seconds in total."""
        return self._total + self._elapsed

    @property
    def epoch_seconds(self) -> float:
        """Seconds since `start_epoch`."""
        return self._epoch + self._elapsed

    @contextmanager
    def running(self) -> Iterator[None]:
        """Measures the time spent inside the block."""
        self._started = time.perf_counter()
        try:
            yield
        finally:
            self._add_elapsed()
            self._started = None

    def add(self, seconds: float) -> None:
        """Adds time that was spent elsewhere on the training."""
        self._total += seconds
        self._epoch += seconds

    def start_epoch(self) -> None:
        """Sets the time of the epoch back to 0."""
        self._add_elapsed()
        self._epoch = 0.0

    def state(self) -> tuple[float, float]:
        """Returns total and epoch seconds, to be saved between two slices."""
        return self._total, self._epoch

    def restore(self, state: tuple[float, float]) -> None:
        """Continues from the times that `state` returned."""
        self._total, self._epoch = state

    @property
    def _elapsed(self) -> float:
        return 0.0 if self._started is None else time.perf_counter() - self._started

    def _add_elapsed(self) -> None:
        spent = self._elapsed
        self._total += spent
        self._epoch += spent
        if self._started is not None:
            self._started = time.perf_counter()
