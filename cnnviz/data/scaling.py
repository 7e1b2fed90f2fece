"""Scaling of values: a lower bound, then mean 0 and standard deviation 1 as measured on the training samples alone."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from cnnviz.data.arrays import Samples
from cnnviz.errors import DataError

BLOCK_SIZE = 1024
"""Samples that are summed up at once."""


class SliceableSamples(Protocol):
    """An array of samples, or an object that loads slices of one."""

    @property
    def shape(self) -> tuple[int, ...]:
        """(N, *shape), with the shape of one sample."""
        ...

    @property
    def ndim(self) -> int:
        """Number of axes, including that of the samples."""
        ...

    @property
    def size(self) -> int:
        """Number of values in all samples."""
        ...

    def __len__(self) -> int: ...

    def __getitem__(self, place: slice, /) -> Samples:
        """Returns a slice along the axis of the samples."""
        ...


Moments = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Normalization:
    """Way to normalize: along `kept_axes` of (N, *shape), each place has a mean and standard deviation of its own."""

    title: str
    kept_axes: tuple[int, ...]


NORMALIZATIONS: dict[str, Normalization | None] = {
    "none": None,
    "global": Normalization("one for all values", ()),
    "channel": Normalization("one for each channel", (1,)),
    "column": Normalization("one for each place on the last axis", (-1,)),
}
"""Every way to normalize, by name. In features of sound, the last axis holds the bands."""


@dataclass(frozen=True, eq=False)
class Scale:
    """Raises values below `floor` to it, then computes (x − mean) / std; mean and std broadcast over (N, *shape)."""

    floor: float | None = None
    mean: npt.NDArray[np.float32] | None = None
    std: npt.NDArray[np.float32] | None = None

    def apply(self, x: Samples) -> Samples:
        """Returns the scaled samples, or `x` itself when there is nothing to do; `x` is never changed."""
        if self.floor is None and self.mean is None:
            return x
        scaled = np.array(x, np.float32) if self.floor is None else np.maximum(x, np.float32(self.floor))
        if self.mean is not None and self.std is not None:
            with np.errstate(over="ignore"):  # enormous values become infinite, which training reports
                scaled -= self.mean  # in place: the samples may take most of the memory
                scaled /= self.std
        return scaled

    def to_dict(self) -> dict[str, object]:
        """Returns the scale in a form that JSON can hold."""
        result: dict[str, object] = {"floor": self.floor}
        for name, value in (("mean", self.mean), ("std", self.std)):
            result[name] = None if value is None else [float(number) for number in value.ravel()]
        return result


def scale_from_parameters(
    floor: float | None,
    mean: Sequence[float] | None,
    std: Sequence[float] | None,
    *,
    normalization: str,
    shape: tuple[int, ...],
) -> Scale:
    """Returns the scale of which `to_dict` gave these numbers, for samples of `shape`.

    Raises DataError where the numbers are not as many as this normalization has.
    """
    kind = NORMALIZATIONS[normalization]
    if mean is None or std is None or kind is None:
        return Scale(floor)
    batch_shape = (1, *shape)
    kept_axes = {axis % len(batch_shape) for axis in kind.kept_axes}
    moments_shape = [size if axis in kept_axes else 1 for axis, size in enumerate(batch_shape)]
    if not len(mean) == len(std) == math.prod(moments_shape):
        raise DataError("The numbers that these samples were scaled by do not fit them.")
    return Scale(floor, *(np.array(value, np.float32).reshape(moments_shape) for value in (mean, std)))


def fit_scale(training: SliceableSamples, floor: float | None = None, normalization: str = "none") -> Scale:
    """Measures the scale on training samples alone.

    Where all training values are equal, nothing is divided.
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
