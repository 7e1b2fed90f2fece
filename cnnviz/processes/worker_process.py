"""A long-lived child process as its server sees it: orders go in, reports come out."""

import logging
import signal
import subprocess
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import IO, Generic, TypeVar, cast

from pydantic import TypeAdapter

from cnnviz.processes.child import start_child
from cnnviz.processes.pipe import GarbledMessageError, PipeMessage, receive, send

CLOSE_TIMEOUT_SECONDS = 5.0
"""Time to exit after the pipe is closed."""
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
    ) -> None:
        self._popen = start_child(module, argument)
        self._order_stream = cast("IO[bytes]", self._popen.stdin)
        self._report_stream = cast("IO[bytes]", self._popen.stdout)
        self._reports, self._on_report, self._on_exit = reports, on_report, on_exit
        self._reader = threading.Thread(target=self._read_reports, name=f"reports of {argument}", daemon=True)
        self._reader.start()

    @property
    def pid(self) -> int:
        """Process number."""
        return self._popen.pid

    def send_order(self, order: Order) -> None:
        """Sends an order; a dead process takes none, which `on_exit` hears of."""
        with suppress(BrokenPipeError):
            send(self._order_stream, order)

    def kill(self) -> None:
        """Ends the process at once."""
        self._popen.kill()

    def close(self) -> None:
        """Closes the pipe, upon which the process exits, and waits; kills it if it does not."""
        with suppress(BrokenPipeError):
            self._order_stream.close()
        try:
            self._popen.wait(timeout=CLOSE_TIMEOUT_SECONDS)
        except subprocess.TimeoutExpired:
            self._popen.kill()
        self._reader.join(timeout=CLOSE_TIMEOUT_SECONDS)

    def _read_reports(self) -> None:
        with self._report_stream:
            try:
                while (received := receive(self._report_stream, self._reports)) is not None:
                    self._on_report(*received)
            except GarbledMessageError:
                log.exception("process %d is killed", self.pid)
                self._popen.kill()
        self._on_exit(self._popen.wait())


def exit_message(code: int) -> str:
    """Returns what an exit code means, for the student whose run was on the process."""
    if code == -signal.SIGKILL:
        return (
            "The training process was killed, most likely because the machine ran out of memory. "
            "Use a smaller batch size or a smaller net."
        )
    cause = f"signal {-code}" if code < 0 else f"exit code {code}"
    return f"The training process ended unexpectedly ({cause}). Start the run again."
