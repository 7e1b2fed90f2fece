"""The cells along one axis of a padded input, and which of them a window reads at each position."""

from dataclasses import dataclass

from cnnviz.calculator.operation import WindowRule
from cnnviz.windows import TransposedWindow

PAD, STRIDE_HOLE, OVERHANG = -1, -2, -3
"""Cells that are not input: padding, the holes of a transposed stride, and where a ceil_mode window hangs over the end.
"""

Tap = tuple[int, int]
"""A cell that is read, and the number of the weight that it is multiplied by."""


@dataclass(frozen=True)
class AxisLayout:
    """One axis as it is drawn: its cells, and the taps of each output position.

    A cell is the number of an input sample, or PAD, STRIDE_HOLE or OVERHANG.
    """

    cells: tuple[int, ...]
    taps: tuple[tuple[Tap, ...], ...]

    @property
    def unread_cells(self) -> tuple[int, ...]:
        """Input cells that no position reads.

        >>> from cnnviz.windows import Window
        >>> lay_out_axis(Window(4, stride=4), 9).unread_cells
        (8,)
        """
        read = {cell for window in self.taps for cell, _ in window}
        return tuple(place for place, cell in enumerate(self.cells) if cell >= 0 and place not in read)


def lay_out_axis(rule: WindowRule, size: int) -> AxisLayout:
    """Lays out a rule over `size` samples; raises ShapeError when no window fits.

    A transposed window is drawn as its equivalent: the mirrored kernel, in steps of 1, over the input spread out by
    the stride. Source: Dumoulin & Visin, "A guide to convolution arithmetic", relationship 14.

    >>> from cnnviz.windows import Window
    >>> lay_out_axis(Window(2, stride=2, padding=(1, 1)), 3).cells
    (-1, 0, 1, 2, -1)
    >>> lay_out_axis(TransposedWindow(2, stride=2), 2)
    AxisLayout(cells=(-1, 0, -2, 1, -1), taps=(((0, 1), (1, 0)), ((1, 1), (2, 0)), ((2, 1), (3, 0)), ((3, 1), (4, 0))))
    """
    out = rule.out_size(size)
    if isinstance(rule, TransposedWindow):
        return _lay_out_transposed(rule, size, out)
    before, after = rule.padding
    cells = (PAD,) * before + tuple(range(size)) + (PAD,) * after
    windows = tuple(
        tuple((position * rule.stride + tap * rule.dilation, tap) for tap in range(rule.kernel_size))
        for position in range(out)
    )
    overhang = max(windows[-1][-1][0] + 1 - len(cells), 0)
    return AxisLayout(cells + (OVERHANG,) * overhang, windows)


def _lay_out_transposed(rule: TransposedWindow, size: int, out: int) -> AxisLayout:
    before = rule.extent - 1 - rule.padding
    after = before + rule.output_padding
    spread = [STRIDE_HOLE] * ((size - 1) * rule.stride + 1)
    spread[:: rule.stride] = range(size)
    last = rule.kernel_size - 1
    cells = (PAD,) * before + tuple(spread) + (PAD,) * after
    skipped = max(-before, 0)  # a padding wider than the kernel: the first samples are out of its reach
    windows = tuple(
        tuple((skipped + position + tap * rule.dilation, last - tap) for tap in range(rule.kernel_size))
        for position in range(out)
    )
    return AxisLayout(cells, windows)
