"""Cache of data in a worker: data of recent runs are not read again, and runs of the same data share them."""

from collections.abc import Callable
from typing import TypeVar

import torch

from cnnviz.data import find_dataset
from cnnviz.data.dataset import ReportProgress
from cnnviz.data.splits import Splits
from cnnviz.training.config import TrainConfig
from cnnviz.training.prepared_data import PreparedData, prepare

MAX_CACHED_BYTES = 2**30
"""Most data in the cache, those of the present run included."""
CacheKey = tuple[object, ...]
T = TypeVar("T")


class DataCache:
    """Splits as they were read, and as they are scaled on the device."""

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self._splits: dict[CacheKey, Splits] = {}
        self._prepared: dict[CacheKey, PreparedData] = {}

    @property
    def nbytes(self) -> int:
        """Bytes that the cache takes on the device."""
        splits = sum(map(splits_nbytes, self._splits.values())) if self._device.type == "cpu" else 0
        return splits + sum(data.nbytes for data in self._prepared.values())

    def get(self, config: TrainConfig, owner: str, progress: ReportProgress) -> PreparedData:
        """Returns the data of a run; loads them where they are not cached, and calls `progress` meanwhile."""
        version = find_dataset(config.dataset, owner).version
        splits_key = (config.dataset, owner, config.split_kind, config.left_out, version)
        prepared_key = (*splits_key, config.floor, config.normalization)
        if prepared_key not in self._prepared:
            splits = _get_or_make(self._splits, splits_key, lambda: load_splits(config, owner, progress), splits_nbytes)
            _get_or_make(
                self._prepared, prepared_key, lambda: prepare(splits, config, self._device), lambda data: data.nbytes
            )
        return self._prepared[prepared_key]


def load_splits(config: TrainConfig, owner: str, progress: ReportProgress) -> Splits:
    """Returns the data set of a run, split as its configuration says."""
    return find_dataset(config.dataset, owner).load_splits(config.split_kind, progress, config.left_out)


def splits_nbytes(splits: Splits) -> int:
    """Returns the bytes of all samples."""
    return sum(part.x.nbytes for part in splits.parts)


def _get_or_make(cache: dict[CacheKey, T], key: CacheKey, make: Callable[[], T], nbytes: Callable[[T], int]) -> T:
    """Returns the cached value; makes it where there is none, and drops the oldest ones where they take too much."""
    if key not in cache:
        value = make()
        while cache and nbytes(value) + sum(map(nbytes, cache.values())) > MAX_CACHED_BYTES:
            cache.pop(next(iter(cache)))
        cache[key] = value
    return cache[key]
