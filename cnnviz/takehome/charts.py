"""The charts of a run for paper and for other programs: whole, on white, without a mouse."""

from typing import Any

import numpy as np

from cnnviz.charts.axes import GOAL, POINTS
from cnnviz.charts.curve import Curve, drawable, reached, thinned
from cnnviz.charts.learning import COLOURS, goal_table, learning_spec, learning_table
from cnnviz.takehome.parcel import Parcel

WIDTH, HEIGHT = 640, 280
"""Pixels of the frame of a chart."""
INK, PALE = "#1f2933", "#d9dee5"
LOOK: dict[str, Any] = {
    "font": "Helvetica, Arial, Liberation Sans, sans-serif",
    "axis": {"labelColor": INK, "titleColor": INK, "gridColor": PALE, "domainColor": PALE, "tickColor": PALE}
    | {"labelFontSize": 12, "titleFontSize": 13, "titleFontWeight": "normal"},
    "legend": {"labelColor": INK, "labelFontSize": 13},
    "text": {"color": INK},
    "view": {"stroke": PALE},
}


def specs(parcel: Parcel, goal: float) -> dict[str, dict[str, Any]]:
    """A Vega-Lite specification with its data for each chart, as JSON holds it: accuracy and loss.

    A run that has no values of a metric has no chart of it.
    """
    found = {metric: _lines(parcel, metric) for metric in ("accuracy", "loss")}
    return {metric: _spec(metric, lines, parcel, goal) for metric, lines in found.items() if lines}


def curve(parcel: Parcel, split: str, metric: str) -> Curve:
    """One line over epochs; batches lie between them by their steps."""
    points = [point for point in parcel.points if (point.split, point.metric) == (split, metric)]
    per_epoch = parcel.steps // parcel.config.epochs
    epochs = [point.step / per_epoch if per_epoch else point.epoch for point in points]
    return Curve(np.array(epochs, np.float64), np.array([point.value for point in points]))


def _lines(parcel: Parcel, metric: str) -> dict[str, Curve]:
    found = {split: drawable(curve(parcel, split, metric)) for split in COLOURS}
    return {split: thinned(line) for split, line in found.items() if len(line.values)}


def _spec(metric: str, lines: dict[str, Curve], parcel: Parcel, goal: float) -> dict[str, Any]:
    tables = {POINTS: learning_table(lines)}
    with_goal = metric == "accuracy"
    if with_goal:
        validation = lines.get("validation")
        tables[GOAL] = goal_table(goal, reached(validation, goal) if validation else None)
    spec = learning_spec(metric, parcel.config.epochs, goal=with_goal)
    spec |= {"datasets": {name: table.to_dict("records") for name, table in tables.items()}}
    spec |= {"width": WIDTH, "height": HEIGHT, "background": "white", "config": LOOK}
    plain: dict[str, Any] = _replaced(spec, "currentColor", INK)
    return plain


def _replaced(value: Any, old: str, new: str) -> Any:
    """With another word wherever there is that one."""
    if isinstance(value, dict):
        return {name: _replaced(each, old, new) for name, each in value.items()}
    if isinstance(value, list):
        return [_replaced(each, old, new) for each in value]
    return new if value == old else value
