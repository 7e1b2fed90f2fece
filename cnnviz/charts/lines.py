"""Charts with a line for each of several names: the layers of a net, or what a device did."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from cnnviz.charts.axes import (
    COLOURS,
    DASHES,
    LOG_SCALE,
    POINTS,
    ZOOM,
    epoch_axis,
    legend,
    point_layer,
    stack_curves,
    tooltip,
    value_axis,
)
from cnnviz.charts.curve import Curve

CHART_HEIGHT = 400
LEGEND_COLUMNS = 2
LEGEND_ROW_HEIGHT = 21
"""Height of a row of the legend in pixels."""
_SMALL_LEGEND = {
    "orient": "bottom",
    "symbolLimit": 0,
    "symbolSize": 400,
    "symbolStrokeWidth": 2,
    "labelFontSize": 12,
    "labelLimit": 130,
    "columnPadding": 10,
    "rowPadding": 4,
}
"""Options of a legend with room for every layer in a narrow column."""


ORDERED_COLOURS = (COLOURS[0], COLOURS[3], COLOURS[1])
"""Colours of the first, the middle and the last of many lines: blue, grey, orange."""
NEIGHBOUR_STYLES = 3
"""Line styles that take turns, as neighbouring lines may have almost the same colour."""


def ordered_colours(count: int) -> list[str]:
    """Returns colours for things in an order, from blue to orange, all of which can be seen on light and dark.

    >>> ordered_colours(3)
    ['#2f8fd8', '#808a9c', '#e0701a']
    """
    anchors = np.array([[int(colour[place : place + 2], 16) for place in (1, 3, 5)] for colour in ORDERED_COLOURS])
    shades = np.linspace(0, len(anchors) - 1, count) if count > 1 else np.zeros(1)
    channels = [np.interp(shades, range(len(anchors)), channel).round().astype(int) for channel in anchors.T]
    return [f"#{red:02x}{green:02x}{blue:02x}" for red, green, blue in zip(*channels, strict=True)]


def lines_table(lines: Mapping[str, Curve]) -> pa.Table:
    """Puts all curves of a chart into columns epoch, value and line."""
    return stack_curves([(curve, {"line": name}) for name, curve in lines.items()])


def lines_spec(title: str, epochs: int, names: Sequence[str], *, log: bool = False) -> dict[str, Any]:
    """Draws a `lines_table` with Vega-Lite: the colours of lines follow their order, and neighbours differ in style.

    It depends on nothing that changes during a run.
    """
    colours = ordered_colours(len(names))
    dashes = [list(DASHES[place % NEIGHBOUR_STYLES]) for place in range(len(names))]
    rows = -(-len(names) // LEGEND_COLUMNS) if len(names) > 1 else 0
    line_legend = legend(None, columns=LEGEND_COLUMNS, **_SMALL_LEGEND) if rows else None
    line_channel = {"field": "line", "type": "nominal", "legend": line_legend}
    return {
        "data": {"name": POINTS},
        "height": CHART_HEIGHT + LEGEND_ROW_HEIGHT * rows,  # legend and all
        "encoding": {
            "x": epoch_axis(epochs),
            "y": value_axis(title, LOG_SCALE if log else {"zero": True}),
            "color": line_channel | {"scale": {"domain": list(names), "range": colours}},
        },
        "layer": [
            {
                "mark": {"type": "line", "strokeWidth": 2, "clip": True},
                "encoding": {"strokeDash": line_channel | {"scale": {"domain": list(names), "range": dashes}}},
                "params": [ZOOM],
            },
            point_layer("line", fields=tooltip("line", value=title, form=".4~g")),
        ],
    }
