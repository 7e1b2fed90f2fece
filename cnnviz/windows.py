"""The rules by which a sliding window changes the size of an axis."""

import math
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
import numpy.typing as npt

from cnnviz.errors import ShapeError

Indices = npt.NDArray[np.int64]
NOTHING = -(2**62)
"""In `AxisRule.sources`, the place of a sample that is not read."""
PaddingMode = Literal["zeros", "reflect", "replicate", "circular"]


class AxisRule(Protocol):
    """Rule by which a layer changes one axis that it slides along."""

    def out_size(self, size: int, axis: str = "length") -> int:
        """Returns the number of samples after the layer, from `size` before it; raises ShapeError if there is none."""

    def formula(self, size: int) -> str:
        """Returns the rule with its numbers and the result."""

    def period(self, size: int) -> tuple[int, int]:
        """Returns after how many outputs the rule repeats itself, and how many inputs further on it then reads."""

    def sources(self, positions: Indices, size: int) -> Indices:
        """Returns what outputs read of an axis of `size` samples, a row for each of the `positions`.

        A number below 0 or from `size` on stands for padding, or for what would be read there if the axis went on;
        NOTHING fills up a row that reads less than the others.
        """


@dataclass(frozen=True)
class Window:
    """Window that slides along one axis; all lengths in samples, `padding` as (before, after)."""

    kernel_size: int
    stride: int = 1
    padding: tuple[int, int] = (0, 0)
    dilation: int = 1
    ceil_mode: bool = False
    padding_mode: PaddingMode = "zeros"

    @property
    def extent(self) -> int:
        """Number of samples from the first to the last that the window reads: dilation·(kernel_size − 1) + 1."""
        return self.dilation * (self.kernel_size - 1) + 1

    def out_size(self, size: int, axis: str = "length") -> int:
        """Returns the number of positions at which the window can stand along an `axis` of `size` samples.

            out = ⌊(size + padding − dilation·(kernel_size − 1) − 1) / stride⌋ + 1, padding being that on both ends

        With `ceil_mode` (pooling only) the quotient is rounded up, but a window that would start after the input and
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
        """Returns the number of samples of the padded axis after the last window, which ⌊ ⌋ rounds away.

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

    def never_read(self, size: int) -> Indices:
        """Returns the samples of the axis that no window reads, in their order.

        >>> Window(2, stride=2, padding=(2, 2), dilation=2).never_read(4)
        array([1, 3])
        """
        samples = np.arange(size, dtype=np.int64)
        starts = np.arange(self.out_size(size), dtype=np.int64) * self.stride - self.padding[0]
        is_read = np.zeros(size, np.bool_)
        for step in range(0, self.extent, self.dilation):
            places = starts + step
            is_read[places[(places >= 0) & (places < size)]] = True
        return samples[~is_read]

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

        Where the two ends are padded unequally, as 'same' does for an even kernel, each has its own number:

        >>> Window(10, padding=(4, 5)).formula(26)
        '⌊(26 + 4 + 5 − 10) / 1⌋ + 1 = 26'
        """
        before, after = self.padding
        padding = f"2·{before}" if before == after else f"{before} + {after}"
        extent = f"{self.kernel_size}" if self.dilation == 1 else f"{self.dilation}·({self.kernel_size} − 1) − 1"
        left, right = ("⌈", "⌉") if self.ceil_mode else ("⌊", "⌋")
        rounded = f"{left}({size} + {padding} − {extent}) / {self.stride}{right} + 1"
        out = self.out_size(size)
        if self.ceil_mode and out == (size + sum(self.padding) - self.extent + self.stride - 1) // self.stride:
            return f"{rounded} − 1 = {out}"
        return f"{rounded} = {out}"

    def period(self, size: int) -> tuple[int, int]:
        """Returns 1 output, `stride` inputs."""
        return 1, self.stride

    def sources(self, positions: Indices, size: int) -> Indices:
        """Returns the samples under the window at each position; with a padding mode, those that padding repeats.

        >>> Window(3, stride=2, padding=(1, 1)).sources(np.arange(2), 9).tolist()
        [[-1, 0, 1], [1, 2, 3]]
        """
        window = np.arange(self.kernel_size, dtype=np.int64) * self.dilation
        return positions[:, None] * self.stride - self.padding[0] + window

    def repeated(self, samples: Indices, size: int) -> Indices:
        """Returns the samples of an axis of `size` that padding repeats in the places of those before and after it.

        >>> Window(3, padding=(2, 2), padding_mode="reflect").repeated(np.array([-2, 0, 5]), 5).tolist()
        [2, 0, 3]
        """
        return _repeated(samples, size, self.padding_mode)

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
class PaddedAxis:
    """Samples added before and after an axis; negative numbers cut samples off."""

    before: int
    after: int
    padding_mode: PaddingMode = "zeros"

    def out_size(self, size: int, axis: str = "length") -> int:
        """Returns before + size + after; raises ShapeError when nothing is left.

        >>> PaddedAxis(1, 2).out_size(26)
        29
        """
        if self.before + size + self.after < 1 or self.before < -size or self.after < -size:
            cut = " and ".join(str(-number) for number in (self.before, self.after) if number < 0)
            raise ShapeError(f"cuts {cut} samples off a {axis} of {size}, and none is left")
        return self.before + size + self.after

    def formula(self, size: int) -> str:
        """Returns the sum with its numbers.

        >>> PaddedAxis(1, -2).formula(26)
        '1 + 26 − 2 = 25'
        """
        after = f"+ {self.after}" if self.after >= 0 else f"− {-self.after}"
        return f"{self.before} + {size} {after} = {self.out_size(size)}".replace("-", "−")

    def period(self, size: int) -> tuple[int, int]:
        """Returns 1 output, 1 input."""
        return 1, 1

    def sources(self, positions: Indices, size: int) -> Indices:
        """Returns the one sample that each position takes; outside the axis for those that were added."""
        return positions[:, None] - self.before

    def repeated(self, samples: Indices, size: int) -> Indices:
        """Returns the samples of an axis of `size` that stand in the places of those before and after it."""
        return _repeated(samples, size, self.padding_mode)


def _repeated(samples: Indices, size: int, padding_mode: PaddingMode) -> Indices:
    """Returns the samples of an axis of `size` that padding repeats in the places of those before and after it."""
    if padding_mode == "circular":
        return samples % size
    if padding_mode == "replicate":
        return np.clip(samples, 0, size - 1)
    if padding_mode == "reflect":
        last = size - 1
        return np.asarray(last - np.abs(last - np.abs(samples)))
    return samples


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

    def period(self, size: int) -> tuple[int, int]:
        """Returns `stride` outputs, 1 input."""
        return self.stride, 1

    def sources(self, positions: Indices, size: int) -> Indices:
        """Returns the input samples that are spread over each output sample.

        >>> TransposedWindow(3, stride=2).sources(np.arange(2), 9).tolist() == [[0, NOTHING, -1], [NOTHING, 0, NOTHING]]
        True
        """
        spread = positions[:, None] + self.padding - np.arange(self.kernel_size, dtype=np.int64) * self.dilation
        return np.where(spread % self.stride == 0, spread // self.stride, NOTHING)


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
        if out == size > 1:
            return f"each of {size} on its own = {size}"
        return (
            f"all {size} in one window = 1"
            if out == 1
            else f"windows from ⌊i·{size}/{out}⌋ to ⌈(i+1)·{size}/{out}⌉ = {out}"
        )

    def period(self, size: int) -> tuple[int, int]:
        """Returns output_size outputs and `size` inputs, both divided by what divides both."""
        divisor = math.gcd(size, self.output_size)
        return self.output_size // divisor, size // divisor

    def sources(self, positions: Indices, size: int) -> Indices:
        """Returns the samples in each window.

        >>> AdaptiveWindow(3).sources(np.arange(3), 7).tolist()
        [[0, 1, 2], [2, 3, 4], [4, 5, 6]]
        """
        out = self.output_size
        first, end = positions * size // out, -(-(positions + 1) * size // out)
        samples = first[:, None] + np.arange(int((end - first).max(initial=0)), dtype=np.int64)
        return np.where(samples < end[:, None], samples, NOTHING)
