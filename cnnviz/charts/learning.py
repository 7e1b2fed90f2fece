"""Learning curves as they grow: tables, and a Vega-Lite chart that browsers update in place."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from cnnviz.charts import axes
from cnnviz.charts.axes import (
    DASHES,
    GOAL,
    LOG_SCALE,
    POINTS,
    ZOOM,
    epoch_axis,
    filter_rows,
    legend,
    point_layer,
    stack_curves,
    value_axis,
)
from cnnviz.charts.curve import OFFSCREEN_EPOCH, Curve
from cnnviz.words import format_share

SPLIT_COLOURS = dict(zip(("batch", "train", "validation", "test"), (axes.COLOURS[-1], *axes.COLOURS), strict=False))
"""Colour of each split, in drawing order."""

SMOOTHED = "smoothed"
"""Name in the column split of the smoothed batch loss."""

THIS_RUN = "this run"
"""Name of the run that others are compared with."""

CHART_HEIGHT, LEGEND_ROW_HEIGHT = 330, 28
"""Height of a chart, and of a row of the legend below it, in pixels."""

CurvesBySplit = Mapping[str, Curve]
"""Curves of one metric of a run, by split."""

EMPTY_CURVE = Curve(np.array([]), np.array([]))


def learning_table(lines: CurvesBySplit, others: Mapping[str, CurvesBySplit] | None = None) -> pa.Table:
    """Puts all curves of a chart into columns epoch, value, split and run; `others` are runs to compare with."""
    own_lines = [
        (lines.get(split, EMPTY_CURVE), {"split": split, "run": THIS_RUN})
        for split in (*SPLIT_COLOURS, *([SMOOTHED] if SMOOTHED in lines else []))
    ]
    other_lines = [
        (curve, {"split": split, "run": run})
        for run, curves in (others or {}).items()
        for split, curve in curves.items()
    ]
    return stack_curves([*own_lines, *other_lines])


def goal_table(goal: float, reached: tuple[float, float] | None) -> pa.Table:
    """Returns the goal, and the point where it was reached with a label; the point is out of sight before that.

    >>> goal_table(0.9, (12.0, 0.91)).to_pylist()
    [{'epoch': 12.0, 'value': 0.91, 'goal': 0.9, 'label': '0.90 reached: epoch 12'}]
    """
    epoch, value = reached or (OFFSCREEN_EPOCH, goal)
    label = f"{format_share(goal)} reached: epoch {epoch:.0f}" if reached else ""
    return pa.table({"epoch": [epoch], "value": [value], "goal": [goal], "label": [label]})


def learning_spec(
    metric: str,
    epochs: int,
    *,
    log: bool = False,
    smooth: bool = False,
    others: Sequence[str] = (),
    goal: bool = False,
    tested: bool = True,
) -> dict[str, Any]:
    """Draws a `learning_table` with Vega-Lite: one line per split over the epochs, test as a diamond.

    Runs to compare with have the same colours in other line styles. With `goal`, a `goal_table` is drawn as well. The
    legend names the test where the net was `tested`.

    It depends on nothing that changes before the end of a run, so a browser keeps the chart, and its zoom, when new
    rows arrive.
    """
    splits = [split for split in SPLIT_COLOURS if split != "batch" or metric == "loss"]
    colour = {
        "field": "split",
        "type": "nominal",
        "scale": {"domain": splits, "range": [SPLIT_COLOURS[split] for split in splits]},
        "legend": legend(None, values=[split for split in splits if split != "test" or tested]),
    }
    tooltip_fields = axes.tooltip("split", *(["run"] if others else []), value=metric)
    train_and_validation = filter_rows(("train", "validation"), field="split")
    points = point_layer("split", "run", fields=tooltip_fields)
    return {
        "data": {"name": POINTS},
        "height": CHART_HEIGHT + (LEGEND_ROW_HEIGHT * (len(others) + 2) if others else 0),
        "encoding": {"x": epoch_axis(epochs), "y": value_axis(metric, _value_scale(metric, log=log)), "color": colour},
        "layer": [
            {
                "transform": filter_rows(["batch"], field="split"),
                "mark": {"type": "line", "strokeWidth": 1, "opacity": 0.3 if smooth else 0.8, "clip": True},
                "params": [ZOOM],
            },
            *([_SMOOTHED_LAYER] if smooth else []),
            {
                "transform": train_and_validation,
                "mark": {"type": "line", "strokeWidth": 2.5, "clip": True},
                **({"encoding": {"strokeDash": _run_dashes(others)}} if others else {}),
            },
            points | {"transform": [*train_and_validation, *points["transform"]]},
            {
                "transform": filter_rows(["test"], field="split"),
                "mark": {"type": "point", "shape": "diamond", "size": 150, "filled": True, "clip": True},
                "encoding": {"tooltip": tooltip_fields},
            },
            *(_goal_layers(epochs) if goal else []),
        ],
    }


_SMOOTHED_LAYER = {
    "transform": filter_rows([SMOOTHED], field="split"),
    "mark": {"type": "line", "strokeWidth": 2, "clip": True},
    "encoding": {"color": {"value": SPLIT_COLOURS["batch"]}},
}


def _value_scale(metric: str, *, log: bool) -> dict[str, Any]:
    if metric != "loss":
        return {"domain": [0, 1.02], "nice": False}
    return LOG_SCALE if log else {"zero": True}


def _run_dashes(others: Sequence[str]) -> dict[str, Any]:
    runs = [THIS_RUN, *others]
    return {
        "field": "run",
        "type": "nominal",
        "scale": {"domain": runs, "range": [list(dash) for dash in DASHES[: len(runs)]]},
        "legend": legend(None, orient="bottom", direction="vertical", symbolSize=1200, symbolStrokeWidth=2),
    }


def _goal_layers(epochs: int) -> list[dict[str, Any]]:
    """Draws the goal as a line, the point where it is reached, and from there a line down to its label.

    No curve is in the way at the bottom: after the goal they are high, and the label is to the left of its line only in
    the second half.
    """
    text_colour = "currentColor"  # of the page around the chart, on light and dark
    encoding = {"color": {"value": text_colour}}
    across = {"x": {"value": 0}, "x2": {"value": "width"}, "y": {"field": "goal", "type": "quantitative"}}
    label = {"type": "text", "baseline": "bottom", "dy": -4, "fontSize": 13, "fontWeight": 600}
    text = {"y": {"value": "height"}, "text": {"field": "label", "type": "nominal"}}
    sides = ((f"datum.epoch <= {epochs / 2:g}", "left", 6), (f"datum.epoch > {epochs / 2:g}", "right", -6))
    layers: list[dict[str, Any]] = [
        {"mark": {"type": "rule", "strokeDash": [5, 4], "strokeWidth": 1.5, "opacity": 0.7}, "encoding": across},
        {
            "mark": {"type": "rule", "strokeDash": [2, 3], "opacity": 0.7, "clip": True},
            "encoding": {"y2": {"value": "height"}},
        },
        {"mark": {"type": "point", "size": 120, "strokeWidth": 2, "filled": False, "clip": True}, "encoding": {}},
        *(
            {
                "transform": [{"filter": side}],
                "mark": label | {"align": align, "dx": dx, "clip": True},
                "encoding": text,
            }
            for side, align, dx in sides
        ),
    ]
    return [{"data": {"name": GOAL}} | layer | {"encoding": layer["encoding"] | encoding} for layer in layers]
