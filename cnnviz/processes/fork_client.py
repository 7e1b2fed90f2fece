"""The server's side of one fork server: asks it for children, and hears how they ended."""

import logging
import os
import signal
import socket
import threading
import time
from collections.abc import Sequence
from concurrent.futures import Future
from contextlib import suppress
from typing import NamedTuple, assert_never

from cnnviz.processes.forked_child import ForkedChild
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
ANSWER_TIMEOUT_SECONDS = 10.0
"""Time for one fork."""
CLOSE_TIMEOUT_SECONDS = 5.0
"""Time to end when it is told to, before it is killed."""
log = logging.getLogger(__name__)


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
