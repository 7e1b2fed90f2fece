"""What the live charts have in common: the axis of epochs, its zoom, and styles that all eyes tell apart."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from cnnviz.charts.curve import OFFSCREEN_EPOCH, Curve
from cnnviz.words import format_share

POINTS = "points"
"""Name of the data set with the lines of a chart."""

GOAL = "goal"
"""Name of the data set with the goal."""

COLOURS = ("#2F8FD8", "#E0701A", "#1BA37A", "#808A9C")
"""Told apart by the colour-blind on light and dark alike."""

DASHES = ((1, 0), (6, 3), (2, 2), (9, 3, 2, 3), (14, 4))
"""Line styles: lengths of stroke and gap in pixels."""

ZOOM: dict[str, Any] = {
    "name": "zoom",
    "select": {"type": "interval", "encodings": ["x"], "zoom": "wheel![event.ctrlKey || event.metaKey]"},
    "bind": "scales",
}
"""Ctrl and the wheel zoom, so that the wheel alone still scrolls the page; a drag moves, a double click goes back."""

NUMBER_FORMAT = ".4~g"
"""Format of the numbers at an axis, however large: 0.25, 1500, 6e+17."""

LOG_SCALE: dict[str, Any] = {"type": "log", "nice": True}
"""A log scale for the values."""


def epoch_axis(epochs: int) -> dict[str, Any]:
    """The x channel: all epochs of a run, also those to come."""
    return {
        "field": "epoch",
        "type": "quantitative",
        "scale": {"domain": [0, epochs], "nice": False},
        "title": "epoch",
        "axis": {"tickMinStep": 1},
    }


def value_axis(title: str, scale: Mapping[str, Any]) -> dict[str, Any]:
    """The y channel."""
    axis = {"format": NUMBER_FORMAT} | ({"tickCount": 5} if scale == LOG_SCALE else {})
    return {"field": "value", "type": "quantitative", "scale": dict(scale), "title": title, "axis": axis}


def legend(title: str | None, **options: Any) -> dict[str, Any]:
    """Short strokes with their names."""
    defaults = {"orient": "top", "symbolType": "stroke", "symbolStrokeWidth": 3, "symbolOpacity": 1, "labelLimit": 420}
    return {"title": title} | defaults | options


def tooltip(*names: str, value: str, form: str = ".4f") -> list[dict[str, Any]]:
    """Fields that a point tells of when it is pointed at, besides its epoch and value."""
    return [
        *({"field": name} for name in names),
        {"field": "epoch", "type": "quantitative", "format": ".4~g"},
        {"field": "value", "type": "quantitative", "format": form, "title": value},
    ]


def filter_rows(values: Iterable[str], *, field: str) -> list[dict[str, str]]:
    """The transform that leaves the rows with one of these values."""
    return [{"filter": " || ".join(f"datum.{field} == '{value}'" for value in values)}]


def stack_curves(lines: Sequence[tuple[Curve, Mapping[str, str]]]) -> pd.DataFrame:
    """All curves in one table of columns epoch and value, and one for each name that the curves have.

    A curve without a value yet has one far left of the chart, where nobody sees it: Vega-Lite asks every layer for the
    extent of its values, and complains of those that have none. It is a value of another curve, as an axis covers it.
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
        columns[name] = pd.array(np.repeat([names[name] for _, names in drawn_lines], counts), dtype="str")
    return pd.DataFrame(columns)


def goal_line_table(goal: float) -> pd.DataFrame:
    """The goal and its label.

    >>> goal_line_table(0.9).to_dict("records")
    [{'goal': 0.9, 'label': 'goal 0.90'}]
    """
    return pd.DataFrame({"goal": [goal], "label": pd.array([f"goal {format_share(goal)}"], dtype="str")})


def goal_line_layers() -> list[dict[str, Any]]:
    """The layers of a `goal_line_table`: a dashed line across, and its label at the left."""
    encoding = {"y": {"field": "goal", "type": "quantitative"}, "color": {"value": "currentColor"}}
    label = {"type": "text", "align": "left", "baseline": "bottom", "dx": 6, "dy": -4, "fontSize": 13}
    rule = {"type": "rule", "strokeDash": [5, 4], "strokeWidth": 1.5, "opacity": 0.7}
    across: dict[str, Any] = {"x": {"value": 0}, "x2": {"value": "width"}}
    text = {"x": {"value": 0}, "text": {"field": "label", "type": "nominal"}}
    marks = ((rule, across), (label, text))
    return [{"data": {"name": GOAL}, "mark": mark, "encoding": encoding | place} for mark, place in marks]
