"""The data at hand in a worker: those of the last runs need not be read again, and runs of the same data share them."""

from collections.abc import Callable
from typing import TypeVar

import torch

from cnnviz.data import find
from cnnviz.data.base import Progress, Splits
from cnnviz.training.config import TrainConfig
from cnnviz.training.prepared import Prepared, prepare

MOST_LOADED = 2**30
"""Bytes of data that are kept at hand for the next runs, those of the present one included."""
Key = tuple[object, ...]
T = TypeVar("T")


class Loaded:
    """Splits as they were read, and the same scaled and resident on the device."""

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self._splits: dict[Key, Splits] = {}
        self._prepared: dict[Key, Prepared] = {}

    @property
    def nbytes(self) -> int:
        """Bytes on the device."""
        splits = sum(map(size, self._splits.values())) if self._device.type == "cpu" else 0
        return splits + sum(data.nbytes for data in self._prepared.values())

    def get(self, config: TrainConfig, owner: str, progress: Progress) -> Prepared:
        """The data of a run; what is not at hand may take a while, which `progress` hears."""
        key = (config.dataset, owner, config.split, find(config.dataset, owner).version)
        scaled = (*key, config.floor, config.normalization)
        if scaled not in self._prepared:
            splits = _once(self._splits, key, lambda: read(config, owner, progress), size)
            _once(self._prepared, scaled, lambda: prepare(splits, config, self._device), lambda data: data.nbytes)
        return self._prepared[scaled]


def read(config: TrainConfig, owner: str, progress: Progress) -> Splits:
    """The data set of a run, split as it says."""
    return find(config.dataset, owner).split_by(config.split, progress)


def size(splits: Splits) -> int:
    """Bytes of all samples."""
    return sum(part.x.nbytes for part in splits.parts)


def _once(kept: dict[Key, T], key: Key, make: Callable[[], T], nbytes: Callable[[T], int]) -> T:
    """What is kept there; made first, and others let go of for it, where nothing is."""
    if key not in kept:
        made = make()
        while kept and nbytes(made) + sum(map(nbytes, kept.values())) > MOST_LOADED:
            kept.pop(next(iter(kept)))
        kept[key] = made
    return kept[key]
