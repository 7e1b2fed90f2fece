"""A process that imports what children need once, and forks them: each starts in a moment, and shares its memory.

It talks to the server through a socket, its standard input, and exits when that closes. It stays single-threaded, since
a fork copies the calling thread alone: whatever another one holds stays locked in the child for ever.
"""

import gc
import importlib
import os
import selectors
import signal
import socket
import sys
import traceback
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

from cnnviz.processes.child import run_child
from cnnviz.processes.messages import (
    ExitedReport,
    ForkedReport,
    ForkReport,
    ForkRequest,
    ReadyReport,
    RefusedReport,
)
from cnnviz.settings import settings

MAX_REQUEST_BYTES = 2**20
STREAMS = 3
"""Number of standard streams of a child; its lifeline comes behind them."""
GO = b"g"
"""Word to a new child that it has been reported and may begin."""


class ForkServer:
    """Forks children on request, and reports how each ended."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._selector = selectors.DefaultSelector()
        self._selector.register(connection, selectors.EVENT_READ)
        self._process_fds: dict[int, int] = {}
        """Process numbers of living children, by the descriptor of the process."""

    def serve(self) -> None:
        """Serves until the other side closes the socket."""
        self._report(ReadyReport())
        while True:
            for key, _ in self._selector.select():
                if key.fd in self._process_fds:
                    self._report_exit(key.fd)
                elif not self._handle_request():
                    return

    def _handle_request(self) -> bool:
        """Forks one child; returns whether the other side is still there."""
        content, fds, _, _ = socket.recv_fds(self._connection, MAX_REQUEST_BYTES, STREAMS + 1)
        if not content:
            return False
        request = ForkRequest.model_validate_json(content)
        go_source, go_target = os.pipe()
        try:
            pid = os.fork()
        except OSError:
            self._report(RefusedReport(number=request.number))
        else:
            if pid == 0:
                os.close(go_target)
                self._become_child(request, fds, go_source)
            process_fd = os.pidfd_open(pid)
            self._process_fds[process_fd] = pid
            self._selector.register(process_fd, selectors.EVENT_READ)
            self._report(ForkedReport(number=request.number, pid=pid), process_fd)
            os.write(go_target, GO)
        finally:
            for fd in (*fds, go_source, go_target):
                os.close(fd)
        return True

    def _become_child(self, request: ForkRequest, fds: list[int], go_source: int) -> NoReturn:
        try:
            self._selector.close()
            for process_fd in self._process_fds:
                os.close(process_fd)
            self._connection.close()
            # if this server dies before it has reported the child, another one is started instead
            if os.read(go_source, 1) != GO:
                os._exit(1)
            os.close(go_source)
            os.setsid()
            for number, fd in enumerate(fds[:STREAMS]):
                os.dup2(fd, number)
                os.close(fd)
            _reopen_streams()
            os.environ.clear()
            os.environ.update(request.environment)
            paths = request.environment.get("PYTHONPATH", "").split(os.pathsep)
            sys.path[:0] = [path for path in paths if path and path not in sys.path]
            with suppress(OSError):  # it has been deleted
                os.chdir(request.directory)
            settings.cache_clear()
            if "numpy" in sys.modules:  # Python's own generator sees to it by itself
                sys.modules["numpy"].random.seed()
            run_child(request.spec.model_copy(update={"lifeline": fds[STREAMS]}))
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(1)

    def _report_exit(self, process_fd: int) -> None:
        pid = self._process_fds.pop(process_fd)
        self._selector.unregister(process_fd)
        os.close(process_fd)
        _, status = os.waitpid(pid, 0)
        self._report(ExitedReport(pid=pid, code=os.waitstatus_to_exitcode(status)))

    def _report(self, report: ForkReport, *fds: int) -> None:
        socket.send_fds(self._connection, [report.model_dump_json().encode()], fds)


def _reopen_streams() -> None:
    """Gives this process streams of its own for the descriptors 0 to 2, written line by line."""
    streams = {
        "stdin": open(0, closefd=False),  # noqa: SIM115
        "stdout": open(1, "w", buffering=1, errors="backslashreplace", closefd=False),  # noqa: SIM115
        "stderr": open(2, "w", buffering=1, errors="backslashreplace", closefd=False),  # noqa: SIM115
    }
    for name, stream in streams.items():
        setattr(sys, name, stream)
        setattr(sys, f"__{name}__", stream)


def main(*modules: str) -> None:
    """Imports the modules and serves on the standard input."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)  # ignored, children would vanish without an exit code
    os.close(os.pidfd_open(os.getpid()))  # raises where the kernel has none
    for module in modules:
        importlib.import_module(module)
    threads = len(list(Path("/proc/self/task").iterdir()))
    if threads > 1:
        raise RuntimeError(f"After the imports there are {threads} threads, with which nothing can be forked safely.")
    gc.collect()
    gc.freeze()  # else a collection in a child writes to all objects, and the memory is shared no longer
    with suppress(BrokenPipeError, ConnectionResetError):  # nothing is left to do when the server is gone
        ForkServer(socket.socket(fileno=os.dup(0))).serve()
