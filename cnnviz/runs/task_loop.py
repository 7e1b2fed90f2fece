"""Event loop: a thread that runs one task after the other, at once or later."""

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
    """Runs tasks of other threads in its own; data that only such tasks touch need no lock."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._inbox: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self._timers: list[tuple[float, Callable[[], None]]] = []
        self._open = True

    def start(self) -> None:
        """Starts the thread, which begins with the tasks that wait."""
        self._thread.start()

    def submit(self, task: Callable[[], T]) -> Future[T]:
        """Runs a task in this thread; the future gets its result or its exception."""
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
        """Runs a task in this thread soon; an exception is logged."""
        self._inbox.put(task)

    def call_later(self, seconds: float, task: Callable[[], None]) -> None:
        """Runs a task in so many seconds; may only be called by tasks of this thread."""
        self._timers.append((time.monotonic() + seconds, task))

    def stop(self) -> None:
        """Ends the loop; may only be called by tasks of this thread."""
        self._open = False

    def join(self, seconds: float) -> None:
        """Waits until the thread has ended."""
        self._thread.join(timeout=seconds)

    @property
    def is_alive(self) -> bool:
        """Whether the thread is running."""
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
        """Queues the timers that are due, each as a task of its own, so that one that fails stops no other."""
        now = time.monotonic()
        for _, task in (timer for timer in self._timers if timer[0] <= now):
            self.call_soon(task)
        self._timers = [timer for timer in self._timers if timer[0] > now]
