"""The supervisor of the fork server: starts it again when it dies, at once or, if it keeps dying young, later."""

import ctypes
import logging
import os
import sys
import threading
import time
from collections.abc import Sequence

from cnnviz.processes.fork_client import ForkServerProcess
from cnnviz.processes.forked_child import ForkedChild
from cnnviz.processes.lifeline import Lifeline
from cnnviz.processes.messages import ChildSpec
from cnnviz.processes.subprocess_child import Streams

IMPORT_TIMEOUT_SECONDS = 60.0
"""Time for the imports of the first fork server; after that, children are started without it."""
LONG_LIFE_SECONDS = 60.0
"""Age at which the death of a fork server is an accident, whatever it is due to."""
FIRST_RETRY_SECONDS, MAX_RETRY_SECONDS = 60.0, 3600.0
"""Time until another one is started where two have died young; doubled each time."""
PR_SET_CHILD_SUBREAPER = 36
"""Constant of linux/prctl.h."""
log = logging.getLogger(__name__)


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


def _adopt_orphans() -> None:
    """Makes children of a fork server that dies this process's own, as prctl(2) describes."""
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
