"""One value of a feature map: the numbers under the window, the weights that they meet, and the result."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from cnnviz.calculator.axis_layout import AxisLayout, lay_out_axis
from cnnviz.calculator.operation import WindowRule
from cnnviz.inside.feature_maps import LayerMaps
from cnnviz.inside.one_map import map_sum, padded_input
from cnnviz.layers import AvgPool1d, AvgPool2d, AvgPool3d, MaxPool1d, MaxPool2d, MaxPool3d
from cnnviz.layers.conv import Conv, ConvTranspose
from cnnviz.windows import Window

DRAWN_POOLS = (MaxPool1d, MaxPool2d, MaxPool3d, AvgPool1d, AvgPool2d, AvgPool3d)
MAX_CELLS = {1: 20, 2: 13, 3: 8}
"""Number of axes → cells along each of them that fit a drawing; a larger window is drawn whole all the same."""
MAX_POSITIONS = 8
"""Positions of the window along each axis of a drawing."""


@dataclass(frozen=True, eq=False)
class WindowCrop:
    """Some positions of a window over one input map.

    `layouts` are the axes of the crop; a cell that is input is an index into `source`. All values are torch's:
    `source` those of the input map, `weights` the kernel (None for a pool), `parts` what this map gives at each
    position, `others` what the other input maps give, `result` the layer's output.
    """

    rules: tuple[WindowRule, ...]
    starts: tuple[int, ...]
    """Position of the first window of the crop along each axis."""
    first_cells: tuple[int, ...]
    """First sample of the input map in `source` along each axis."""
    layouts: tuple[AxisLayout, ...]
    source: Tensor
    weights: Tensor | None
    parts: Tensor
    others: Tensor
    bias: float
    other_maps: int
    result: Tensor


def has_window(record: LayerMaps) -> bool:
    """Whether a layer computes each value from the numbers under one window."""
    return isinstance(record.layer, (Conv, ConvTranspose, *DRAWN_POOLS))


def window_rules_of(record: LayerMaps) -> tuple[tuple[WindowRule, ...], Tensor]:
    """Returns the rule along each axis, and the layer's input (N, C, *sizes) that the rules are for.

    Where the padding is not zeros, it is part of that input.
    """
    layer, batch = record.layer, record.before
    if isinstance(layer, Conv) and layer.padding_mode != "zeros":
        batch = padded_input(layer, batch)
        layer = layer.model_copy(update={"padding": 0, "padding_mode": "zeros"})
    rules = layer.axis_rules(tuple(batch.shape[1:]))
    return tuple(rule for rule in rules if isinstance(rule, WindowRule)), batch


def crop_window(
    maps: Sequence[LayerMaps], record: LayerMaps, channel: int, input_number: int, around: Sequence[int]
) -> WindowCrop:
    """Returns the positions near one output position that fit a drawing, over one of the input maps.

    `input_number` counts the input maps that this output map reads; a pool reads only the one of its own channel.
    """
    rules, batch = window_rules_of(record)
    result = record.after[0, channel]
    if isinstance(record.layer, Conv | ConvTranspose):
        whole = map_sum(maps, record, channel)
        source = batch[0, whole.input_channels[input_number]]
        weights: Tensor | None = whole.kernels[input_number]
        parts, bias, other_maps = whole.parts[input_number], whole.bias, len(whole.input_channels) - 1
        others = whole.parts.double().sum(0) - parts
    else:
        source, weights, parts, others = batch[0, channel], None, result, torch.zeros_like(result)
        bias, other_maps = 0.0, 0
    limit = MAX_CELLS[len(rules)]
    cropped = [
        _crop_axis(rule, size, place, limit) for rule, size, place in zip(rules, source.shape, around, strict=True)
    ]
    layouts = tuple(layout for layout, _, _ in cropped)
    starts = tuple(start for _, start, _ in cropped)
    first_cells = tuple(first for _, _, first in cropped)
    positions = tuple(slice(start, start + len(layout.taps)) for layout, start in zip(layouts, starts, strict=True))
    samples = tuple(
        slice(first, first + max((cell for cell in layout.cells if cell >= 0), default=0) + 1)
        for layout, first in zip(layouts, first_cells, strict=True)
    )
    return WindowCrop(
        rules,
        starts,
        first_cells,
        layouts,
        source[samples],
        weights,
        parts[positions],
        others[positions],
        bias,
        other_maps,
        result[positions],
    )


def _crop_axis(rule: WindowRule, size: int, around: int, limit: int) -> tuple[AxisLayout, int, int]:
    """Returns the layout of some positions near one, the first of them, and the first sample that is drawn."""
    whole = lay_out_axis(rule, size)
    start = count = 0
    for count in range(min(MAX_POSITIONS, len(whole.taps)), 0, -1):
        start = max(min(around - count // 2, len(whole.taps) - count), 0)
        taps = whole.taps[start : start + count]
        low, high = taps[0][0][0], taps[-1][-1][0] + 1
        if high - low <= limit:
            break
    taps = whole.taps[start : start + count]
    low, high = taps[0][0][0], taps[-1][-1][0] + 1
    cells = whole.cells[low:high]
    first = min((cell for cell in cells if cell >= 0), default=0)
    shifted = tuple(cell - first if cell >= 0 else cell for cell in cells)
    return AxisLayout(shifted, tuple(tuple((cell - low, tap) for cell, tap in window) for window in taps)), start, first


def padding_of(rule: WindowRule) -> int:
    """Returns the samples in front of an axis."""
    return rule.padding[0] if isinstance(rule, Window) else rule.padding
