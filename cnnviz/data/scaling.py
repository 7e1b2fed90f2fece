"""Values brought to a common scale: a floor under them, then mean 0 and deviation 1 by the training samples alone."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from cnnviz.data.arrays import Samples

BLOCK_SIZE = 1024
"""Samples that are summed up together."""


class SliceableSamples(Protocol):
    """An array of samples, or what gives slices of one."""

    @property
    def shape(self) -> tuple[int, ...]:
        """(N, *shape)."""
        ...

    @property
    def ndim(self) -> int:
        """Axes, that of the samples included."""
        ...

    @property
    def size(self) -> int:
        """Values in all."""
        ...

    def __len__(self) -> int: ...

    def __getitem__(self, place: slice, /) -> Samples:
        """Some of them."""
        ...


Moments = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Normalization:
    """Over what mean and standard deviation are taken: which axes of (N, *shape) keep numbers of their own."""

    title: str
    kept_axes: tuple[int, ...]


NORMALIZATIONS: dict[str, Normalization | None] = {
    "none": None,
    "global": Normalization("one for all values", ()),
    "channel": Normalization("one for each channel", (1,)),
    "column": Normalization("one for each place of the last axis", (-1,)),
}
"""Every way to normalise, by name. For pictures of sound the last axis are the bands."""


@dataclass(frozen=True, eq=False)
class Scale:
    """Values below `floor` are raised to it, then (x − mean) / std; mean and std broadcast over (N, *shape)."""

    floor: float | None = None
    mean: npt.NDArray[np.float32] | None = None
    std: npt.NDArray[np.float32] | None = None

    def apply(self, x: Samples) -> Samples:
        """The scaled samples; `x` itself where there is nothing to do, and never changed."""
        if self.floor is None and self.mean is None:
            return x
        scaled = np.array(x, np.float32) if self.floor is None else np.maximum(x, np.float32(self.floor))
        if self.mean is not None and self.std is not None:
            with np.errstate(over="ignore"):  # of enormous values infinite ones are left, and training tells
                scaled -= self.mean  # in place: what is scaled may be most of the memory there is
                scaled /= self.std
        return scaled

    def to_dict(self) -> dict[str, object]:
        """As JSON holds it."""
        result: dict[str, object] = {"floor": self.floor}
        for name, value in (("mean", self.mean), ("std", self.std)):
            result[name] = None if value is None else [float(number) for number in value.ravel()]
        return result


def fit_scale(training: SliceableSamples, floor: float | None = None, normalization: str = "none") -> Scale:
    """The scale that these training samples ask for; no other sample has a say.

    A place where all training values are equal is not stretched.
    """
    normalization_kind = NORMALIZATIONS[normalization]
    if normalization_kind is None:
        return Scale(floor)
    kept_axes = {axis % training.ndim for axis in normalization_kind.kept_axes}
    reduced_axes = tuple(axis for axis in range(training.ndim) if axis not in kept_axes)
    blocks = [training[start : start + BLOCK_SIZE] for start in range(0, len(training), BLOCK_SIZE)]
    count = training.size // int(np.prod([training.shape[axis] for axis in kept_axes]))
    floor_scale = Scale(floor)
    mean = np.asarray(sum(_sum_over(floor_scale.apply(block), reduced_axes) for block in blocks)) / count
    std = np.sqrt(
        np.asarray(sum(_sum_over((floor_scale.apply(block) - mean) ** 2, reduced_axes) for block in blocks)) / count
    )
    std[std < 1e-12 * np.maximum(1, np.abs(mean))] = 1
    return Scale(floor, mean.astype(np.float32), std.astype(np.float32))


def _sum_over(values: npt.NDArray[np.floating], over: tuple[int, ...]) -> Moments:
    return np.asarray(values.sum(axis=over, keepdims=True, dtype=np.float64))
