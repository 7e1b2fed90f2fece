"""The server's side of the fork server: asks it for children, and starts it again when it dies."""

import logging
import os
import select
import signal
import socket
import sys
import threading
from collections.abc import Sequence
from concurrent.futures import Future
from contextlib import suppress
from typing import NamedTuple, assert_never

from pydantic import ValidationError

from cnnviz.processes.lifeline import Lifeline
from cnnviz.processes.messages import (
    FORK_REPORTS,
    ChildSpec,
    ExitedReport,
    ForkedReport,
    ForkRequest,
    ReadyReport,
    RefusedReport,
)
from cnnviz.processes.subprocess_child import Streams, SubprocessChild, child_environment

FORK_SERVER_MODULE = "cnnviz.processes.fork_server"
MAX_REPORT_BYTES = 2**12
IMPORT_TIMEOUT_SECONDS = 60.0
"""Time for the imports of the first fork server; after that, children are started without it."""
ANSWER_TIMEOUT_SECONDS = 10.0
"""Time for one fork."""
MAX_FAILED_STARTS = 3
"""Fork servers that end before they are ready, in a row, after which no other one is tried."""
CLOSE_TIMEOUT_SECONDS = 5.0
UNKNOWN_EXIT_CODE = 255
"""Exit code of a child that outlived its fork server: nobody is told the true one."""
log = logging.getLogger(__name__)


class ForkedChild:
    """A child of the fork server."""

    def __init__(self, pid: int, process_fd: int, lifeline: Lifeline) -> None:
        self.pid = pid
        self._process_fd, self._lifeline = process_fd, lifeline
        self._exit_code: Future[int] = Future()
        self._lock = threading.Lock()

    def kill(self) -> None:
        """Ends it at once; harmless when it has ended."""
        with self._lock, suppress(ProcessLookupError):
            if not self._exit_code.done():
                # by its descriptor: its number may be another process's by now
                signal.pidfd_send_signal(self._process_fd, signal.SIGKILL)

    def wait(self, timeout: float | None = None) -> int:
        """Returns the exit code, or the negative number of a signal; raises TimeoutError after `timeout` seconds."""
        return self._exit_code.result(timeout)

    def set_exit_code(self, code: int) -> None:
        """Notes that it has ended."""
        with self._lock:
            os.close(self._process_fd)
            self._lifeline.close()
            self._exit_code.set_result(code)

    def wait_without_server(self) -> None:
        """Waits for the end of a child whose fork server has died."""
        poll = select.poll()
        poll.register(self._process_fd, select.POLLIN)
        poll.poll()
        self.set_exit_code(UNKNOWN_EXIT_CODE)


class _Request(NamedTuple):
    lifeline: Lifeline
    answer: Future[ForkedChild | None]


class ForkServerProcess:
    """One fork server, from its start to its end."""

    def __init__(self, modules: Sequence[str], priority: int | None) -> None:
        self._connection, other = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with other:
            spec = ChildSpec(module=FORK_SERVER_MODULE, arguments=tuple(modules), priority=priority)
            self._process = SubprocessChild(spec, Streams(other.fileno(), 2))
        self.pid = self._process.pid
        self.ready: Future[bool] = Future()
        """Whether it has become ready, known when it has or has ended."""
        self.ended: Future[None] = Future()
        self._lock = threading.Lock()
        self._requests: dict[int, _Request] = {}
        self._request_count = 0
        self._children: dict[int, ForkedChild] = {}
        threading.Thread(target=self._read_reports, name="fork server", daemon=True).start()

    def fork(self, spec: ChildSpec, streams: Streams, lifeline: Lifeline) -> ForkedChild | None:
        """Returns a new child; None when that is not possible at this moment."""
        answer: Future[ForkedChild | None] = Future()
        with self._lock:
            if self.ended.done():
                return None
            self._request_count += 1
            number = self._request_count
            self._requests[number] = _Request(lifeline, answer)
        try:
            request = ForkRequest(number=number, spec=spec, environment=child_environment(), directory=os.getcwd())
            socket.send_fds(self._connection, [request.model_dump_json().encode()], [*streams, lifeline.source])
        except (OSError, ValueError):  # it has died, or the environment is no text
            return None
        with suppress(TimeoutError):
            return answer.result(ANSWER_TIMEOUT_SECONDS)
        log.error("the fork server does not answer")
        self.close()
        return answer.result()

    def close(self) -> None:
        """Ends it; its children live on."""
        with suppress(OSError):
            self._connection.shutdown(socket.SHUT_RDWR)
        try:
            self._process.wait(CLOSE_TIMEOUT_SECONDS)
        except TimeoutError:
            self._process.kill()
        with suppress(TimeoutError):
            self.ended.result(CLOSE_TIMEOUT_SECONDS)

    def _read_reports(self) -> None:
        try:
            while True:
                content, fds, _, _ = socket.recv_fds(self._connection, MAX_REPORT_BYTES, 1)
                if not content:
                    break
                self._handle_report(content, fds)
        except ConnectionResetError:  # it has died with a request unread
            pass
        except (OSError, ValidationError):
            log.exception("the fork server cannot be understood")
            self._process.kill()
        code = self._process.wait()
        with self._lock:
            self.ended.set_result(None)
            requests, self._requests = list(self._requests.values()), {}
        self._connection.close()
        log.info("the fork server ended, %d", code)
        for request in requests:
            request.answer.set_result(None)
        if not self.ready.done():
            self.ready.set_result(False)
        for child in self._children.values():
            threading.Thread(target=child.wait_without_server, name=f"end of {child.pid}", daemon=True).start()

    def _handle_report(self, content: bytes, fds: list[int]) -> None:
        match report := FORK_REPORTS.validate_json(content):
            case ReadyReport():
                self.ready.set_result(True)
            case ForkedReport():
                request = self._take_request(report.number)
                child = self._children[report.pid] = ForkedChild(report.pid, fds[0], request.lifeline)
                request.answer.set_result(child)
            case RefusedReport():
                self._take_request(report.number).answer.set_result(None)
            case ExitedReport():
                self._children.pop(report.pid).set_exit_code(report.code)
            case _:
                assert_never(report)

    def _take_request(self, number: int) -> _Request:
        with self._lock:
            return self._requests.pop(number)


class ForkServerSupervisor:
    """Keeps a fork server running, once it is enabled, on systems that can have one."""

    def __init__(self, modules: Sequence[str]) -> None:
        self._modules = modules
        self._enabled = False
        self._process: ForkServerProcess | None = None
        self._start_count = self._failed_starts = 0
        self._lock = threading.RLock()

    def enable(self) -> None:
        """Lets children be forked; the first of them starts the server."""
        self._enabled = sys.platform == "linux" and hasattr(os, "pidfd_open")

    def start(self, priority: int | None) -> ForkServerProcess | None:
        """Starts the server unless it runs already, and returns it; None where there can be none."""
        with self._lock:
            if not self._enabled or self._failed_starts >= MAX_FAILED_STARTS:
                return None
            if self._process is None:
                self._start_count += 1
                process = self._process = ForkServerProcess(self._modules, priority)
                process.ended.add_done_callback(lambda _: self._handle_end(process, priority))
            return self._process

    def fork(self, spec: ChildSpec, streams: Streams, lifeline: Lifeline) -> ForkedChild | None:
        """Returns a new child; None when that is not possible at this moment."""
        try:
            process = self.start(spec.priority)
        except OSError:  # no memory, process or descriptor left at this moment
            log.exception("no fork server could be started")
            return None
        if process is None:
            return None
        # whoever comes first waits; when a server has died and another one imports, children go without it
        if not process.ready.done() and self._start_count > 1:
            return None
        try:
            return process.fork(spec, streams, lifeline) if process.ready.result(IMPORT_TIMEOUT_SECONDS) else None
        except TimeoutError:
            return None

    def close(self) -> None:
        """Ends the server, and starts no other one."""
        with self._lock:
            self._enabled = False
            process, self._process = self._process, None
        if process:
            process.close()

    def _handle_end(self, process: ForkServerProcess, priority: int | None) -> None:
        was_ready = process.ready.done()
        with self._lock:
            if self._process is not process:
                return
            self._process = None
            self._failed_starts = 0 if was_ready else self._failed_starts + 1
        with suppress(OSError):  # the next child tries again
            self.start(priority)
