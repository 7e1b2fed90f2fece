"""Writes to a store that may refuse them for a while: done in their order, again and again."""

import logging
from collections import deque
from collections.abc import Callable

from sqlalchemy import exc
from sqlalchemy.exc import InterfaceError, OperationalError, SQLAlchemyError

RETRY_SECONDS = 1.0
"""Seconds until something is tried again that the store refused: a full disk, a locked database."""
TRANSIENT_ERRORS = (OperationalError, InterfaceError, exc.TimeoutError, OSError)
"""What a full disk, a locked database or one that is just being started raises."""
STORE_ERRORS = (SQLAlchemyError, OSError)

log = logging.getLogger(__name__)


class RetryQueue:
    """What is still to be written; a checkpoint must never lie there before the points that led to it."""

    def __init__(self, call_later: Callable[[float, Callable[[], None]], None]) -> None:
        self._call_later = call_later
        self._waiting: deque[Callable[[], None]] = deque()

    def submit(self, task: Callable[[], None]) -> None:
        """Do it, behind all that waits."""
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
            except Exception:  # whatever it is, what waits behind it must not
                log.exception("something cannot be written")
            self._waiting.popleft()
