"""All samples of a data set, and what is known about each of them."""

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import numpy.typing as npt

from cnnviz.data.arrays import Labels, PartNumbers, Samples, SplitIndices
from cnnviz.data.splits import Splits, take_splits
from cnnviz.data.splitting import SPLIT_KINDS, leave_out, split_at_random, split_by_parts, split_by_speaker
from cnnviz.errors import DataError
from cnnviz.shapes import Shape
from cnnviz.words import quote_name


class Recordings(Protocol):
    """Recordings that samples were computed from: an array, or an object that decodes them on demand."""

    def __getitem__(self, number: int, /) -> npt.NDArray[np.int16]:
        """Returns the recording of one sample, (samples,)."""
        ...


class PartView:
    """The samples of one part in the order of the data set; only the slices that are asked for are loaded."""

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
    """Samples x (N, *shape) float32 with class numbers y (N,), and what their source says about each of them.

    sounds: the recordings whose features x holds, at `rate` samples a second. speakers: who is heard, if known.
    parts: the part of each sample where the source itself defines one, by the name of that way to split.
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
        """Names of the ways to split that this data has the information for; `split_indices` may still refuse one."""
        possible_kinds = {*self.parts} | ({"speaker"} if self.speakers is not None else set())
        if "folders" not in self.parts:  # these are the split: mixed, its test samples would be learned
            possible_kinds.add("random")
        return tuple(kind for kind in SPLIT_KINDS if kind in possible_kinds)

    def split_indices(self, split_kind: str = "random", left_out: Collection[int] = ()) -> SplitIndices:
        """Returns the indices of the samples of each part, without those of the training part that are left out.

        Validation and test keep all their samples. Raises DataError when they cannot be split this way, and when a
        class would have no training samples left.
        """
        training, validation, test = self._whole_parts(split_kind)
        return leave_out(training, left_out, self.y, self.classes), validation, test

    def _whole_parts(self, split_kind: str) -> SplitIndices:
        if split_kind in self.parts:
            return split_by_parts(self.y, self.classes, self.parts[split_kind])
        if split_kind == "speaker" and self.speakers is not None:
            return split_by_speaker(self.y, self.classes, self.speakers)
        if split_kind == "random":
            return split_at_random(self.y, self.classes)
        raise DataError(
            f"These files do not say which sample belongs to which part of the split {quote_name(split_kind)}; split"
            " them at random."
        )

    def split(self, split_kind: str = "random", left_out: Collection[int] = ()) -> Splits:
        """Returns training, validation and test samples; raises DataError like `split_indices`."""
        return take_splits(self.x, self.y, self.split_indices(split_kind, left_out))
