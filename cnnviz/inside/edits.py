"""Edits of a sample that ask a net "what if": erase, shift, add noise."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from cnnviz.data.arrays import Samples

Erasing = Literal["nothing", "inside", "outside"]
Fill = Literal["mean", "smallest", "zero"]
FILLS: tuple[Fill, ...] = ("mean", "smallest", "zero")
"""What may stand where a sample is erased: its mean, its smallest value, or 0."""
Box = tuple[tuple[int, int], ...]
"""First position and the one behind the last, along each axis behind the channels."""


@dataclass(frozen=True)
class Edit:
    """Changes made to a sample one after the other: shifted, then made noisy, then erased; nothing by default."""

    shift: tuple[int, ...] = ()
    """Steps along each axis behind the channels, towards higher positions; what leaves the sample is lost."""
    noise: float = 0.0
    """Standard deviation of added normal noise, relative to that of the sample."""
    erasing: Erasing = "nothing"
    """Whether the inside or the outside of `box` is erased."""
    box: Box = ()
    fill: Fill = "mean"
    seed: int = 0

    def apply(self, sample: Samples) -> Samples:
        """Returns the edited sample, (*shape) float32; the sample itself is never changed."""
        cover, deviation = fill_value(sample, self.fill), float(sample.std())
        edited = np.array(sample, np.float32)
        for axis, steps in enumerate(self.shift, first_axis(sample)):
            edited = shifted(edited, axis, steps, cover)
        if self.noise:
            drawn = np.random.default_rng(self.seed).standard_normal(edited.shape, np.float32)
            edited += np.float32(self.noise * deviation) * drawn
        if self.erasing != "nothing":
            inside = inside_box(sample, self.box)
            edited[inside if self.erasing == "inside" else ~inside] = cover
        return edited


def fill_value(sample: Samples, fill: Fill) -> float:
    """Returns the value that stands where a sample is erased.

    >>> fill_value(np.array([1.0, 3.0], np.float32), "mean")
    2.0
    """
    return {"mean": float(sample.mean()), "smallest": float(sample.min()), "zero": 0.0}[fill]


def shifted(sample: Samples, axis: int, steps: int, cover: float) -> Samples:
    """Returns a sample moved by some steps along one axis; `cover` stands where nothing has come from.

    >>> shifted(np.array([1, 2, 3], np.float32), 0, 1, 0.0).tolist()
    [0.0, 1.0, 2.0]
    """
    size = sample.shape[axis]
    source = np.arange(size) - steps
    lost = (source < 0) | (source >= size)
    moved = np.take(sample, source.clip(0, size - 1), axis=axis)
    moved[(slice(None),) * axis + (lost,)] = cover
    return moved


def inside_box(sample: Samples, box: Box) -> npt.NDArray[np.bool_]:
    """Returns what of a sample lies in a box, (*shape), in all of its channels."""
    inside = np.zeros(sample.shape, bool)
    inside[(slice(None),) * first_axis(sample) + tuple(slice(*ends) for ends in box)] = True
    return inside


def first_axis(sample: Samples) -> int:
    """Returns the first axis behind the channels; 0 for a sample that has no channels, only values."""
    return int(sample.ndim > 1)
