"""Shapes of one sample, and the rules by which a sliding window changes the size of an axis."""

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import Protocol

from cnnviz.errors import ShapeError

Shape = tuple[int, ...]
"""One sample without the batch axis: (F,), (C, L), (C, H, W) or (C, D, H, W)."""

AXES: dict[int, tuple[str, ...]] = {
    1: ("features",),
    2: ("channels", "length"),
    3: ("channels", "height", "width"),
    4: ("channels", "depth", "height", "width"),
}
"""Names of a sample's axes, by how many it has."""


def format_shape(shape: Shape) -> str:
    """Returns a shape as people write it.

    >>> format_shape((10, 90, 17))
    '10 × 90 × 17'
    """
    return " × ".join(f"{size}" for size in shape)


def numel(shape: Shape) -> int:
    """Returns the number of values in one sample of this shape.

    >>> numel((10, 22, 4))
    880
    """
    return math.prod(shape)


@dataclass(frozen=True)
class ReceptiveField:
    """Receptive field: what one output position reads along one axis of the net's input, in samples.

    Position p reads at most `size` samples, from about `start` + p·`jump` on (exactly there where jumps are whole
    numbers); samples before 0 are padding.
    """

    size: int = 1
    jump: int | Fraction = 1
    start: int | Fraction = 0

    @classmethod
    def whole_axis(cls, size: int) -> "ReceptiveField":
        """Returns the field of a position that reads all `size` samples, as every output of a Linear layer does."""
        return cls(size, 0, 0)


class AxisRule(Protocol):
    """Rule by which a layer changes one axis that it slides along."""

    def out_size(self, size: int, axis: str = "length") -> int:
        """Returns the number of samples behind the layer, from `size` before it; raises ShapeError if there is none."""

    def formula(self, size: int) -> str:
        """Returns the rule with its numbers and the result."""

    def receptive_field(self, before: ReceptiveField, size: int) -> ReceptiveField:
        """Returns the receptive field behind the layer, from the one before it and the `size` of the axis before it."""


@dataclass(frozen=True)
class Window:
    """Window that slides along one axis; all lengths in samples, `padding` as (before, after)."""

    kernel_size: int
    stride: int = 1
    padding: tuple[int, int] = (0, 0)
    dilation: int = 1
    ceil_mode: bool = False

    @property
    def extent(self) -> int:
        """Number of samples from the first to the last that the window reads: dilation·(kernel_size − 1) + 1."""
        return self.dilation * (self.kernel_size - 1) + 1

    def out_size(self, size: int, axis: str = "length") -> int:
        """Returns the number of positions at which the window can stand along an `axis` of `size` samples.

            out = ⌊(size + padding − dilation·(kernel_size − 1) − 1) / stride⌋ + 1, padding being that on both ends

        With `ceil_mode` (pooling only) the quotient is rounded up, but a window that would start behind the input and
        its padding before it is not counted. Raises ShapeError when the window does not fit the padded axis.
        Source: Dumoulin & Visin, "A guide to convolution arithmetic", relation 15; ceil_mode as in torch.nn.MaxPool2d.

        >>> Window(10).out_size(99)
        90
        >>> Window(4, stride=4).out_size(17), Window(4, stride=4, ceil_mode=True).out_size(17)
        (4, 5)
        """
        before, after = self.padding
        rest = size + before + after - self.dilation * (self.kernel_size - 1) - 1
        if not self.ceil_mode:
            if rest < 0:
                raise ShapeError(self._too_large_message(size, axis))
            return rest // self.stride + 1
        out = -(-rest // self.stride) + 1
        if (out - 1) * self.stride >= size + before:
            out -= 1
        if out < 1:
            raise ShapeError(self._too_large_message(size, axis))
        return out

    def remainder(self, size: int) -> int:
        """Returns the number of samples of the padded axis behind the last window, which ⌊ ⌋ rounds away.

        >>> Window(4, stride=4).remainder(17)
        1
        """
        return max((size + sum(self.padding) - self.extent) % self.stride, 0) if not self.ceil_mode else 0

    def unread(self, size: int) -> int:
        """Returns the number of samples at the end of the axis, without its padding, that no window reads.

        >>> Window(4, stride=4).unread(17), Window(3, stride=2, padding=(1, 1)).unread(112)
        (1, 0)

        A dilated window can step over the last samples into the padding, or over the edge with ceil_mode:

        >>> Window(2, stride=3, dilation=4, ceil_mode=True).unread(6)
        1
        """
        first = -self.padding[0]
        last = first + (self.out_size(size) - 1) * self.stride
        read = -1
        for start in range(last, first - 1, -self.stride):
            step = min((size - 1 - start) // self.dilation, self.kernel_size - 1)  # to its last sample on the axis
            read = max(read, start + step * self.dilation if step >= 0 else -1)
            if read == size - 1 or start + self.extent <= size:  # the windows before this one end earlier
                break
        return size - 1 - read

    def reads_only_padding(self, size: int) -> bool:
        """Tells whether the window reads nothing but padding at some position.

        One that starts in the padding can stride over a whole axis that is shorter than its dilation:

        >>> dilated, plain = Window(2, padding=(1, 1), dilation=2), Window(3, padding=(1, 1))
        >>> dilated.reads_only_padding(1), plain.reads_only_padding(1)
        (True, False)
        """
        if self.dilation == 1 and max(self.padding) < self.kernel_size:
            return False
        first = -self.padding[0]
        last = first + (self.out_size(size) - 1) * self.stride
        starts = range(first, min(last + 1, 0), self.stride)
        steps = ((start, -(start // self.dilation)) for start in starts)  # to its first sample from 0 on
        short = (step >= self.kernel_size or start + step * self.dilation >= size for start, step in steps)
        return last >= size or any(short)

    def formula(self, size: int) -> str:
        """Returns the rule with its numbers; dilation is written only where it changes something.

        >>> Window(10).formula(99)
        '⌊(99 + 2·0 − 10) / 1⌋ + 1 = 90'
        >>> Window(3, stride=2, padding=(1, 1), dilation=2).formula(26)
        '⌊(26 + 2·1 − 2·(3 − 1) − 1) / 2⌋ + 1 = 12'
        """
        before, after = self.padding
        padding = f"2·{before}" if before == after else f"{before + after}"
        extent = f"{self.kernel_size}" if self.dilation == 1 else f"{self.dilation}·({self.kernel_size} − 1) − 1"
        left, right = ("⌈", "⌉") if self.ceil_mode else ("⌊", "⌋")
        rounded = f"{left}({size} + {padding} − {extent}) / {self.stride}{right} + 1"
        out = self.out_size(size)
        if self.ceil_mode and out == (size + sum(self.padding) - self.extent + self.stride - 1) // self.stride:
            return f"{rounded} − 1 = {out}"
        return f"{rounded} = {out}"

    def receptive_field(self, before: ReceptiveField, size: int) -> ReceptiveField:
        """Widens the field by all samples of the window but one, which stand as far apart as the positions before.

        >>> Window(4, stride=4).receptive_field(Window(10).receptive_field(ReceptiveField(), 99), 90)
        ReceptiveField(size=13, jump=4, start=0)
        """
        return ReceptiveField(
            before.size + math.ceil((self.extent - 1) * before.jump),
            before.jump * self.stride,
            before.start - self.padding[0] * before.jump,
        )

    def largest_kernel(self, size: int) -> int:
        """Returns the largest kernel_size that still fits an axis of `size` samples.

        >>> Window(5, dilation=2).largest_kernel(7)
        4
        """
        return (size + sum(self.padding) - 1) // self.dilation + 1

    def _too_large_message(self, size: int, axis: str) -> str:
        window = f"a window of {self.kernel_size}"
        if self.dilation > 1:
            window += f" with dilation {self.dilation} spans {self.extent} and"
        before, after = self.padding
        padding = f"{before}" if before == after else f"{before + after} in all"
        return f"{window} does not fit a {axis} of {size} with padding {padding}"


@dataclass(frozen=True)
class TransposedWindow:
    """Window of a transposed convolution, which writes instead of reading; all lengths in samples."""

    kernel_size: int
    stride: int = 1
    padding: int = 0
    output_padding: int = 0
    dilation: int = 1

    @property
    def extent(self) -> int:
        """Number of samples from the first to the last that one input sample is spread over."""
        return self.dilation * (self.kernel_size - 1) + 1

    def out_size(self, size: int, axis: str = "length") -> int:
        """Returns (size − 1)·stride − 2·padding + dilation·(kernel_size − 1) + output_padding + 1.

        Raises ShapeError when nothing is left. Source: torch.nn.ConvTranspose2d.

        >>> TransposedWindow(4, stride=2, padding=1).out_size(16)
        32
        """
        out = (size - 1) * self.stride - 2 * self.padding + self.extent + self.output_padding
        if out < 1:
            raise ShapeError(
                f"a padding of {self.padding} on both ends cuts away all {out + 2 * self.padding} samples that a"
                f" {axis} of {size} is spread over"
            )
        return out

    def formula(self, size: int) -> str:
        """Returns the rule with its numbers; dilation and output_padding are written only where they change something.

        >>> TransposedWindow(4, stride=2, padding=1).formula(16)
        '(16 − 1)·2 − 2·1 + 4 = 32'
        """
        extent = f"{self.kernel_size}" if self.dilation == 1 else f"{self.dilation}·({self.kernel_size} − 1) + 1"
        more = f" + {self.output_padding}" if self.output_padding else ""
        return f"({size} − 1)·{self.stride} − 2·{self.padding} + {extent}{more} = {self.out_size(size)}"

    def receptive_field(self, before: ReceptiveField, size: int) -> ReceptiveField:
        """Widens the field by the other input samples that write to the same output sample, and narrows the jump."""
        others = (self.extent - 1) // self.stride
        first = -((self.extent - 1 - self.padding) // self.stride)
        return ReceptiveField(
            before.size + math.ceil(others * before.jump),
            Fraction(before.jump) / self.stride,
            before.start + first * before.jump,
        )


@dataclass(frozen=True)
class AdaptiveWindow:
    """Windows of an adaptive pool, as wide as it takes to get `output_size` of them; all lengths in samples."""

    output_size: int

    def out_size(self, size: int, axis: str = "length") -> int:
        """Returns output_size, whatever the `size`."""
        return self.output_size

    def formula(self, size: int) -> str:
        """Returns where the windows stand, and how many there are.

        >>> AdaptiveWindow(1).formula(7), AdaptiveWindow(3).formula(7)
        ('all 7 in one window = 1', 'windows from ⌊i·7/3⌋ to ⌈(i+1)·7/3⌉ = 3')
        """
        out = self.output_size
        return (
            f"all {size} in one window = 1"
            if out == 1
            else f"windows from ⌊i·{size}/{out}⌋ to ⌈(i+1)·{size}/{out}⌉ = {out}"
        )

    def receptive_field(self, before: ReceptiveField, size: int) -> ReceptiveField:
        """Widens the field by all samples of the widest window but one."""
        out = self.output_size
        widest = -(-(size + out - math.gcd(size, out)) // out)
        return ReceptiveField(
            before.size + math.ceil((widest - 1) * before.jump), before.jump * Fraction(size, out), before.start
        )
