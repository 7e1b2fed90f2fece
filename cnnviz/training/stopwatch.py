"""Time spent on a training and on the steps of an epoch, whatever runs between its slices."""

import time
from collections.abc import Iterator
from contextlib import contextmanager


class Stopwatch:
    """Counts while it runs; what is timed `apart` belongs to no epoch's steps."""

    def __init__(self) -> None:
        self._all = self._epoch = 0.0
        self._since: float | None = None

    @property
    def seconds(self) -> float:
        """Spent in all."""
        return self._all + self._running

    @property
    def epoch(self) -> float:
        """Spent since `new_epoch`, but for what was apart."""
        return self._epoch + self._running

    @contextmanager
    def running(self) -> Iterator[None]:
        """Time counts inside."""
        self._since = time.perf_counter()
        try:
            yield
        finally:
            self._take()
            self._since = None

    @contextmanager
    def apart(self) -> Iterator[None]:
        """Time inside counts in all alone."""
        self._take()
        epoch = self._epoch
        try:
            yield
        finally:
            self._take()
            self._epoch = epoch

    def new_epoch(self) -> None:
        """The steps of an epoch begin."""
        self._take()
        self._epoch = 0.0

    def facts(self) -> tuple[float, float]:
        """All there is to it, between two slices."""
        return self._all, self._epoch

    def restore(self, facts: tuple[float, float]) -> None:
        """As it was."""
        self._all, self._epoch = facts

    @property
    def _running(self) -> float:
        return 0.0 if self._since is None else time.perf_counter() - self._since

    def _take(self) -> None:
        spent = self._running
        self._all += spent
        self._epoch += spent
        if self._since is not None:
            self._since = time.perf_counter()
