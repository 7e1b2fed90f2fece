"""One value: the numbers under the window, written out, and the result that torch gives."""

from typing import Any

import numpy as np
import streamlit as st
from torch import Tensor

from cnnviz.inside import Subject
from cnnviz.inside.feature_maps import LayerMaps
from cnnviz.inside.one_map import is_convolution, map_sum
from cnnviz.inside.one_value import WindowCrop, crop_window, has_window, padding_of
from cnnviz.ui.inside.forward import choose_layer, sample_maps
from cnnviz.ui.inside.map_strips import axis_names
from cnnviz.ui.inside.one_map import choose_channel
from cnnviz.ui.shapes.sliding_window import add_axes, draw_window
from cnnviz.ui.widgets.fields import number


def one_value_view(subject: Subject) -> None:
    """Draws a window over the numbers of an input map, step by step, with the sum that each output is."""
    maps = sample_maps(subject)
    windows = [record for record in maps if has_window(record) and record.after.numel()]
    if not windows:
        st.info("This net has no convolution and no pool, so no value comes from a window.", icon=":material/info:")
        return
    with st.container(horizontal=True, vertical_alignment="bottom", key="one-value-controls"):
        record = choose_layer(windows, key="one-value-layer")
        channel = choose_channel(record, key="one-value-channel")
        input_number = _choose_input(maps, record, channel)
        names = axis_names(subject, record.after.dim() - 2)
        around = _choose_position(record, channel, names)
    crop = crop_window(maps, record, channel, input_number, around)
    draw_window(window_data(record, crop, names), key="one-value")
    st.caption(
        f"The result is what torch gives for map {channel} of {record.title}. Factors are rounded to three digits, the"
        " result to four."
    )


def _choose_input(maps: tuple[LayerMaps, ...], record: LayerMaps, channel: int) -> int:
    """Draws the choice of the input map whose products are written out."""
    if not is_convolution(record):
        return 0
    channels = map_sum(maps, record, channel).input_channels
    if len(channels) == 1:
        return 0
    with st.container(width=160):
        chosen = number(
            f"Input map, {channels[0]} to {channels[-1]}",
            channels[0],
            whole=True,
            bounds=(channels[0], channels[-1]),
            step=1,
            key=f"one-value-input-{record.title}-{channels[0]}",
        )
    return int(chosen) - channels[0]


def _choose_position(record: LayerMaps, channel: int, names: tuple[str, ...]) -> tuple[int, ...]:
    """Draws a field for each axis of the output; at first the place of the greatest value."""
    values = record.after[0, channel]
    greatest = np.unravel_index(int(values.argmax()), tuple(values.shape))
    position = []
    for axis, (name, size) in enumerate(zip(names, values.shape, strict=True)):
        with st.container(width=130):
            chosen = number(
                f"Near {name}, 0 to {size - 1}", int(greatest[axis]), whole=True, bounds=(0, size - 1), step=1,
                key=f"one-value-{record.title}-{channel}-{name}-{int(greatest[axis])}",
            )  # fmt: skip
        position.append(int(chosen))
    return tuple(position)


def window_data(record: LayerMaps, crop: WindowCrop, names: tuple[str, ...]) -> dict[str, Any]:
    """Returns what the browser draws of a crop: cells, windows, numbers as text, and the rest of each sum."""
    missing = 3 - len(names)
    rest = _rest_texts(crop)
    return {
        "operation": record.layer.kind[:-2],
        "axes": list(names),
        "tracks": [{"cells": (0,), "windows": (((0, 0),),), "unread": ()}] * missing
        + [{"cells": layout.cells, "windows": layout.taps, "unread": ()} for layout in crop.layouts],
        "steps": [
            {"stride": rule.stride, "padding": padding_of(rule), "dilation": rule.dilation} for rule in crop.rules
        ],
        "source": add_axes(number_texts(crop.source, 3), missing),
        "weights": None if crop.weights is None else add_axes(number_texts(crop.weights, 3), missing),
        "result": add_axes(number_texts(crop.result, 4), missing),
        "rest": None if rest is None else add_axes(rest, missing),
        "first": [0] * missing + list(crop.starts),
        "counted": getattr(record.layer, "count_include_pad", False),
        "divisor": getattr(record.layer, "divisor_override", None),
        "smaller": "",
    }


def number_texts(values: Tensor, digits: int) -> Any:
    """Returns numbers as nested lists of texts with so many significant digits; a short one where they are tiny.

    >>> import torch
    >>> number_texts(torch.tensor([[1.0, -0.25], [1234.5, 1e-9]]), 3)
    [['1', '-0.25'], ['1234', '1e-09']]
    """

    def text(value: Any) -> Any:
        if isinstance(value, list):
            return [text(item) for item in value]
        return f"{value:.0f}" if 1000 <= abs(value) < 100_000 else f"{value:.{digits}g}"

    return text(values.tolist())


def _rest_texts(crop: WindowCrop) -> Any:
    """Returns what the other input maps and the bias add at each position, as texts; None for a pool."""
    if crop.weights is None:
        return None
    others = f" ({crop.other_maps} other input {'map' if crop.other_maps == 1 else 'maps'})"

    def text(value: Any) -> Any:
        if isinstance(value, list):
            return [text(item) for item in value]
        return (f" + {value:.4g}{others}" if crop.other_maps else "") + f" + {crop.bias:.4g} (bias)"

    return text(crop.others.tolist())
