"""What the pages of this process keep of data sets: the last ones looked at, and what was computed of each."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

from cnnviz.data.base import Dataset
from cnnviz.data.content import Content

MOST = 48
"""Data sets; large ones are files of which only what is shown comes into memory."""
MOST_REMEMBERED = 120
"""Results of one data set."""
T = TypeVar("T")


class Known:
    """The data sets that were looked at last; those that nobody looks at any more are let go of."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._kept: OrderedDict[tuple[str, str], Content] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, dataset: Dataset) -> Content | None:
        """Everything in it, if it is kept."""
        with self._lock:
            content = self._kept.get((dataset.name, dataset.version))
            if content is not None:
                self._kept.move_to_end((dataset.name, dataset.version))
            return content

    def keep(self, dataset: Dataset, content: Content) -> None:
        """Keep it for the next look."""
        with self._lock:
            self._kept[dataset.name, dataset.version] = content
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)

    def drop(self, name: str) -> None:
        """Let go of it."""
        with self._lock:
            for key in [key for key in self._kept if key[0] == name]:
                del self._kept[key]


_results: WeakKeyDictionary[Content, tuple[threading.RLock, OrderedDict[Hashable, Any]]] = WeakKeyDictionary()
_lock = threading.Lock()


def remembered(content: Content, key: Hashable, make: Callable[[], T]) -> T:
    """What `make` gives, computed once for all who ask at the same time; forgotten with the content."""
    with _lock:
        lock, results = _results.setdefault(content, (threading.RLock(), OrderedDict()))
    with lock:
        if key not in results:
            results[key] = make()
            while len(results) > MOST_REMEMBERED:
                results.popitem(last=False)
        result: T = results[key]
        return result
