"""A worker process that is always there: started again when it dies, at once or, if it dies while starting, later."""

import logging
from collections.abc import Callable

from cnnviz.processes.pipe import Message
from cnnviz.processes.worker_process import WorkerProcess
from cnnviz.runs.task_loop import TaskLoop

FIRST_RESTART_DELAY, MAX_RESTART_DELAY = 0.5, 30.0
"""Seconds before a worker that died while starting is started again; doubled each time."""
log = logging.getLogger(__name__)


class WorkerSupervisor:
    """Keeps the worker of a device; everything happens in the thread of a loop, where it also hands on what it hears.

    Of a worker that is dead nothing is heard any more.
    """

    def __init__(
        self,
        device: str,
        loop: TaskLoop,
        on_report: Callable[[Message, bytes], None],
        on_death: Callable[[int, bool], None],
    ) -> None:
        self._device, self._loop = device, loop
        self._on_report, self._on_death = on_report, on_death
        self._worker: WorkerProcess | None = None
        self._ready = self._killed = self._closing = False
        self._restart_delay = FIRST_RESTART_DELAY

    @property
    def ready(self) -> bool:
        """Whether it takes orders: it has said that it is ready, and has not been killed."""
        return self._ready and not self._killed

    @property
    def pid(self) -> int | None:
        """Process number, once it has reported that it is ready."""
        return self._worker.pid if self._worker and self._ready else None

    def start(self) -> None:
        """Start one."""
        holder: list[WorkerProcess] = []
        try:
            self._worker = WorkerProcess(
                self._device,
                lambda message, payload: self._loop.call_soon(lambda: self._handle_report(holder[0], message, payload)),
                lambda code: self._loop.call_soon(lambda: self._handle_exit(holder[0], code)),
            )
        except (OSError, RuntimeError):  # no memory, process or thread left at this moment
            log.exception("device %s: no worker could be started", self._device)
            self._schedule_restart()
        else:
            holder.append(self._worker)

    def send_order(self, message: Message) -> None:
        """Send an order to a worker that is ready."""
        if self._worker:
            self._worker.send_order(message)

    def kill(self) -> None:
        """End this one; another follows. Nobody's run may be handed to it any more."""
        if self._worker:
            self._killed = True
            self._worker.kill()

    def shut_down(self) -> None:
        """Let it write what it has to and go; none follows."""
        self._closing = True
        self.send_order({"type": "leave"})

    def close(self) -> None:
        """End it for good."""
        self._closing = True
        if self._worker:
            self._worker.close()

    def _handle_report(self, worker: WorkerProcess, message: Message, payload: bytes) -> None:
        if worker is not self._worker:
            return
        if message["type"] == "ready":
            self._ready, self._restart_delay = True, FIRST_RESTART_DELAY
        self._on_report(message, payload)

    def _handle_exit(self, worker: WorkerProcess, code: int) -> None:
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
