"""What stands along one axis of a padded input, and what each position of a window reads of it."""

from dataclasses import dataclass

from cnnviz.calculator.operation import Rule
from cnnviz.shapes import TransposedWindow

PAD, HOLE, BEYOND = -1, -2, -3
"""Cells that are no input: padding, the holes a transposed stride leaves, and what a ceil_mode window hangs over."""

Tap = tuple[int, int]
"""A cell that is read, and the number of the weight it meets."""


@dataclass(frozen=True)
class Track:
    """One axis as it is drawn: its cells, and the taps of each output position.

    A cell is the number of an input sample, or PAD, HOLE or BEYOND.
    """

    cells: tuple[int, ...]
    windows: tuple[tuple[Tap, ...], ...]

    @property
    def unread(self) -> tuple[int, ...]:
        """Cells of the input that no position reads.

        >>> from cnnviz.shapes import Window
        >>> track(Window(4, stride=4), 9).unread
        (8,)
        """
        read = {cell for window in self.windows for cell, _ in window}
        return tuple(place for place, cell in enumerate(self.cells) if cell >= 0 and place not in read)


def track(rule: Rule, size: int) -> Track:
    """The track of a rule over `size` samples; raises ShapeError when no window fits.

    A transposed window is drawn as what it is equal to: the mirrored kernel, in steps of 1, over the input pulled
    apart by the stride. Source: Dumoulin & Visin, "A guide to convolution arithmetic", relationship 14.

    >>> from cnnviz.shapes import Window
    >>> track(Window(2, stride=2, padding=(1, 1)), 3).cells
    (-1, 0, 1, 2, -1)
    >>> track(TransposedWindow(2, stride=2), 2)
    Track(cells=(-1, 0, -2, 1, -1), windows=(((0, 1), (1, 0)), ((1, 1), (2, 0)), ((2, 1), (3, 0)), ((3, 1), (4, 0))))
    """
    out = rule.out(size)
    if isinstance(rule, TransposedWindow):
        return _transposed(rule, size, out)
    before, after = rule.padding
    cells = (PAD,) * before + tuple(range(size)) + (PAD,) * after
    windows = tuple(
        tuple((position * rule.stride + tap * rule.dilation, tap) for tap in range(rule.kernel_size))
        for position in range(out)
    )
    hanging = max(windows[-1][-1][0] + 1 - len(cells), 0)
    return Track(cells + (BEYOND,) * hanging, windows)


def _transposed(rule: TransposedWindow, size: int, out: int) -> Track:
    before = rule.extent - 1 - rule.padding
    after = before + rule.output_padding
    pulled = [HOLE] * ((size - 1) * rule.stride + 1)
    pulled[:: rule.stride] = range(size)
    last = rule.kernel_size - 1
    cells = (PAD,) * before + tuple(pulled) + (PAD,) * after
    cut = max(-before, 0)  # a padding wider than the kernel: the first samples are out of its reach
    windows = tuple(
        tuple((cut + position + tap * rule.dilation, last - tap) for tap in range(rule.kernel_size))
        for position in range(out)
    )
    return Track(cells, windows)
