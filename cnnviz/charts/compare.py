"""Comparison of runs: their curves in one chart, and the cost of accuracy."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from cnnviz.charts.axes import (
    COLOURS,
    DASHES,
    GOAL,
    LOG_SCALE,
    POINTS,
    ZOOM,
    epoch_axis,
    filter_rows,
    goal_line_layers,
    goal_line_table,
    legend,
    point_layer,
    stack_curves,
    tooltip,
    value_axis,
)
from cnnviz.charts.curve import Curve
from cnnviz.insight.pareto import pareto_front

MAX_NAMED_RUNS = 20
"""Number of runs up to which each has a line style of its own and a place in the legend."""
RUNS = "runs"
"""Name of the data set with a row for each run."""
ON_FRONT, OFF_FRONT = "on the Pareto front", "others"
LEGEND_ROW_HEIGHT = 24
"""Height of a row of the legend in pixels."""
_RUN_LEGEND = {"orient": "bottom", "columns": 2, "symbolLimit": 0, "symbolSize": 500, "labelLimit": 260}


USUAL_LOSS, CUT_FACTOR = 5.0, 3.0
"""Values up to the first are always drawn, and up to the second times the highest value of the run with the lowest."""
_CUT_LABELS = {
    "transform": [
        {"filter": "datum.split == 'validation' && datum.measured > datum.value"},
        {"calculate": "'▲ ' + format(datum.measured, '.2~g')", "as": "label"},
    ],
    "mark": {"type": "text", "align": "left", "baseline": "top", "dx": 6, "dy": 4, "fontSize": 12},
    "encoding": {"y": {"value": 0}, "text": {"field": "label", "type": "nominal"}},
}
"""Where a bold line leaves the chart: what was measured there."""


def compare_table(lines: Mapping[str, Mapping[str, Curve]]) -> pd.DataFrame:
    """Puts the curves of one metric, by run and split, into columns epoch, value, measured, run and split.

    A line that goes beyond a limit ends there, else a run that diverges would flatten all the others.
    """
    highest = [max(curve.values.max(initial=0) for curve in splits.values()) for splits in lines.values()]
    limit = max(USUAL_LOSS, CUT_FACTOR * min((value for value in highest if value), default=0))
    table: pd.DataFrame = stack_curves(
        [
            (_leave_out_beyond(curve, limit), {"run": run, "split": split})
            for run, splits in lines.items()
            for split, curve in splits.items()
        ]
    ).to_pandas()
    table.insert(2, "measured", table["value"])
    table["value"] = table["value"].clip(upper=limit)
    return table


def _leave_out_beyond(curve: Curve, limit: float) -> Curve:
    """Returns a curve without its values beyond a limit, but for the first of those that follow each other."""
    is_beyond = curve.values > limit
    return curve[~is_beyond | ~np.concatenate([[False], is_beyond[:-1]])]


def compare_spec(
    metric: str, epochs: int, runs: Sequence[str], *, log: bool = False, goal: bool = False
) -> dict[str, Any]:
    """Draws a `compare_table` with Vega-Lite: a colour and style for each run, validation bold and training fine.

    With `goal`, the line of a `goal_line_table` is drawn as well.
    """
    is_named = len(runs) <= MAX_NAMED_RUNS
    run_legend = legend(None, **_RUN_LEGEND) if is_named else None
    run_channel = {"field": "run", "type": "nominal", "legend": run_legend}
    places = range(len(runs))
    colours = {"domain": list(runs), "range": [COLOURS[place % len(COLOURS)] for place in places]}
    dashes = {"domain": list(runs), "range": [list(DASHES[place // len(COLOURS) % len(DASHES)]) for place in places]}
    scale = LOG_SCALE if log else {"zero": True} if metric == "loss" else {"domain": [0, 1.02], "nice": False}

    def line(split: str, width: float, opacity: float) -> dict[str, Any]:
        return {
            "transform": filter_rows([split], field="split"),
            "mark": {"type": "line", "strokeWidth": width, "opacity": opacity, "clip": True},
            "encoding": {"strokeDash": run_channel | {"scale": dashes}},
        }

    return {
        "data": {"name": POINTS},
        "height": 340 + (LEGEND_ROW_HEIGHT * -(-len(runs) // 2) if is_named else 0),
        "encoding": {
            "x": epoch_axis(epochs),
            "y": value_axis(metric, scale),
            "color": run_channel | {"scale": colours},
        },
        "layer": [
            line("train", 1.2, 0.65) | {"params": [ZOOM]},
            line("validation", 2.5, 1.0),
            *(goal_line_layers() if goal else []),
            point_layer("run", "split", fields=tooltip("run", "split", value=metric, form=".4~g", field="measured")),
            _CUT_LABELS,
        ],
    }


def pareto_tables(
    names: Sequence[str],
    datasets: Sequence[str],
    costs: npt.NDArray[np.float64],
    accuracy: npt.NDArray[np.float64],
    goal: float,
) -> dict[str, pd.DataFrame]:
    """Returns a row for each run, in columns run, data, cost, accuracy and kind; and the goal.

    Each data set that runs learned from has a Pareto front of its own, as accuracies on different data cannot be
    compared.
    """
    on_front, sets = np.zeros(len(names), bool), np.array(list(datasets), dtype=object)
    for dataset in dict.fromkeys(datasets):
        on_front[sets == dataset] = pareto_front(costs[sets == dataset], accuracy[sets == dataset])
    return {
        RUNS: pd.DataFrame(
            {
                "run": pd.array(list(names), dtype="str"),
                "data": pd.array(list(datasets), dtype="str"),
                "cost": costs,
                "accuracy": accuracy,
                "kind": pd.array(np.where(on_front, ON_FRONT, OFF_FRONT).tolist(), dtype="str"),
            }
        ),
        GOAL: goal_line_table(goal),
    }


def pareto_spec(title: str) -> dict[str, Any]:
    """Draws `pareto_tables` with Vega-Lite: accuracy over its cost on a log axis, the Pareto fronts and the goal.

    Colours tell the data sets apart, each of which has its own front; diamonds are on it.
    """
    x: dict[str, Any] = {"field": "cost", "type": "quantitative", "title": title}
    x |= {"scale": {"type": "log", "nice": True}}
    x |= {"axis": {"format": ",.4~r", "tickCount": 6}}
    y: dict[str, Any] = {"field": "accuracy", "type": "quantitative", "title": "best validation accuracy"}
    y |= {"scale": {"zero": False, "nice": True}}
    tooltip_fields = [
        {"field": "run"},
        {"field": "data", "title": "data set"},
        {"field": "accuracy", "type": "quantitative", "format": ".4f"},
        {"field": "cost", "type": "quantitative", "format": ",.4~r", "title": title},
    ]
    shapes = {"domain": [ON_FRONT, OFF_FRONT], "range": ["diamond", "circle"]}
    opacities = {"domain": [ON_FRONT, OFF_FRONT], "range": [1, 0.5]}
    key = {"title": None, "orient": "top", "symbolFillColor": "currentColor", "symbolStrokeColor": "currentColor"}
    kind_channel = {"field": "kind", "type": "nominal", "legend": key}
    data_channel = {"field": "data", "type": "nominal", "scale": {"range": list(COLOURS)}}
    data_channel |= {"legend": {"title": None, "orient": "top", "columns": 3, "labelLimit": 220}}
    return {
        "data": {"name": RUNS},
        "height": 320,
        "layer": [
            *goal_line_layers(),
            {
                "transform": filter_rows([ON_FRONT], field="kind"),
                "mark": {"type": "line", "interpolate": "step-after", "strokeWidth": 1.5, "opacity": 0.7},
                "encoding": {"x": x, "y": y, "color": data_channel},
            },
            {
                "mark": {"type": "point", "filled": True, "size": 90, "opacity": 0.9},
                "encoding": {
                    "x": x,
                    "y": y,
                    "color": data_channel,
                    "shape": kind_channel | {"scale": shapes},
                    "opacity": kind_channel | {"scale": opacities},
                    "tooltip": tooltip_fields,
                },
            },
        ],
    }
