"""Values brought to a common scale: a floor under them, then mean 0 and deviation 1 by the training samples alone."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from cnnviz.data.base import Samples

BLOCK = 1024
"""Samples that are summed up together."""


class Values(Protocol):
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
    kept: tuple[int, ...]


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

    def of(self, x: Samples) -> Samples:
        """The scaled samples; `x` itself where there is nothing to do, and never changed."""
        if self.floor is None and self.mean is None:
            return x
        scaled = np.array(x, np.float32) if self.floor is None else np.maximum(x, np.float32(self.floor))
        if self.mean is not None and self.std is not None:
            with np.errstate(over="ignore"):  # of enormous values infinite ones are left, and training tells
                scaled -= self.mean  # in place: what is scaled may be most of the memory there is
                scaled /= self.std
        return scaled

    def facts(self) -> dict[str, object]:
        """As JSON holds it."""
        told: dict[str, object] = {"floor": self.floor}
        for name, value in (("mean", self.mean), ("std", self.std)):
            told[name] = None if value is None else [float(each) for each in value.ravel()]
        return told


def fitted(training: Values, floor: float | None = None, normalization: str = "none") -> Scale:
    """The scale that these training samples ask for; no other sample has a say.

    A place where all training values are equal is not stretched.
    """
    way = NORMALIZATIONS[normalization]
    if way is None:
        return Scale(floor)
    kept = {axis % training.ndim for axis in way.kept}
    over = tuple(axis for axis in range(training.ndim) if axis not in kept)
    blocks = [training[start : start + BLOCK] for start in range(0, len(training), BLOCK)]
    count = training.size // int(np.prod([training.shape[axis] for axis in kept]))
    raised = Scale(floor)
    mean = np.asarray(sum(_sum(raised.of(block), over) for block in blocks)) / count
    std = np.sqrt(np.asarray(sum(_sum((raised.of(block) - mean) ** 2, over) for block in blocks)) / count)
    std[std < 1e-12 * np.maximum(1, np.abs(mean))] = 1
    return Scale(floor, mean.astype(np.float32), std.astype(np.float32))


def _sum(values: npt.NDArray[np.floating], over: tuple[int, ...]) -> Moments:
    return np.asarray(values.sum(axis=over, keepdims=True, dtype=np.float64))
