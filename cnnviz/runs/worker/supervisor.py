"""The supervisor of a worker process: starts it again when it dies, at once or, if it died while starting, later."""

import logging
from collections.abc import Callable

from cnnviz.processes.launcher import WORKER_OOM_SCORE
from cnnviz.processes.worker_process import WorkerProcess
from cnnviz.runs.task_loop import TaskLoop
from cnnviz.runs.worker.messages import REPORTS, LeaveOrder, ReadyReport, WorkerOrder, WorkerReport

FIRST_RESTART_DELAY, MAX_RESTART_DELAY = 0.5, 30.0
"""Seconds before a worker that died while starting is started again; doubled each time."""
WORKER_MODULE = "cnnviz.runs.worker.worker"
log = logging.getLogger(__name__)


_Worker = WorkerProcess[WorkerOrder, WorkerReport]


class WorkerSupervisor:
    """Keeps a worker running for a device. Everything happens in the thread of a loop, the callbacks included.

    Reports of a worker that has died are dropped.
    """

    def __init__(
        self,
        device: str,
        loop: TaskLoop,
        on_report: Callable[[WorkerReport, bytes], None],
        on_death: Callable[[int, bool], None],
    ) -> None:
        self._device, self._loop = device, loop
        self._on_report, self._on_death = on_report, on_death
        self._worker: _Worker | None = None
        self._ready = self._killed = self._closing = False
        self._restart_delay = FIRST_RESTART_DELAY

    @property
    def ready(self) -> bool:
        """Whether the worker takes orders: it has reported that it is ready, and has not been killed."""
        return self._ready and not self._killed

    @property
    def pid(self) -> int | None:
        """Process number, once it has reported that it is ready."""
        return self._worker.pid if self._worker and self._ready else None

    def start(self) -> None:
        """Starts a worker."""
        holder: list[_Worker] = []
        try:
            self._worker = WorkerProcess(
                WORKER_MODULE,
                self._device,
                REPORTS,
                lambda report, payload: self._loop.call_soon(lambda: self._handle_report(holder[0], report, payload)),
                lambda code: self._loop.call_soon(lambda: self._handle_exit(holder[0], code)),
                oom_score=WORKER_OOM_SCORE,
            )
        except (OSError, RuntimeError):  # no memory, process or thread left at this moment
            log.exception("device %s: no worker could be started", self._device)
            self._schedule_restart()
        else:
            holder.append(self._worker)

    def send_order(self, order: WorkerOrder) -> None:
        """Sends an order to a worker that is ready."""
        if self._worker:
            self._worker.send_order(order)

    def kill(self) -> None:
        """Kills the worker, which is then started again; until that one is ready, no run may be handed over."""
        if self._worker:
            self._killed = True
            self._worker.kill()

    def shut_down(self) -> None:
        """Lets the worker write its checkpoints and exit; it is not started again."""
        self._closing = True
        self.send_order(LeaveOrder())

    def close(self) -> None:
        """Ends the worker at once; it is not started again."""
        self._closing = True
        if self._worker:
            self._worker.close()

    def _handle_report(self, worker: _Worker, report: WorkerReport, payload: bytes) -> None:
        if worker is not self._worker:
            return
        if isinstance(report, ReadyReport):
            self._ready, self._restart_delay = True, FIRST_RESTART_DELAY
        self._on_report(report, payload)

    def _handle_exit(self, worker: _Worker, code: int) -> None:
        if worker is not self._worker:
            return
        log.log(logging.INFO if self._closing else logging.WARNING, "device %s: worker ended, %s", self._device, code)
        was_ready, was_killed = self._ready, self._killed
        self._ready, self._killed, self._worker = False, False, None
        worker.close()
        self._on_death(code, was_killed)
        if self._closing:
            return
        if was_ready:
            self.start()
        else:
            self._schedule_restart()

    def _schedule_restart(self) -> None:
        self._loop.call_later(self._restart_delay, self.start)
        self._restart_delay = min(2 * self._restart_delay, MAX_RESTART_DELAY)
