"""Charts of a run for printing and for other programs: complete, on white, and not interactive."""

from typing import Any

import numpy as np

from cnnviz.charts.axes import GOAL, POINTS
from cnnviz.charts.curve import Curve, downsample, drop_undrawable, first_reaching
from cnnviz.charts.learning import SPLIT_COLOURS, goal_table, learning_spec, learning_table
from cnnviz.takehome.run_archive import RunArchive

WIDTH, HEIGHT = 640, 280
"""Size of a chart's plotting area, in pixels."""
TEXT_COLOUR, GRID_COLOUR = "#1f2933", "#d9dee5"
CHART_CONFIG: dict[str, Any] = {
    "font": "Helvetica, Arial, Liberation Sans, sans-serif",
    "axis": {
        "labelColor": TEXT_COLOUR,
        "titleColor": TEXT_COLOUR,
        "gridColor": GRID_COLOUR,
        "domainColor": GRID_COLOUR,
        "tickColor": GRID_COLOUR,
    }
    | {"labelFontSize": 12, "titleFontSize": 13, "titleFontWeight": "normal"},
    "legend": {"labelColor": TEXT_COLOUR, "labelFontSize": 13},
    "text": {"color": TEXT_COLOUR},
    "view": {"stroke": GRID_COLOUR},
}


def chart_specs(archive: RunArchive, goal: float) -> dict[str, dict[str, Any]]:
    """Returns the Vega-Lite specifications of accuracy and loss by metric, with their data, ready for JSON.

    A metric without values has no chart.
    """
    curves_by_metric = {metric: _curves_by_split(archive, metric) for metric in ("accuracy", "loss")}
    return {metric: _chart_spec(metric, lines, archive, goal) for metric, lines in curves_by_metric.items() if lines}


def archived_curve(archive: RunArchive, split: str, metric: str) -> Curve:
    """Returns the values of a metric on a split over epochs; a batch counts as a fraction of its epoch."""
    points = [point for point in archive.points if (point.split, point.metric) == (split, metric)]
    per_epoch = archive.steps // archive.config.epochs
    epochs = [point.step / per_epoch if per_epoch else point.epoch for point in points]
    return Curve(np.array(epochs, np.float64), np.array([point.value for point in points]))


def _curves_by_split(archive: RunArchive, metric: str) -> dict[str, Curve]:
    curves = {split: drop_undrawable(archived_curve(archive, split, metric)) for split in SPLIT_COLOURS}
    return {split: downsample(line) for split, line in curves.items() if len(line.values)}


def _chart_spec(metric: str, lines: dict[str, Curve], archive: RunArchive, goal: float) -> dict[str, Any]:
    tables = {POINTS: learning_table(lines)}
    with_goal = metric == "accuracy"
    if with_goal:
        validation = lines.get("validation")
        tables[GOAL] = goal_table(goal, first_reaching(validation, goal) if validation else None)
    spec = learning_spec(metric, archive.config.epochs, goal=with_goal)
    spec |= {"datasets": {name: table.to_pylist() for name, table in tables.items()}}
    spec |= {"width": WIDTH, "height": HEIGHT, "background": "white", "config": CHART_CONFIG}
    plain: dict[str, Any] = _replace_word(spec, "currentColor", TEXT_COLOUR)
    return plain


def _replace_word(value: Any, old: str, new: str) -> Any:
    """Returns a copy of a JSON value in which every string equal to `old` is `new`."""
    if isinstance(value, dict):
        return {name: _replace_word(item, old, new) for name, item in value.items()}
    if isinstance(value, list):
        return [_replace_word(item, old, new) for item in value]
    return new if value == old else value
