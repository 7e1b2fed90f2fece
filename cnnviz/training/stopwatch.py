"""Time spent on a training and on the steps of an epoch, whatever runs between its slices."""

import time
from collections.abc import Iterator
from contextlib import contextmanager


class Stopwatch:
    """Counts while it runs; what is timed `apart` belongs to no epoch's steps."""

    def __init__(self) -> None:
        self._total = self._epoch = 0.0
        self._started: float | None = None

    @property
    def seconds(self) -> float:
        """Spent in all."""
        return self._total + self._elapsed

    @property
    def epoch_seconds(self) -> float:
        """Spent since `new_epoch`, but for what was apart."""
        return self._epoch + self._elapsed

    @contextmanager
    def running(self) -> Iterator[None]:
        """Time counts inside."""
        self._started = time.perf_counter()
        try:
            yield
        finally:
            self._add_elapsed()
            self._started = None

    @contextmanager
    def outside_epoch(self) -> Iterator[None]:
        """Time inside counts in all alone."""
        self._add_elapsed()
        epoch = self._epoch
        try:
            yield
        finally:
            self._add_elapsed()
            self._epoch = epoch

    def start_epoch(self) -> None:
        """The steps of an epoch begin."""
        self._add_elapsed()
        self._epoch = 0.0

    def state(self) -> tuple[float, float]:
        """All there is to it, between two slices."""
        return self._total, self._epoch

    def restore(self, state: tuple[float, float]) -> None:
        """As it was."""
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
