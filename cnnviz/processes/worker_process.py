"""The worker process as its server sees it."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import IO, cast

from cnnviz.processes.pipe import Message, receive, send

OPENMP_SPIN_COUNT = "20000"
"""How long torch's threads wait for each other before they sleep. Far less, and small nets are twice as slow; far more,
and they keep a core busy that somebody else needs."""
PROJECT_ROOT = Path(__file__).parent.parent.parent


class WorkerProcess:
    """A started `cnnviz.runs.worker.worker`, or another module with an argument.

    Every report, and in the end its exit code, is handed to the callbacks, which run in this object's own thread.
    """

    def __init__(
        self,
        argument: str,
        on_report: Callable[[Message, bytes], None],
        on_exit: Callable[[int], None],
        module: str = "cnnviz.runs.worker.worker",
    ) -> None:
        path = os.pathsep.join(filter(None, [str(PROJECT_ROOT), os.environ.get("PYTHONPATH")]))
        # subprocess, not multiprocessing: its spawn would execute Streamlit's main script again
        self._popen = subprocess.Popen(  # noqa: S603 (our own module)
            [sys.executable, "-m", module, argument],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            # numpy's threads spin while they wait: on two busy cores, features of sound took four times as long
            env={"GOMP_SPINCOUNT": OPENMP_SPIN_COUNT} | os.environ | {"PYTHONPATH": path, "OPENBLAS_NUM_THREADS": "1"},
            start_new_session=True,  # Ctrl-C in the server's terminal is the server's to handle
        )
        self._orders = cast("IO[bytes]", self._popen.stdin)
        self._reports = cast("IO[bytes]", self._popen.stdout)
        self._on_report, self._on_exit = on_report, on_exit
        self._reader = threading.Thread(target=self._read_reports, name=f"reports of {argument}", daemon=True)
        self._reader.start()

    @property
    def pid(self) -> int:
        """Process number."""
        return self._popen.pid

    def send_order(self, message: Message) -> None:
        """Send an order; a dead worker takes none, and says so through `on_exit`."""
        with suppress(BrokenPipeError):
            send(self._orders, message)

    def kill(self) -> None:
        """End it at once."""
        self._popen.kill()

    def close(self) -> None:
        """Close its pipe, upon which it exits, and wait; kill it if it does not."""
        with suppress(BrokenPipeError):
            self._orders.close()
        try:
            self._popen.wait(timeout=5)
        except subprocess.TimeoutExpired:
            self._popen.kill()
        self._reader.join(timeout=5)

    def _read_reports(self) -> None:
        with self._reports:
            while (received := receive(self._reports)) is not None:
                self._on_report(*received)
        self._on_exit(self._popen.wait())


def exit_message(code: int) -> str:
    """What an exit code means, for the student whose run was on it."""
    if code == -signal.SIGKILL:
        return (
            "The training process was killed, most likely because the machine ran out of memory. "
            "Use a smaller batch size or a smaller net."
        )
    cause = f"signal {-code}" if code < 0 else f"exit code {code}"
    return f"The training process ended unexpectedly ({cause}). Start the run again."
