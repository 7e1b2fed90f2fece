"""A thread that does one task after the other, some of them later."""

import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from queue import Empty, SimpleQueue
from typing import TypeVar

T = TypeVar("T")
log = logging.getLogger(__name__)


class TaskLoop:
    """Others put tasks into its inbox; what is touched by its tasks alone needs no lock."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._inbox: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self._timers: list[tuple[float, Callable[[], None]]] = []
        self._open = True

    def start(self) -> None:
        """Begin with what lies in the inbox."""
        self._thread.start()

    def submit(self, task: Callable[[], T]) -> Future[T]:
        """Do something in this thread; the future has its result or its exception."""
        future: Future[T] = Future()

        def execute() -> None:
            if not future.set_running_or_notify_cancel():  # whoever asked has given up
                return
            try:
                future.set_result(task())
            except Exception as error:  # the caller's: it gets it through the future
                future.set_exception(error)

        self.call_soon(execute)
        return future

    def call_soon(self, task: Callable[[], None]) -> None:
        """Do something in this thread, some time; what goes wrong is logged."""
        self._inbox.put(task)

    def call_later(self, seconds: float, task: Callable[[], None]) -> None:
        """Do something in so many seconds; for tasks of this thread."""
        self._timers.append((time.monotonic() + seconds, task))

    def stop(self) -> None:
        """Do nothing any more; for tasks of this thread."""
        self._open = False

    def join(self, seconds: float) -> None:
        """Wait for the thread to have ended."""
        self._thread.join(timeout=seconds)

    @property
    def is_alive(self) -> bool:
        """Whether it works."""
        return self._thread.is_alive()

    def _run(self) -> None:
        while self._open:
            try:
                task = self._inbox.get(timeout=self._seconds_to_next_timer())
            except Empty:
                task = self._queue_due_timers
            try:
                task()
            except Exception:  # a full disk, a locked database: this task suffers, the others go on
                log.exception("%s: a task failed", self.name)

    def _seconds_to_next_timer(self) -> float | None:
        return max(0.0, min(at for at, _ in self._timers) - time.monotonic()) if self._timers else None

    def _queue_due_timers(self) -> None:
        """Put what is due into the inbox, so that each fails alone."""
        now = time.monotonic()
        for _, task in (timer for timer in self._timers if timer[0] <= now):
            self.call_soon(task)
        self._timers = [timer for timer in self._timers if timer[0] > now]
