"""When people last did something: for what nobody should hold who has left."""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable

MAX_KEYS = 20_000
"""People and logins that are remembered; those that have done nothing for the longest time are forgotten first."""


class LastActions:
    """The last action of each person and of each login, by a key; any thread may note one and ask.

    What is not known counts from when this object was made: a server that was started again knows of nobody.
    """

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock, self._lock = clock, threading.Lock()
        self._made, self._last = clock(), OrderedDict[str, float]()

    def note(self, *keys: str) -> None:
        """Notes that something is being done."""
        now = self._clock()
        with self._lock:
            for key in keys:
                self._last[key] = now
                self._last.move_to_end(key)
            while len(self._last) > MAX_KEYS:
                self._last.popitem(last=False)

    def idle_seconds(self, key: str, since: float = 0.0) -> float:
        """Returns for how long nothing has been done; not counting the time before `since`, in seconds since 1970."""
        return self._clock() - max(self._last.get(key, self._made), since)
