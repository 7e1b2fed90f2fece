"""One thread per device: it owns the queue, the worker process and all writing for the runs on that device."""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from queue import Empty, SimpleQueue
from typing import TypeVar

from sqlalchemy.exc import SQLAlchemyError

from cnnviz.runs.process import WorkerProcess, death
from cnnviz.runs.run import Run, Status
from cnnviz.runs.store import Store
from cnnviz.runs.wire import Message
from cnnviz.training.point import Point

STOP_GRACE = 5.0
"""Seconds a worker has to obey a stop before it is ended."""
RETRY_SECONDS = 1.0
"""Seconds until something is tried again that the store refused: a full disk, a locked database."""
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 30.0
"""Seconds before a worker that died while starting is started again; doubled each time."""

STORE_ERRORS = (SQLAlchemyError, OSError)
"""What a full disk or a locked database raises."""

T = TypeVar("T")
log = logging.getLogger(__name__)


class Device:
    """Trains the runs given to it, one after the other, in the order they came.

    Everything happens in this one thread: others put tasks into its inbox, so nothing here needs a lock.
    """

    def __init__(self, name: str, store: Store) -> None:
        self.name = name
        self._thread = threading.Thread(target=self._serve, name=f"device {name}", daemon=True)
        self._store = store
        self._inbox: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self._queue: deque[str] = deque()
        self._current: str | None = None
        self._stopping: dict[str, list[Future[None]]] = {}
        self._worker: WorkerProcess | None = None
        self._ready = self._open = False
        self._doomed = False  # whether the worker has been killed and is about to die
        self._begun = False  # whether the worker has said that it began the current run
        self._retried: set[str] = set()
        self._pause = FIRST_PAUSE
        self._timers: list[tuple[float, Callable[[], None]]] = []

    # ── for other threads ──

    def start(self) -> None:
        """Start the thread, which starts the worker."""
        self._open = True
        self._thread.start()

    def call(self, task: Callable[[], T]) -> Future[T]:
        """Do something in this thread; the future has its result or its exception."""
        future: Future[T] = Future()

        def execute() -> None:
            try:
                future.set_result(task())
            except Exception as error:  # the caller's: it gets it through the future
                future.set_exception(error)

        self._inbox.put(execute)
        return future

    def do(self, task: Callable[[], None]) -> None:
        """Do something in this thread, some time; what goes wrong is logged."""
        self._inbox.put(task)

    def submit(self, run: Run) -> Future[None]:
        """Queue a new run; done when it is stored."""
        return self.call(partial(self._submit, run))

    def stop(self, run_id: str) -> Future[None]:
        """Stop a waiting or running run; done once it has ended. Harmless for a run that has."""
        ended: Future[None] = Future()
        self._inbox.put(partial(self._stop, run_id, ended))
        return ended

    def resume(self, run_id: str) -> None:
        """Queue a run that the store knows already."""
        self._inbox.put(partial(self._enqueue, run_id))

    def close(self) -> None:
        """End the worker and this thread; what was running is marked as failed, what waits stays queued."""
        self._inbox.put(self._close)
        self._thread.join(timeout=15)

    @property
    def pid(self) -> int | None:
        """Process number of the worker, once it has reported that it is ready."""
        worker = self._worker
        return worker.pid if worker and self._ready else None

    # ── in this thread ──

    def _serve(self) -> None:
        self._start_worker()
        while self._open:
            try:
                task = self._inbox.get(timeout=self._until_next_timer())
            except Empty:
                task = self._due
            try:
                task()
            except Exception:  # a full disk, a locked database: this run suffers, the device goes on
                log.exception("device %s: a task failed", self.name)

    def _submit(self, run: Run) -> None:
        self._store.add(run)
        self._enqueue(run.id)

    def _enqueue(self, run_id: str) -> None:
        self._queue.append(run_id)
        self._next()

    def _next(self) -> None:
        """Start the run at the head of the queue, if nothing runs; try again soon if the store refuses."""
        if self._current or not self._queue or not self._worker:
            return
        if not (self._open and self._ready) or self._doomed:
            return
        try:
            run = self._store.run(self._queue[0])
            if run is None or not run.active:
                self._queue.popleft()
                self._next()
                return
            self._store.update(run.id, status=Status.RUNNING, started=time.time())
        except STORE_ERRORS:
            log.exception("device %s: the next run waits on", self.name)
            self._later(RETRY_SECONDS, self._next)
            return
        self._current, self._begun = self._queue.popleft(), False
        self._worker.order(
            {
                "type": "train",
                "run": run.id,
                "owner": run.owner,
                "architecture": run.architecture.model_dump_json(),
                "config": run.config.model_dump_json(),
            }
        )

    def _stop(self, run_id: str, ended: Future[None]) -> None:
        if run_id == self._current and self._worker:
            if run_id not in self._stopping:
                self._worker.order({"type": "stop", "run": run_id})
                self._later(STOP_GRACE, partial(self._kill, run_id))
            self._stopping.setdefault(run_id, []).append(ended)
            return
        if run_id in self._queue:
            self._queue.remove(run_id)
            self._finish(run_id, Status.STOPPED, "Stopped before it began.")
        ended.set_result(None)

    def _kill(self, run_id: str) -> None:
        if self._current == run_id and self._worker:
            self._doomed = True  # nobody else's run may be handed to it
            self._worker.kill()

    def _report(self, worker: WorkerProcess, message: Message, payload: bytes) -> None:
        if worker is not self._worker:
            return
        kind = message["type"]
        if kind == "ready":
            self._ready, self._pause = True, FIRST_PAUSE
            self._next()
        elif kind == "started":
            self._begun = True
            self._record(message["run"], steps=message["steps"])
        elif kind == "fact":
            self._insist(partial(self._store.keep_fact, message["run"], message["name"], message["content"]))
        elif kind == "points":
            self._append(message["run"], [Point(*point) for point in message["points"]])
        elif kind == "ended":
            self._ended(message, payload)

    def _ended(self, message: Message, weights: bytes) -> None:
        status, reason = Status(message["status"]), message["message"]
        try:
            if weights:
                self._store.keep_weights(message["run"], message["epoch"], weights)
        except Exception:  # most likely a full disk; the next run must not wait for it
            log.exception("run %s: its weights could not be kept", message["run"])
            status, reason = Status.FAILED, "The server could not keep the weights of this run; its disk may be full."
        self._finish(message["run"], status, reason)

    def _died(self, worker: WorkerProcess, code: int) -> None:
        if worker is not self._worker or not self._open:
            return
        log.warning("device %s: worker ended with %s", self.name, code)
        was_ready, self._ready, self._doomed, self._worker = self._ready, False, False, None
        worker.close()
        if was_ready:
            self._start_worker()
        else:
            self._start_worker_later()
        if self._current:
            self._bereaved(self._current, code)

    def _bereaved(self, run_id: str, code: int) -> None:
        """What becomes of the run whose worker died."""
        if run_id in self._stopping:
            self._finish(run_id, Status.STOPPED, "")
        elif self._begun or run_id in self._retried:
            self._finish(run_id, Status.FAILED, death(code))
        else:  # the worker died before this run began: not its fault, once
            self._retried.add(run_id)
            self._current = None
            self._queue.appendleft(run_id)
            self._record(run_id, status=Status.QUEUED, started=None)

    def _finish(self, run_id: str, status: Status, message: str) -> None:
        if run_id == self._current:
            self._current = None
        self._retried.discard(run_id)
        self._record(run_id, status=status, message=message, finished=time.time())
        for future in self._stopping.pop(run_id, []):
            future.set_result(None)
        self._next()

    def _record(self, run_id: str, **values: object) -> None:
        """Write down what has happened to a run."""
        self._insist(lambda: self._store.update(run_id, **values))

    def _append(self, run_id: str, points: list[Point]) -> None:
        """Write down new points of a run."""
        self._insist(lambda: self._store.append(run_id, points))

    def _insist(self, write: Callable[[], None]) -> None:
        """Write to the store, again and again while it refuses."""
        try:
            write()
        except STORE_ERRORS:
            log.exception("device %s: something is not written yet", self.name)
            if self._open:
                self._later(RETRY_SECONDS, partial(self._insist, write))

    def _start_worker(self) -> None:
        holder: list[WorkerProcess] = []
        try:
            self._worker = WorkerProcess(
                self.name,
                lambda message, payload: self._inbox.put(lambda: self._report(holder[0], message, payload)),
                lambda code: self._inbox.put(lambda: self._died(holder[0], code)),
            )
        except OSError:  # no memory or no process left at this moment
            log.exception("device %s: no worker could be started", self.name)
            self._start_worker_later()
        else:
            holder.append(self._worker)

    def _start_worker_later(self) -> None:
        self._later(self._pause, self._start_worker)
        self._pause = min(2 * self._pause, LONGEST_PAUSE)

    def _close(self) -> None:
        self._open = self._ready = False  # nothing that waits is started any more
        if self._worker:
            self._worker.close()
        if self._current:
            self._finish(self._current, Status.FAILED, "The server was shut down during this run. Start it again.")

    def _later(self, seconds: float, task: Callable[[], None]) -> None:
        self._timers.append((time.monotonic() + seconds, task))

    def _until_next_timer(self) -> float | None:
        return max(0.0, min(at for at, _ in self._timers) - time.monotonic()) if self._timers else None

    def _due(self) -> None:
        """Put what is due into the inbox, so that each fails alone."""
        now = time.monotonic()
        for _, task in (timer for timer in self._timers if timer[0] <= now):
            self._inbox.put(task)
        self._timers = [timer for timer in self._timers if timer[0] > now]
