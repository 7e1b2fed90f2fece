"""Charts with a line for each of several names: the layers of a net, or what a device did."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from cnnviz.charts.axes import (
    COLOURS,
    DASHES,
    LOG_SCALE,
    POINTS,
    ZOOM,
    epoch_axis,
    legend,
    stack_curves,
    tooltip,
    value_axis,
)
from cnnviz.charts.curve import Curve

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


def lines_table(lines: Mapping[str, Curve]) -> pd.DataFrame:
    """Puts all curves of a chart into columns epoch, value and line."""
    return stack_curves([(curve, {"line": name}) for name, curve in lines.items()])


def lines_spec(title: str, epochs: int, names: Sequence[str], *, log: bool = False) -> dict[str, Any]:
    """Draws a `lines_table` with Vega-Lite: lines differ in colour and, once all colours are used, in style.

    It depends on nothing that changes during a run.
    """
    places = range(len(names))
    colours = [COLOURS[place % len(COLOURS)] for place in places]
    dashes = [list(DASHES[place // len(COLOURS) % len(DASHES)]) for place in places]
    rows = -(-len(names) // LEGEND_COLUMNS) if len(names) > 1 else 0
    line_legend = legend(None, columns=LEGEND_COLUMNS, **_SMALL_LEGEND) if rows else None
    line_channel = {"field": "line", "type": "nominal", "legend": line_legend}
    return {
        "data": {"name": POINTS},
        "height": 280 + LEGEND_ROW_HEIGHT * rows,  # legend and all
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
            {
                "mark": {"type": "point", "opacity": 0, "size": 150, "clip": True},
                "encoding": {"tooltip": tooltip("line", value=title, form=".4~g")},
            },
        ],
    }
