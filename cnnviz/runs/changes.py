"""Changes: which runs and searches have changed since a moment, for pages that would look again for nothing."""

import threading
from collections.abc import Iterable


class Changes:
    """The moment of the last change of everything that has an id; a moment is the number of changes before it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._moment = 0
        self._last: dict[str, int] = {}

    @property
    def moment(self) -> int:
        """The present moment."""
        return self._moment

    def note(self, *keys: str) -> None:
        """Notes that something has changed, after the change is stored."""
        with self._lock:
            self._moment += 1
            self._last |= dict.fromkeys(keys, self._moment)

    def forget(self, key: str) -> None:
        """Forgets something that is deleted."""
        with self._lock:
            self._last.pop(key, None)

    def any_since(self, moment: int, keys: Iterable[str]) -> bool:
        """Returns whether any of these has changed since a moment."""
        return any(self._last.get(key, 0) > moment for key in keys)
