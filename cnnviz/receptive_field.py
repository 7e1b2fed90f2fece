"""Receptive field: which samples of a net's input the positions behind a layer read, along one axis."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property, lru_cache

import numpy as np
import numpy.typing as npt

from cnnviz.windows import NOTHING, AxisRule, Indices, PaddedAxis, Window

MAX_READS = 2**22
"""Number of samples that the positions of an axis may read for a field to be worked out; only nets of axes with
hundreds of thousands of samples have more."""
_FIRST_OF_NONE, _LAST_OF_NONE = 2**60, -(2**60)
"""First and last sample of a position that reads nothing."""


@dataclass(frozen=True, eq=False)
class Extents:
    """The first and the last sample that each position of an axis reads."""

    firsts: Indices
    lasts: Indices

    def __eq__(self, other: object) -> bool:
        """Compares the samples."""
        if not isinstance(other, Extents):
            return NotImplemented
        return np.array_equal(self.firsts, other.firsts) and np.array_equal(self.lasts, other.lasts)

    __hash__ = None  # type: ignore[assignment]

    @cached_property
    def sizes(self) -> Indices:
        """Samples from the first to the last, at each position."""
        return np.asarray(np.maximum(self.lasts - self.firsts + 1, 0))

    @cached_property
    def hull(self) -> tuple[int, int]:
        """The first and the last sample that any position reads."""
        return int(self.firsts.min(initial=_FIRST_OF_NONE)), int(self.lasts.max(initial=_LAST_OF_NONE))


@dataclass(frozen=True)
class ReceptiveField:
    """Receptive field: what the positions behind a layer read along one axis of the net's input, in samples.

    It is exact: `reads` says it of every position, as the gradient of its output would. `size` is that of the position
    which would read most if the axis had no ends, as papers give it; it may be more than the axis has samples.
    """

    axis_size: int
    """Samples of the net's input along the axis."""
    pattern: Extents
    """What the first positions would read if the axis had no ends; the ones behind repeat that, `shift` further on."""
    shift: int
    reads: Extents
    """What each position reads of the axis."""

    def __repr__(self) -> str:
        """Returns the numbers that papers give."""
        return f"ReceptiveField(size={self.size}, jump={self.jump}, start={self.start})"

    @classmethod
    @lru_cache(maxsize=64)
    def of_input(cls, size: int) -> "ReceptiveField | None":
        """Returns the field of the input itself: every position reads its own sample. None if there are too many."""
        if size > MAX_READS:
            return None
        samples = np.arange(size, dtype=np.int64)
        return cls(size, Extents(samples[:1], samples[:1]), 1, Extents(samples, samples))

    @cached_property
    def size(self) -> int:
        """Samples from the first to the last that the position which reads most would read on an endless axis."""
        return int(self.pattern.sizes[: len(self.reads.firsts)].max(initial=0))

    @cached_property
    def jump(self) -> int | Fraction:
        """Samples from one position to the next, in the mean; 0 where all positions read the same."""
        jump = Fraction(self.shift, len(self.pattern.firsts))
        return int(jump) if jump.denominator == 1 else jump

    @property
    def start(self) -> int:
        """The first sample that position 0 would read on an endless axis; those before 0 are padding."""
        return int(self.pattern.firsts[0])

    @property
    def is_whole_axis(self) -> bool:
        """Whether every position reads from the first sample of the axis to the last."""
        return bool((self.reads.firsts == 0).all() and (self.reads.lasts == self.axis_size - 1).all())

    def behind(self, rule: AxisRule, size: int) -> "ReceptiveField | None":
        """Returns the field behind a rule for an axis that has `size` positions here; None where it takes too long.

        >>> ReceptiveField.of_input(99).behind(Window(10), 99).behind(Window(4, stride=4), 90)
        ReceptiveField(size=13, jump=4, start=0)
        """
        period = len(self.pattern.firsts)
        outputs, inputs = rule.period(size)
        repeats = period // math.gcd(period, inputs)
        out_size, window = rule.out_size(size), rule.sources(np.zeros(1, np.int64), size).shape[1]
        if max(out_size, repeats * outputs) * window > MAX_READS:
            return None
        sources = rule.sources(np.arange(repeats * outputs, dtype=np.int64), size)
        shift = self.shift * repeats * inputs // period
        return ReceptiveField(self.axis_size, self.endless_pattern(sources), shift, self._reads_behind(rule, size))

    @property
    def reads_nothing(self) -> bool:
        """Whether no position reads a sample: all stand in the padding, or in gaps."""
        return not self.reads.sizes.any()

    def without_reads(self) -> "ReceptiveField":
        """Returns the field of positions that read nothing, as they read nothing along another axis."""
        nothing = Extents(
            np.full_like(self.reads.firsts, _FIRST_OF_NONE), np.full_like(self.reads.lasts, _LAST_OF_NONE)
        )
        return replace(self, reads=nothing)

    def read_as_one(self, positions: int) -> "ReceptiveField":
        """Returns the field of so many positions that each read all that is read here, as those behind a Linear do."""
        first, last = self.reads.hull
        firsts, lasts = (np.full(positions, sample, np.int64) for sample in (first, last))
        return ReceptiveField(self.axis_size, Extents(firsts[:1], lasts[:1]), 0, Extents(firsts, lasts))

    def endless_pattern(self, sources: Indices) -> Extents:
        """Returns what outputs would read on an endless axis that read these positions, a row for each output."""
        is_read = sources != NOTHING
        periods, places = np.divmod(np.where(is_read, sources, 0), len(self.pattern.firsts))
        firsts, lasts, moved = self.pattern.firsts[places], self.pattern.lasts[places], periods * self.shift
        return _extents_of_rows(firsts + moved, lasts + moved, is_read & (firsts <= lasts))

    def _reads_behind(self, rule: AxisRule, size: int) -> Extents:
        sources = rule.sources(np.arange(rule.out_size(size), dtype=np.int64), size)
        if isinstance(rule, Window | PaddedAxis):
            sources = rule.repeated(sources, size)
        is_read = (sources >= 0) & (sources < size)
        inside = np.where(is_read, sources, 0)
        return _extents_of_rows(self.reads.firsts[inside], self.reads.lasts[inside], is_read)


def join_fields(fields: Sequence[ReceptiveField]) -> ReceptiveField | None:
    """Returns the field of positions that read what the same positions of all `fields` read.

    A field with one position is taken for every position of longer ones, as a product stretches it. None where it
    takes too long to work out.
    """
    count = max(len(field.reads.firsts) for field in fields)
    fields = [field if len(field.reads.firsts) == count else field.read_as_one(count) for field in fields]
    jump = max(field.jump for field in fields)
    is_regular = all(field.jump == jump for field in fields)  # else nothing repeats itself
    periods = [len(field.pattern.firsts) for field in fields] if is_regular else [len(fields[0].reads.firsts)]
    if (period := math.lcm(*periods)) > MAX_READS:
        return None
    positions = np.arange(period, dtype=np.int64)[:, None]
    pattern = _hull([field.endless_pattern(positions) for field in fields])
    return ReceptiveField(
        fields[0].axis_size, pattern, math.ceil(jump * period), _hull([field.reads for field in fields])
    )


def _extents_of_rows(firsts: Indices, lasts: Indices, is_read: npt.NDArray[np.bool_]) -> Extents:
    """Returns the first and the last sample in each row, where it is read."""
    return Extents(
        np.where(is_read, firsts, _FIRST_OF_NONE).min(axis=1, initial=_FIRST_OF_NONE),
        np.where(is_read, lasts, _LAST_OF_NONE).max(axis=1, initial=_LAST_OF_NONE),
    )


def _hull(extents: Sequence[Extents]) -> Extents:
    return Extents(
        np.min([extent.firsts for extent in extents], axis=0), np.max([extent.lasts for extent in extents], axis=0)
    )
