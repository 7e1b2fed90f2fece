"""A child of the fork server, as whoever started it sees it."""

import logging
import os
import select
import signal
import threading
from collections.abc import Callable
from concurrent.futures import Future, InvalidStateError
from contextlib import suppress

from cnnviz.processes.lifeline import Lifeline

REPORT_TIMEOUT_SECONDS = 2.0
"""Time until the fork server must have told how a child has ended."""
UNKNOWN_EXIT_CODE = 255
"""Exit code of a child whose true one nobody can tell any more."""
log = logging.getLogger(__name__)


class ForkedChild:
    """A started child. Its end is seen by the descriptor of its process; the fork server only tells the exit code."""

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
