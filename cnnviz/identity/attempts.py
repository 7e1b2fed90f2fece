"""Limits of wrong attempts to come in: per name, per address, and in all."""

import math
import time

from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from cnnviz.identity.door import LockedError

WINDOW_MINUTES = 15
WRONG_PER_NAME, WRONG_PER_ADDRESS, WRONG_IN_ALL = 5, 100, 500
"""Wrong attempts within that time. A class behind one address mistypes more often than one person."""


class Attempts:
    """Counts the wrong attempts of the last minutes; what was right does not count, and clears its name."""

    def __init__(self) -> None:
        self._limiter = MovingWindowRateLimiter(MemoryStorage())
        self._per_name = RateLimitItemPerMinute(WRONG_PER_NAME, WINDOW_MINUTES, "name")
        self._per_address = RateLimitItemPerMinute(WRONG_PER_ADDRESS, WINDOW_MINUTES, "address")
        self._in_all = RateLimitItemPerMinute(WRONG_IN_ALL, WINDOW_MINUTES, "all")

    def check(self, login: str, address: str) -> None:
        """Raises LockedError where there were too many wrong attempts for this name, from this address, or in all."""
        for item, key, whose in (
            (self._per_name, login, "with this name"),
            (self._per_address, address, "from your network address"),
            (self._in_all, "", "on this server"),
        ):
            if not self._limiter.test(item, key):
                minutes = math.ceil((self._limiter.get_window_stats(item, key).reset_time - time.time()) / 60)
                raise LockedError(
                    f"There were too many wrong attempts {whose}. Try again in {max(minutes, 1)}"
                    f" {'minute' if minutes <= 1 else 'minutes'}, or ask your teacher for a new PIN."
                )

    def note_wrong(self, login: str, address: str) -> None:
        """Counts a wrong attempt."""
        for item, key in ((self._per_name, login), (self._per_address, address), (self._in_all, "")):
            self._limiter.hit(item, key)

    def forgive(self, login: str) -> None:
        """Forgets the wrong attempts with a name: its person has come in, or the teacher has helped."""
        self._limiter.clear(self._per_name, login)
