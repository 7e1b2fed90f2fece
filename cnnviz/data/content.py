"""What a data set holds once it is loaded: all samples, and what is known of each."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import numpy.typing as npt

from cnnviz.data.arrays import Labels, PartNumbers, Samples, SplitIndices
from cnnviz.data.splits import Splits, take_splits
from cnnviz.data.splitting import SPLIT_KINDS, split_at_random, split_by_parts, split_by_speaker
from cnnviz.errors import DataError
from cnnviz.shapes import Shape
from cnnviz.words import quote_name


class Recordings(Protocol):
    """The recordings that samples were made of; an array, or what decodes them when they are asked for."""

    def __getitem__(self, number: int, /) -> npt.NDArray[np.int16]:
        """(samples,): the sound of one sample."""
        ...


class SubsetView:
    """The samples of one part, of which only what is sliced comes into memory; in the order in which they lie."""

    def __init__(self, x: Samples, indices: npt.NDArray[np.intp]) -> None:
        self._x, self._indices = x, np.sort(indices)
        self.shape = (len(indices), *x.shape[1:])
        self.ndim, self.size = x.ndim, math.prod(self.shape)

    def __len__(self) -> int:
        return len(self._indices)

    def __getitem__(self, place: slice) -> Samples:
        return self._x[self._indices[place]]


@dataclass(frozen=True, eq=False)
class Content:
    """Samples x (N, *shape) float32 with class numbers y (N,), and what their source told of each.

    sounds: what x are features of, `rate` samples a second. speakers: who is heard, if that is known. parts: by the
    name of a way to split, the part of each sample as the source itself has it.
    """

    x: Samples
    y: Labels
    classes: tuple[str, ...]
    sounds: Recordings | None = None
    rate: int = 16_000
    speakers: tuple[str, ...] | None = None
    parts: Mapping[str, PartNumbers] = field(default_factory=dict)

    @property
    def shape(self) -> Shape:
        """Shape of one sample."""
        return tuple(self.x.shape[1:])

    @property
    def split_kinds(self) -> tuple[str, ...]:
        """The names in WAYS that `rows` can be asked for; whether one of them succeeds, it tells."""
        possible_kinds = {"random", *self.parts} | ({"speaker"} if self.speakers is not None else set())
        return tuple(way for way in SPLIT_KINDS if way in possible_kinds)

    def split_indices(self, split_kind: str = "random") -> SplitIndices:
        """Places of the samples of each part; raises DataError when this way does not do for these samples."""
        if split_kind in self.parts:
            return split_by_parts(self.y, self.classes, self.parts[split_kind])
        if split_kind == "speaker" and self.speakers is not None:
            return split_by_speaker(self.y, self.classes, self.speakers)
        if split_kind == "random":
            return split_at_random(self.y, self.classes)
        raise DataError(
            f"These files do not tell how to split them in the way {quote_name(split_kind)}; split them at random."
        )

    def split(self, split_kind: str = "random") -> Splits:
        """Three parts in one of `ways`, as `rows`."""
        return take_splits(self.x, self.y, self.split_indices(split_kind))
