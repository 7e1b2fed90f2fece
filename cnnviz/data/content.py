"""What a data set holds once it is loaded: all samples, and what is known of each."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import numpy.typing as npt

from cnnviz.data.base import Labels, Rows, Samples, Splits, at_random, taken
from cnnviz.data.member import quoted
from cnnviz.data.splitting import WAYS, Parts, by_parts, by_speaker
from cnnviz.errors import DataError
from cnnviz.shapes import Shape


class Sounds(Protocol):
    """The recordings that samples were made of; an array, or what decodes them when they are asked for."""

    def __getitem__(self, number: int, /) -> npt.NDArray[np.int16]:
        """(samples,): the sound of one sample."""
        ...


class Part:
    """The samples of one part, of which only what is sliced comes into memory; in the order in which they lie."""

    def __init__(self, x: Samples, rows: npt.NDArray[np.intp]) -> None:
        self._x, self._rows = x, np.sort(rows)
        self.shape = (len(rows), *x.shape[1:])
        self.ndim, self.size = x.ndim, math.prod(self.shape)

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, place: slice) -> Samples:
        return self._x[self._rows[place]]


@dataclass(frozen=True, eq=False)
class Content:
    """Samples x (N, *shape) float32 with class numbers y (N,), and what their source told of each.

    sounds: what x are features of, `rate` samples a second. speakers: who is heard, if that is known. parts: by the
    name of a way to split, the part of each sample as the source itself has it.
    """

    x: Samples
    y: Labels
    classes: tuple[str, ...]
    sounds: Sounds | None = None
    rate: int = 16_000
    speakers: tuple[str, ...] | None = None
    parts: Mapping[str, Parts] = field(default_factory=dict)

    @property
    def shape(self) -> Shape:
        """Shape of one sample."""
        return tuple(self.x.shape[1:])

    @property
    def ways(self) -> tuple[str, ...]:
        """The names in WAYS that `rows` can be asked for; whether one of them succeeds, it tells."""
        known = {"random", *self.parts} | ({"speaker"} if self.speakers is not None else set())
        return tuple(way for way in WAYS if way in known)

    def rows(self, way: str = "random") -> Rows:
        """Places of the samples of each part; raises DataError when this way does not do for these samples."""
        if way in self.parts:
            return by_parts(self.y, self.classes, self.parts[way])
        if way == "speaker" and self.speakers is not None:
            return by_speaker(self.y, self.classes, self.speakers)
        if way == "random":
            return at_random(self.y, self.classes)
        raise DataError(f"These files do not tell how to split them in the way {quoted(way)}; split them at random.")

    def splits(self, way: str = "random") -> Splits:
        """Three parts in one of `ways`, as `rows`."""
        return taken(self.x, self.y, self.rows(way))
