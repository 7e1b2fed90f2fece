"""A long-lived child process as its server sees it: orders go in, reports come out."""

import logging
import os
import threading
from collections.abc import Callable
from contextlib import ExitStack, suppress
from typing import Generic, TypeVar

from pydantic import TypeAdapter

from cnnviz.processes.launcher import Child, start_child
from cnnviz.processes.pipe import GarbledMessageError, PipeMessage, receive, send
from cnnviz.processes.subprocess_child import Streams

CLOSE_TIMEOUT_SECONDS = 5.0
"""Time to exit after the pipe is closed."""
NOT_STARTED_EXIT_CODE = 71
"""Exit code of a process that the system had no room for, as EX_OSERR of sysexits.h."""
Order = TypeVar("Order", bound=PipeMessage)
Report = TypeVar("Report")
log = logging.getLogger(__name__)


class WorkerProcess(Generic[Order, Report]):
    """A started module that takes orders and sends `reports`.

    Every report, and in the end the exit code, is handed to the callbacks, which run in this object's own thread. A
    process that sends something else is killed.
    """

    def __init__(
        self,
        module: str,
        argument: str,
        reports: TypeAdapter[Report],
        on_report: Callable[[Report, bytes], None],
        on_exit: Callable[[int], None],
        *,
        oom_score: int,
    ) -> None:
        self._module, self._argument, self._oom_score = module, argument, oom_score
        self._reports, self._on_report, self._on_exit = reports, on_report, on_exit
        self._lock = threading.Lock()
        self._child: Child | None = None
        self._killed = False
        with ExitStack() as stack:
            order_source, order_target = _open_pipe(stack)
            report_source, report_target = _open_pipe(stack)
            # in a thread, as the first child waits for the imports of the fork server
            self._thread = threading.Thread(
                target=self._run,
                args=(report_source, Streams(order_source, report_target)),
                name=f"reports of {argument}",
                daemon=True,
            )
            self._thread.start()
            stack.pop_all()
        self._order_stream = os.fdopen(order_target, "wb")

    @property
    def pid(self) -> int | None:
        """Process number, once it has been started."""
        return self._child.pid if self._child else None

    def send_order(self, order: Order) -> None:
        """Sends an order; a dead process takes none, which `on_exit` hears of."""
        with suppress(BrokenPipeError):
            send(self._order_stream, order)

    def kill(self) -> None:
        """Ends the process at once, or as soon as it has been started."""
        with self._lock:
            self._killed = True
            if self._child:
                self._child.kill()

    def close(self) -> None:
        """Closes the pipe, upon which the process exits, and waits; kills it if it does not."""
        with suppress(BrokenPipeError):
            self._order_stream.close()
        self._thread.join(timeout=CLOSE_TIMEOUT_SECONDS)
        if self._thread.is_alive():
            self.kill()
            self._thread.join(timeout=CLOSE_TIMEOUT_SECONDS)

    def _run(self, report_source: int, streams: Streams) -> None:
        """Starts the process, hands its reports over, and in the end its exit code."""
        with os.fdopen(report_source, "rb") as report_stream:
            child = self._start(streams)
            if child is None:
                self._on_exit(NOT_STARTED_EXIT_CODE)
                return
            try:
                while (received := receive(report_stream, self._reports)) is not None:
                    self._on_report(*received)
            except GarbledMessageError:
                log.exception("process %d is killed", child.pid)
                child.kill()
        self._on_exit(child.wait())

    def _start(self, streams: Streams) -> Child | None:
        try:
            child = start_child(self._module, self._argument, streams=streams, oom_score=self._oom_score)
        except (OSError, RuntimeError):  # no memory, process or thread left at this moment
            log.exception("%s could not be started", self._module)
            return None
        finally:
            os.close(streams.stdin)
            os.close(streams.stdout)
        with self._lock:
            self._child = child
            if self._killed:
                child.kill()
        return child


def _open_pipe(stack: ExitStack) -> tuple[int, int]:
    """Opens a pipe that the stack closes."""
    source, target = os.pipe()
    stack.callback(os.close, source)
    stack.callback(os.close, target)
    return source, target
