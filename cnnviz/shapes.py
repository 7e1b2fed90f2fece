"""Shapes of one sample, and the one rule by which a sliding window changes an axis."""

import math
from dataclasses import dataclass

from cnnviz.errors import ShapeError

Shape = tuple[int, ...]
"""One sample without the batch axis: (F,), (C, L), (C, H, W) or (C, D, H, W)."""

AXES: dict[int, tuple[str, ...]] = {
    1: ("features",),
    2: ("channels", "length"),
    3: ("channels", "height", "width"),
    4: ("channels", "depth", "height", "width"),
}
"""Names of the axes of a sample, by their number."""


def show(shape: Shape) -> str:
    """A shape as people write it.

    >>> show((10, 90, 17))
    '10 × 90 × 17'
    """
    return " × ".join(f"{size}" for size in shape)


def size_of(shape: Shape) -> int:
    """Numbers in one sample of this shape.

    >>> size_of((10, 22, 4))
    880
    """
    return math.prod(shape)


def window_out(
    size: int, kernel_size: int, stride: int = 1, padding: int = 0, dilation: int = 1, *, ceil_mode: bool = False
) -> int:
    """Positions at which a window can stand along one axis.

        out = ⌊(size + 2·padding − dilation·(kernel_size − 1) − 1) / stride⌋ + 1

    All lengths in samples along that axis; `padding` is added on both ends. With `ceil_mode` (pooling only) the
    quotient is rounded up, but a window that would start behind the input and its left padding is not counted.
    Raises ShapeError when the window does not fit the padded axis.
    Source: Dumoulin & Visin, "A guide to convolution arithmetic", relation 15; ceil_mode as in torch.nn.MaxPool2d.

    >>> window_out(99, kernel_size=10)
    90
    >>> window_out(17, kernel_size=4, stride=4), window_out(17, kernel_size=4, stride=4, ceil_mode=True)
    (4, 5)
    """
    return Window(kernel_size, stride, (padding, padding), dilation, ceil_mode).out(size)


@dataclass(frozen=True)
class Window:
    """A window along one axis; lengths in samples, `padding` as (before, after)."""

    kernel_size: int
    stride: int = 1
    padding: tuple[int, int] = (0, 0)
    dilation: int = 1
    ceil_mode: bool = False

    @property
    def extent(self) -> int:
        """Samples from the first to the last one the window reads: dilation·(kernel_size − 1) + 1."""
        return self.dilation * (self.kernel_size - 1) + 1

    def out(self, size: int, axis: str = "length") -> int:
        """Positions along an `axis` of `size` samples; raises ShapeError when there is none."""
        rest = size + sum(self.padding) - self.extent
        out = (rest + (self.stride - 1 if self.ceil_mode else 0)) // self.stride + 1
        if self.ceil_mode and (out - 1) * self.stride >= size + self.padding[0]:
            out -= 1
        if (rest < 0 and not self.ceil_mode) or out < 1:
            raise ShapeError(self._refusal(size, axis))
        return out

    def text(self, size: int) -> str:
        """The rule with its numbers; dilation is written only where it changes something.

        >>> Window(10).text(99)
        '⌊(99 + 2·0 − 10) / 1⌋ + 1 = 90'
        >>> Window(3, stride=2, padding=(1, 1), dilation=2).text(26)
        '⌊(26 + 2·1 − 2·(3 − 1) − 1) / 2⌋ + 1 = 12'
        """
        before, after = self.padding
        padding = f"2·{before}" if before == after else f"{before + after}"
        extent = f"{self.kernel_size}" if self.dilation == 1 else f"{self.dilation}·({self.kernel_size} − 1) − 1"
        left, right = ("⌈", "⌉") if self.ceil_mode else ("⌊", "⌋")
        rounded = f"{left}({size} + {padding} − {extent}) / {self.stride}{right} + 1"
        out = self.out(size)
        if self.ceil_mode and out == (size + sum(self.padding) - self.extent + self.stride - 1) // self.stride:
            return f"{rounded} − 1 = {out}"
        return f"{rounded} = {out}"

    def largest_kernel(self, size: int) -> int:
        """The largest kernel_size that still fits an axis of `size` samples.

        >>> Window(5, dilation=2).largest_kernel(7)
        4
        """
        return (size + sum(self.padding) - 1) // self.dilation + 1

    def _refusal(self, size: int, axis: str) -> str:
        window = f"a window of {self.kernel_size}"
        if self.dilation > 1:
            window += f" with dilation {self.dilation} spans {self.extent} and"
        before, after = self.padding
        padding = f"{before}" if before == after else f"{before} + {after}"
        return f"{window} does not fit a {axis} of {size} with padding {padding}"
