"""Rules of layers that change an axis without a window that slides over it in equal steps."""

import math
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from cnnviz.errors import ShapeError
from cnnviz.windows import NOTHING, Indices


@dataclass(frozen=True)
class FractionalWindow:
    """Windows of a fractional pool, whose places are drawn anew for every channel of every sample.

    Window i starts at ⌊(i + u)·α⌋ − ⌊u·α⌋ with α = (size − kernel_size) / (output_size − 1) and u from 0 to 1, the last
    one at size − kernel_size. What a position reads here is what it reads in all draws taken together.
    Source: Graham, "Fractional Max-Pooling" (2014).
    """

    kernel_size: int
    output_size: int
    spare: int = 0
    """Samples that an axis must have more than it needs; torch wants one in three dimensions."""

    def largest_output(self, size: int) -> int:
        """Returns the largest output_size that fits an axis of `size` samples; below 1 where none does."""
        return size - self.kernel_size + 1 - self.spare

    def out_size(self, size: int, axis: str = "length") -> int:
        """Returns output_size; raises ShapeError where so many windows do not fit, each further on than the one before.

        >>> FractionalWindow(2, 12).out_size(26)
        12
        """
        if self.output_size > self.largest_output(size):
            raise ShapeError(
                f"{self.output_size} windows of {self.kernel_size} do not fit a {axis} of {size}: each stands at least"
                " one sample further on than the one before"
            )
        return self.output_size

    def formula(self, size: int) -> str:
        """Returns by how much the windows move on.

        >>> FractionalWindow(2, 12).formula(26)
        'windows of 2 at random, (26 − 2) / 11 apart in the mean = 12'
        """
        out = self.out_size(size)
        if out == 1:
            return f"one window of {self.kernel_size} at the end = 1"
        apart = f"({size} − {self.kernel_size}) / {out - 1}"
        return f"windows of {self.kernel_size} at random, {apart} apart in the mean = {out}"

    def period(self, size: int) -> tuple[int, int]:
        """Returns after how many outputs α times their number is whole, and that product."""
        if self.output_size == 1:
            return 1, size
        step = Fraction(size - self.kernel_size, self.output_size - 1)
        return step.denominator, step.numerator

    def sources(self, positions: Indices, size: int) -> Indices:
        """Returns the samples from the first to the last that a window covers in some draw.

        >>> FractionalWindow(2, 3).sources(np.arange(3), 7).tolist() == [[0, 1, NOTHING], [2, 3, 4], [5, 6, NOTHING]]
        True
        """
        last, moves = size - self.kernel_size, max(self.output_size - 1, 1)
        earliest = positions * last // moves if self.output_size > 1 else positions * size + last
        latest = -(-positions * last // moves) if self.output_size > 1 else earliest
        samples = earliest[:, None] + np.arange(self.kernel_size + 1, dtype=np.int64)
        return np.where(samples < (latest + self.kernel_size)[:, None], samples, NOTHING)


@dataclass(frozen=True)
class Repeated:
    """Every sample `times` times in a row."""

    times: int

    def out_size(self, size: int, axis: str = "length") -> int:
        """Returns size · times."""
        return size * self.times

    def formula(self, size: int) -> str:
        """Returns the product.

        >>> Repeated(2).formula(13)
        '13 · 2 = 26'
        """
        return f"{size} · {self.times} = {self.out_size(size)}"

    def period(self, size: int) -> tuple[int, int]:
        """Returns `times` outputs, 1 input."""
        return self.times, 1

    def sources(self, positions: Indices, size: int) -> Indices:
        """Returns the sample in each place.

        >>> Repeated(2).sources(np.arange(4), 9).tolist()
        [[0], [0], [1], [1]]
        """
        return positions[:, None] // self.times


@dataclass(frozen=True)
class Grouped:
    """Samples taken together in groups of `size_of_group`, which leave their places to more channels."""

    size_of_group: int

    def out_size(self, size: int, axis: str = "length") -> int:
        """Returns size / size_of_group; raises ShapeError where that is not whole."""
        if size % self.size_of_group:
            raise ShapeError(f"a {axis} of {size} cannot be divided by {self.size_of_group}")
        return size // self.size_of_group

    def formula(self, size: int) -> str:
        """Returns the quotient.

        >>> Grouped(2).formula(26)
        '26 / 2 = 13'
        """
        return f"{size} / {self.size_of_group} = {self.out_size(size)}"

    def period(self, size: int) -> tuple[int, int]:
        """Returns 1 output, a whole group of inputs."""
        return 1, self.size_of_group

    def sources(self, positions: Indices, size: int) -> Indices:
        """Returns the samples of each group."""
        return positions[:, None] * self.size_of_group + np.arange(self.size_of_group, dtype=np.int64)


@dataclass(frozen=True)
class Halved:
    """The first half of an axis with the second half laid on it."""

    def out_size(self, size: int, axis: str = "length") -> int:
        """Returns size / 2; raises ShapeError where that is not whole."""
        if size % 2:
            raise ShapeError(f"cannot halve a {axis} of {size}, which is odd")
        return size // 2

    def formula(self, size: int) -> str:
        """Returns the quotient.

        >>> Halved().formula(26)
        '26 / 2 = 13'
        """
        return f"{size} / 2 = {self.out_size(size)}"

    def period(self, size: int) -> tuple[int, int]:
        """Returns half of the axis, all of it."""
        return size // 2, size

    def sources(self, positions: Indices, size: int) -> Indices:
        """Returns each sample and the one half of the axis behind it.

        >>> Halved().sources(np.arange(2), 4).tolist()
        [[0, 2], [1, 3]]
        """
        places = positions % (size // 2) + positions // (size // 2) * size
        return np.stack([places, places + size // 2], axis=1)


@dataclass(frozen=True)
class Unchanged:
    """An axis that stays as it is beside one that does not."""

    def out_size(self, size: int, axis: str = "length") -> int:
        """Returns the size."""
        return size

    def formula(self, size: int) -> str:
        """Returns the size."""
        return f"{size} unchanged"

    def period(self, size: int) -> tuple[int, int]:
        """Returns 1 output, 1 input."""
        return 1, 1

    def sources(self, positions: Indices, size: int) -> Indices:
        """Returns the positions themselves."""
        return positions[:, None]


@dataclass(frozen=True)
class Interpolation:
    """Samples of an axis read at other distances, as torch.nn.functional.interpolate reads them.

    Either `size` or `factor` is given. `neighbours` is 1 where the nearest sample is taken, 2 for lines between two, 4
    for cubic curves through four.
    """

    size: int | None
    factor: float | None
    neighbours: int
    align_corners: bool = False
    centred: bool = False
    """Whether the nearest sample is that to the middle of a position, not that to its beginning."""

    def out_size(self, size: int, axis: str = "length") -> int:
        """Returns the wanted size, or ⌊size · factor⌋; raises ShapeError when nothing is left.

        >>> Interpolation(None, 1.5, 2).out_size(13)
        19
        """
        out = math.floor(size * self.factor) if self.factor is not None else self.size or 0
        if out < 1:
            raise ShapeError(f"leaves nothing of a {axis} of {size} times {self.factor:g}")
        return out

    def formula(self, size: int) -> str:
        """Returns the product, or the size that is wanted.

        >>> Interpolation(None, 1.5, 2).formula(13), Interpolation(20, None, 2).formula(13)
        ('⌊13 · 1.5⌋ = 19', '13 → 20')
        """
        return f"{size} → {self.size}" if self.factor is None else f"⌊{size} · {self.factor:g}⌋ = {self.out_size(size)}"

    def period(self, size: int) -> tuple[int, int]:
        """Returns after how many outputs the distances to the samples repeat themselves."""
        distance = self._exact_distance(size)
        return (distance.denominator, distance.numerator) if distance else (1, 0)

    def sources(self, positions: Indices, size: int) -> Indices:
        """Returns the samples that a position is computed from, those with a weight of 0 left out.

        >>> Interpolation(None, 2.0, 2).sources(np.arange(3), 4).tolist()
        [[-1, 0], [0, 1], [0, 1]]
        """
        if self.neighbours == 1:
            return self._nearest(positions, size)[:, None]
        places = self._places(positions, size)
        first = np.floor(places).astype(np.int64)
        samples = first[:, None] + np.arange(self.neighbours, dtype=np.int64) - (self.neighbours // 2 - 1)
        is_exact = (places == first)[:, None]
        return np.where(is_exact & (samples != first[:, None]), NOTHING, samples)

    def _exact_distance(self, size: int) -> Fraction:
        out = self.out_size(size)
        if self.align_corners:
            return Fraction(size - 1, out - 1) if out > 1 else Fraction(0)
        return Fraction(size, out) if self.factor is None else 1 / Fraction(str(self.factor))

    def _distance(self, size: int) -> np.float32:
        """Samples from one position to the next, in the precision with which torch computes it."""
        if self.factor is not None and not self.align_corners:
            return np.float32(1.0 / self.factor)
        exact = self._exact_distance(size)
        return np.float32(exact.numerator) / np.float32(exact.denominator)

    def _nearest(self, positions: Indices, size: int) -> Indices:
        out = self.out_size(size)
        if out in (size, 2 * size):
            return positions // (out // size)
        middle = np.float32(0.5 if self.centred else 0)
        nearest = np.floor((positions.astype(np.float32) + middle) * self._distance(size)).astype(np.int64)
        return np.asarray(np.where(positions < out, np.minimum(nearest, size - 1), nearest))

    def _places(self, positions: Indices, size: int) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
        distance = self._distance(size)
        if self.align_corners:
            return np.asarray(positions.astype(np.float32) * distance)
        places = (positions.astype(np.float32) + np.float32(0.5)) * distance - np.float32(0.5)
        return np.asarray(places)
