"""Parts that the live charts share: axes, zoom, legend, tooltip, the goal, and styles that everybody can tell apart."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from cnnviz.charts.curve import OFFSCREEN_EPOCH, Curve
from cnnviz.words import format_share

POINTS = "points"
"""Name of the data set with the lines of a chart."""

GOAL = "goal"
"""Name of the data set with the goal."""

GOAL_LABEL_HEIGHT = 20
"""Pixels that the label of the goal takes above its line."""

COLOURS = ("#2F8FD8", "#E0701A", "#1BA37A", "#808A9C")
"""Colours that colour-blind people can tell apart, on light and dark pages."""

DASHES = ((1, 0), (6, 3), (2, 2), (9, 3, 2, 3), (14, 4))
"""Line styles: lengths of stroke and gap in pixels."""

ZOOM: dict[str, Any] = {
    "name": "zoom",
    "select": {"type": "interval", "encodings": ["x"], "zoom": "wheel![event.ctrlKey || event.metaKey]"},
    "bind": "scales",
}
"""Zoom with Ctrl and the wheel (the wheel alone scrolls the page), move by dragging, reset with a double click."""

NUMBER_FORMAT = ".4~g"
"""Format of the numbers on an axis, however large: 0.25, 1500, 6e+17."""

NAMES_AXIS: dict[str, Any] = {"labelOverlap": False, "labelFlush": False}
"""Axis of names: each has its label, in the middle of its row; Streamlit would push the first and last one inwards."""

LOG_SCALE: dict[str, Any] = {"type": "log", "nice": True}
"""Logarithmic scale of the values."""

_LEADING_DIGIT = "round(datum.value / pow(10, floor(log(datum.value) / LN10 + 1e-9)))"
_LABELLED_DIGITS = "(domain('y')[1] > 100 * domain('y')[0] ? [1] : [1, 2, 5])"
_LOG_NUMBER = f"format(datum.value, domain('y')[0] < 1e-3 ? '~e' : '{NUMBER_FORMAT}')"
LOG_LABELS = f"indexof({_LABELLED_DIGITS}, {_LEADING_DIGIT}) < 0 ? '' : {_LOG_NUMBER}"
"""Labels of a log axis: of powers of ten, and of twice and five times these where it is short. All have one form: with
exponents where it goes down to small numbers, else written out."""

_TIGHT = {"titlePadding": 6, "labelPadding": 6}
"""Streamlit's own gaps between an axis, its numbers and its title would take a third of a chart's height."""


def epoch_axis(epochs: int) -> dict[str, Any]:
    """Returns the x channel: all epochs of a run, including those to come."""
    return {
        "field": "epoch",
        "type": "quantitative",
        "scale": {"domain": [0, epochs], "nice": False},
        "title": "epoch",
        "axis": {"tickMinStep": 1, "labelFlushOffset": 0} | _TIGHT,
    }


def value_axis(title: str, scale: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the y channel, with a tick format for numbers of any size."""
    labels = {"labelExpr": LOG_LABELS, "tickCount": 5} if scale == LOG_SCALE else {"format": NUMBER_FORMAT}
    axis = labels | _TIGHT
    return {"field": "value", "type": "quantitative", "scale": dict(scale), "title": title, "axis": axis}


def legend(title: str | None, **options: Any) -> dict[str, Any]:
    """Returns a legend of short strokes, changed by `options` of Vega-Lite."""
    defaults = {"orient": "top", "symbolType": "stroke", "symbolStrokeWidth": 3, "symbolOpacity": 1, "labelLimit": 420}
    return {"title": title, "padding": 0, "offset": 8} | defaults | options


def point_layer(*names: str, fields: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Returns the layer that shows the tooltip `fields`, and the dot of a line that has one point so far.

    `names` are the columns that tell one line from another. The points of longer lines cannot be seen.
    """
    count = {"joinaggregate": [{"op": "count", "as": "points"}], "groupby": list(names)}
    is_alone = "datum.points == 1"
    return {
        "transform": [count],
        "mark": {"type": "point", "filled": True, "clip": True},
        "encoding": {
            "opacity": {"condition": {"test": is_alone, "value": 1}, "value": 0},
            "size": {"condition": {"test": is_alone, "value": 60}, "value": 150},
            "tooltip": list(fields),
        },
    }


def tooltip(*names: str, value: str, form: str = ".4f", field: str = "value") -> list[dict[str, Any]]:
    """Returns the fields in a point's tooltip: those named, its epoch and its value, which is in the column `field`."""
    return [
        *({"field": name} for name in names),
        {"field": "epoch", "type": "quantitative", "format": ".4~g"},
        {"field": field, "type": "quantitative", "format": form, "title": value},
    ]


def filter_rows(values: Iterable[str], *, field: str) -> list[dict[str, str]]:
    """Returns the transform that keeps the rows with one of these values."""
    return [{"filter": " || ".join(f"datum.{field} == '{value}'" for value in values)}]


def stack_curves(lines: Sequence[tuple[Curve, Mapping[str, str]]]) -> pa.Table:
    """Puts all curves into one table with columns epoch and value, and one for each name that the curves have.

    A curve without values gets one far to the left of the chart, out of sight: Vega-Lite needs the extent of every
    layer's values and warns about empty ones. It is a value of another curve, so that it does not extend the axis.
    Arrow's table, as a browser gets it, takes a twentieth of the time of one of pandas.
    """
    any_value = next((float(curve.values[0]) for curve, _ in lines if len(curve.values)), 1.0)
    offscreen = Curve(np.array([OFFSCREEN_EPOCH]), np.array([any_value]))
    drawn_lines = [(curve if len(curve.values) else offscreen, names) for curve, names in lines]
    columns: dict[str, Any] = {
        "epoch": np.concatenate([curve.epochs for curve, _ in drawn_lines]),
        "value": np.concatenate([curve.values for curve, _ in drawn_lines]),
    }
    counts = [len(curve.values) for curve, _ in drawn_lines]
    for name in drawn_lines[0][1]:
        columns[name] = _repeat_texts([names[name] for _, names in drawn_lines], counts)
    return pa.table(columns)


def _repeat_texts(texts: Sequence[str], counts: Sequence[int]) -> pa.Array:
    """Returns a column in which each text stands as often as its count says."""
    return pa.array(texts, pa.large_string()).take(pa.array(np.repeat(np.arange(len(texts)), counts)))


def goal_line_table(goal: float) -> pd.DataFrame:
    """Returns a table with the goal and its label.

    >>> goal_line_table(0.9).to_dict("records")
    [{'goal': 0.9, 'label': 'goal 0.90'}]
    """
    return pd.DataFrame({"goal": [goal], "label": pd.array([f"goal {format_share(goal)}"], dtype="str")})


def goal_line_layers() -> list[dict[str, Any]]:
    """Returns the layers that draw a `goal_line_table`: a dashed line across the chart, with its label at the left.

    The label is above the line, or below it where there is no room above it: the legend is there.
    """
    encoding = {"y": {"field": "goal", "type": "quantitative"}, "color": {"value": "currentColor"}}
    is_at_top = f"scale('y', datum.goal) < {GOAL_LABEL_HEIGHT}"
    side = {"baseline": {"expr": f"{is_at_top} ? 'top' : 'bottom'"}, "dy": {"expr": f"{is_at_top} ? 5 : -4"}}
    label = {"type": "text", "align": "left", "dx": 6, "fontSize": 13} | side
    rule = {"type": "rule", "strokeDash": [5, 4], "strokeWidth": 1.5, "opacity": 0.7}
    across: dict[str, Any] = {"x": {"value": 0}, "x2": {"value": "width"}}
    text = {"x": {"value": 0}, "text": {"field": "label", "type": "nominal"}}
    marks = ((rule, across), (label, text))
    return [{"data": {"name": GOAL}, "mark": mark, "encoding": encoding | place} for mark, place in marks]
