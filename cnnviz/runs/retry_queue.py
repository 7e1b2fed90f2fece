"""Queue of writes to a store that may fail for a while: each is tried until it succeeds, in order."""

import logging
from collections import deque
from collections.abc import Callable

from sqlalchemy import exc
from sqlalchemy.exc import InterfaceError, OperationalError, SQLAlchemyError

RETRY_SECONDS = 1.0
"""Seconds until a write that failed is tried again."""
TRANSIENT_ERRORS = (OperationalError, InterfaceError, exc.TimeoutError, OSError)
"""Errors of a full disk, of a locked database, and of one that is still starting."""
STORE_ERRORS = (SQLAlchemyError, OSError)

log = logging.getLogger(__name__)


class RetryQueue:
    """Writes in their order: a checkpoint must never be stored before the points that led to it."""

    def __init__(self, call_later: Callable[[float, Callable[[], None]], None]) -> None:
        self._call_later = call_later
        self._waiting: deque[Callable[[], None]] = deque()

    def submit(self, task: Callable[[], None]) -> None:
        """Does a write, after all that wait."""
        self._waiting.append(task)
        if len(self._waiting) == 1:
            self._drain()

    def _drain(self) -> None:
        while self._waiting:
            try:
                self._waiting[0]()
            except TRANSIENT_ERRORS:
                log.exception("something is not written yet")
                self._call_later(RETRY_SECONDS, self._drain)
                return
            except Exception:  # what waits behind it must be written all the same
                log.exception("something cannot be written")
            self._waiting.popleft()
