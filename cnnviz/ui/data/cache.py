"""The data sets that pages of this process have opened last, and the results computed from them."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

from cnnviz.data.content import Content
from cnnviz.data.dataset import Dataset

MAX_DATASETS = 48
"""Data sets; large ones are files of which only what is shown comes into memory."""
MAX_RESULTS = 120
"""Results of one data set."""
MAX_PICTURES = 240
"""Pictures of samples of one data set, each of about 10 kB."""
T = TypeVar("T")


class ContentCache:
    """Cache of the data sets opened last; the one unused for longest is dropped first."""

    def __init__(self, max_datasets: int = MAX_DATASETS) -> None:
        self._max_datasets = max_datasets
        self._contents: OrderedDict[tuple[str, str], Content] = OrderedDict()
        self._lock = threading.Lock()
        self._reading: dict[tuple[str, str], threading.Lock] = {}

    @contextmanager
    def reading(self, dataset: Dataset) -> Iterator[None]:
        """Waits until nobody else reads this data set: a class that opens it at once needs it in memory once."""
        key = (dataset.name, dataset.version)
        with self._lock:
            lock = self._reading.setdefault(key, threading.Lock())
        try:
            with lock:
                yield
        finally:
            with self._lock:
                self._reading.pop(key, None)

    def get(self, dataset: Dataset) -> Content | None:
        """Returns the content of a data set, or None if it is not cached."""
        with self._lock:
            content = self._contents.get((dataset.name, dataset.version))
            if content is not None:
                self._contents.move_to_end((dataset.name, dataset.version))
            return content

    def put(self, dataset: Dataset, content: Content) -> None:
        """Caches the content of a data set."""
        with self._lock:
            self._contents[dataset.name, dataset.version] = content
            while len(self._contents) > self._max_datasets:
                self._contents.popitem(last=False)

    def drop(self, name: str) -> None:
        """Drops a data set."""
        with self._lock:
            for key in [key for key in self._contents if key[0] == name]:
                del self._contents[key]


@dataclass(eq=False)
class _Result:
    """A result, or that somebody computes it: others who want the same wait, those who want another one do not."""

    lock: threading.RLock = field(default_factory=threading.RLock)
    values: list[Any] = field(default_factory=list)
    """The result, once it is there."""


class ResultCache:
    """What is computed from contents, up to a number for each, and dropped with the content."""

    def __init__(self, max_results: int) -> None:
        self._max_results = max_results
        self._results: WeakKeyDictionary[Content, OrderedDict[Hashable, _Result]] = WeakKeyDictionary()
        self._lock = threading.Lock()

    def get(
        self, content: Content, key: Hashable, compute: Callable[[], T], on_wait: Callable[[], None] = lambda: None
    ) -> T:
        """Returns what `compute` returns, computed once for all callers at a time; the oldest is dropped first.

        `on_wait` is called where another caller is computing it already.
        """
        with self._lock:
            results = self._results.setdefault(content, OrderedDict())
            result = results.setdefault(key, _Result())
            while len(results) > self._max_results:
                results.popitem(last=False)
        if not result.lock.acquire(blocking=False):
            on_wait()
            result.lock.acquire()
        try:
            if not result.values:
                result.values.append(compute())
            value: T = result.values[0]
            return value
        finally:
            result.lock.release()


RESULTS, PICTURES = ResultCache(MAX_RESULTS), ResultCache(MAX_PICTURES)
