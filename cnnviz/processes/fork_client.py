"""The server's side of the fork server: asks it for children, and starts it again when it dies."""

import ctypes
import logging
import os
import select
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, InvalidStateError
from contextlib import suppress
from typing import NamedTuple, assert_never

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
REPORT_TIMEOUT_SECONDS = 2.0
"""Time for telling how a child has ended."""
LONG_LIFE_SECONDS = 60.0
"""Age at which the death of a fork server is an accident, whatever it is due to."""
FIRST_RETRY_SECONDS, MAX_RETRY_SECONDS = 60.0, 3600.0
"""Time until another one is started where two have died young; doubled each time."""
CLOSE_TIMEOUT_SECONDS = 5.0
UNKNOWN_EXIT_CODE = 255
"""Exit code of a child whose true one nobody can tell any more."""
PR_SET_CHILD_SUBREAPER = 36
"""Constant of linux/prctl.h."""
log = logging.getLogger(__name__)


class ForkedChild:
    """A child of the fork server. Its end is seen by its descriptor; the fork server only tells the exit code."""

    def __init__(self, pid: int, process_fd: int, lifeline: Lifeline, end_fork_server: Callable[[], None]) -> None:
        self.pid = pid
        self._process_fd, self._lifeline, self._end_fork_server = process_fd, lifeline, end_fork_server
        self._report: Future[int | None] = Future()
        self._code: int | None = None
        self._lock = threading.Lock()

    def kill(self) -> None:
        """Ends it at once; harmless when it has ended."""
        with self._lock, suppress(ProcessLookupError):
            if self._code is None:
                # by its descriptor: its number may be another process's by now
                signal.pidfd_send_signal(self._process_fd, signal.SIGKILL)

    def wait(self, timeout: float | None = None) -> int:
        """Returns the exit code, or the negative number of a signal; raises TimeoutError after `timeout` seconds."""
        with self._lock:
            if self._code is not None:
                return self._code
            process_fd = os.dup(self._process_fd)  # another thread may learn of the end first
        try:
            if not _wait_until_readable(process_fd, timeout):
                raise TimeoutError
            return self._end(self._reported_code(process_fd))
        finally:
            os.close(process_fd)

    def report(self, code: int | None) -> None:
        """Notes what the fork server tells of its end; None when that has died itself."""
        with suppress(InvalidStateError):
            self._report.set_result(code)

    def _reported_code(self, process_fd: int) -> int:
        try:
            code = self._report.result(REPORT_TIMEOUT_SECONDS)
        except TimeoutError:
            log.exception("the fork server does not tell of the end of %d", self.pid)
            self._end_fork_server()
            code = None
        return _reap(process_fd) if code is None else code

    def _end(self, code: int) -> int:
        with self._lock:
            if self._code is None:
                self._code = code
                os.close(self._process_fd)
                self._lifeline.close()
            return self._code


def _wait_until_readable(fd: int, timeout: float | None) -> bool:
    poll = select.poll()
    poll.register(fd, select.POLLIN)
    return bool(poll.poll(None if timeout is None else 1000 * timeout))


def _reap(process_fd: int) -> int:
    """Returns the exit code of a child whose fork server has died: it is this process's own then."""
    try:
        result = os.waitid(os.P_PIDFD, process_fd, os.WEXITED)
    except ChildProcessError:
        return UNKNOWN_EXIT_CODE
    if result is None:
        return UNKNOWN_EXIT_CODE
    return result.si_status if result.si_code == os.CLD_EXITED else -result.si_status


def _adopt_orphans() -> None:
    """Makes children of a fork server that dies this process's own, as prctl(2) describes."""
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


class _Request(NamedTuple):
    lifeline: Lifeline
    answer: Future[ForkedChild | None]


class ForkServerProcess:
    """One fork server, from its start to its end."""

    def __init__(self, modules: Sequence[str], priority: int | None) -> None:
        self._connection, other = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with other:
            spec = ChildSpec(module=FORK_SERVER_MODULE, arguments=tuple(modules), priority=priority)
            try:
                self._process = SubprocessChild(spec, Streams(other.fileno(), 2))
            except BaseException:
                self._connection.close()
                raise
        self.pid = self._process.pid
        self.ready: Future[bool] = Future()
        """Whether it has become ready, known when it has or has ended."""
        self.ended: Future[None] = Future()
        self._has_ended = False
        self._lock = threading.Lock()
        self._requests: dict[int, _Request] = {}
        self._request_count = 0
        self._children: dict[int, ForkedChild] = {}
        self._started_at = time.monotonic()
        try:
            threading.Thread(target=self._read_reports, name="fork server", daemon=True).start()
        except RuntimeError:  # no thread left
            self.kill()
            self._process.wait()
            self._connection.close()
            raise

    @property
    def age_seconds(self) -> float:
        """Time since its start."""
        return time.monotonic() - self._started_at

    def fork(self, spec: ChildSpec, streams: Streams, lifeline: Lifeline) -> ForkedChild | None:
        """Returns a new child; None when that is not possible at this moment."""
        answer: Future[ForkedChild | None] = Future()
        with self._lock:
            if self._has_ended:
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
        with suppress(TimeoutError):
            return answer.result(CLOSE_TIMEOUT_SECONDS)
        return None

    def kill(self) -> None:
        """Ends it at once; its children live on."""
        self._process.kill()

    def close(self) -> None:
        """Ends it and waits for its end; its children live on."""
        with suppress(OSError):
            self._connection.shutdown(socket.SHUT_RDWR)
        if not self.ready.done():  # it does not listen yet
            self.kill()
        try:
            self._process.wait(CLOSE_TIMEOUT_SECONDS)
        except TimeoutError:
            self.kill()
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
        except Exception:  # of whatever kind: nobody may wait for this thread in vain
            log.exception("the fork server cannot be understood")
            self.kill()
        finally:
            self._handle_end()

    def _handle_end(self) -> None:
        code = self._process.wait()
        log.info("the fork server ended, %d", code)
        self._connection.close()
        with self._lock:
            self._has_ended = True
            requests, self._requests = list(self._requests.values()), {}
        for request in requests:
            request.answer.set_result(None)
        for child in self._children.values():
            child.report(None)
        if not self.ready.done():
            self.ready.set_result(False)
        self.ended.set_result(None)

    def _handle_report(self, content: bytes, fds: list[int]) -> None:
        match report := FORK_REPORTS.validate_json(content):
            case ReadyReport():
                self.ready.set_result(True)
            case ForkedReport():
                request = self._take_request(report.number)
                try:
                    process_fd = fds[0] if fds else os.pidfd_open(report.pid)
                except OSError:  # no descriptor left here
                    os.kill(report.pid, signal.SIGKILL)
                    request.answer.set_result(None)
                else:
                    child = ForkedChild(report.pid, process_fd, request.lifeline, self.close)
                    self._children[report.pid] = child
                    request.answer.set_result(child)
            case RefusedReport():
                self._take_request(report.number).answer.set_result(None)
            case ExitedReport():
                if ended_child := self._children.pop(report.pid, None):
                    ended_child.report(report.code)
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
        self._start_count = self._failures = 0
        self._next_start_at = 0.0
        self._lock = threading.RLock()

    def enable(self) -> None:
        """Lets children be forked; the first of them starts the server."""
        self._enabled = sys.platform == "linux" and hasattr(os, "pidfd_open")
        if self._enabled:
            _adopt_orphans()

    def start(self, priority: int | None) -> ForkServerProcess | None:
        """Starts the server unless it runs already, and returns it; None where there can be none at this moment."""
        with self._lock:
            if self._process is None and self._enabled and time.monotonic() >= self._next_start_at:
                try:
                    process = ForkServerProcess(self._modules, priority)
                except (OSError, RuntimeError):  # no memory, process, descriptor or thread left
                    log.exception("no fork server could be started")
                    return None
                self._process = process
                self._start_count += 1
                process.ended.add_done_callback(lambda _: self._handle_end(process, priority))
            return self._process

    def fork(self, spec: ChildSpec, streams: Streams, lifeline: Lifeline) -> ForkedChild | None:
        """Returns a new child; None when that is not possible at this moment."""
        process = self.start(spec.priority)
        # whoever comes first waits; when a server has died and another one imports, children go without it
        if process is None or (not process.ready.done() and self._start_count > 1):
            return None
        try:
            ready = process.ready.result(IMPORT_TIMEOUT_SECONDS)
        except TimeoutError:
            log.error("the imports of the fork server take too long")
            process.kill()
            return None
        return process.fork(spec, streams, lifeline) if ready else None

    def close(self) -> None:
        """Ends the server, and starts no other one."""
        with self._lock:
            self._enabled = False
            process, self._process = self._process, None
        if process:
            process.close()

    def _handle_end(self, process: ForkServerProcess, priority: int | None) -> None:
        with self._lock:
            if self._process is not process:
                return
            self._process = None
            if process.ready.result() and process.age_seconds >= LONG_LIFE_SECONDS:
                self._failures = 0
            else:
                self._failures += 1
                if self._failures > 1:  # an accident is not waited for
                    delay = min(FIRST_RETRY_SECONDS * 2 ** (self._failures - 2), MAX_RETRY_SECONDS)
                    self._next_start_at = time.monotonic() + delay
        self.start(priority)
