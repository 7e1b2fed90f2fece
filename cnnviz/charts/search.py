"""Charts of a search for a better net: what its runs reached, which choices mattered, and which went together."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from cnnviz.charts.axes import COLOURS, GOAL, NAMES_AXIS, goal_line_layers, goal_line_table, legend
from cnnviz.search.space import ParameterValue, RangeParameter, SearchParameter, Space, choice_label

DONE, RUNNING, PRUNED, STOPPED, FAILED = STATES = ("done", "training", "stopped early", "stopped", "failed")
"""States of a run of a search; the search itself stops those early that fall behind."""
STATE_SHAPES = dict(zip(STATES, ("circle", "diamond", "triangle-down", "square", "cross"), strict=True))
STATE_COLOURS = dict(zip(STATES, (COLOURS[0], COLOURS[2], COLOURS[3], COLOURS[3], COLOURS[1]), strict=True))
RUNS, BEST = "runs", "best"
"""Names of the data sets with a row for each run, and with the best so far."""
LINES, TICKS = "lines", "ticks"
"""Names of the data sets with a row for each run and axis, and with the labels on the axes."""
ACCURACY = "accuracy"
ACCURACY_TITLE = "best validation accuracy"
ACCURACY_TICKS = (0.0, 0.25, 0.5, 0.75, 1.0)
PAGE_COLOUR, DARK_PAGE_COLOUR = "#FCFBF8", "#10151C"
"""Colours of the pages that the charts stand on."""
CHART_HEIGHT, BAR_HEIGHT = 300, 26
"""Height of a chart, and of a bar, in pixels."""


@dataclass(frozen=True)
class TrialResult:
    """A run of a search: its number, the choices made for it, its best validation accuracy so far, and its state."""

    number: int
    params: Mapping[str, ParameterValue]
    accuracy: float | None
    state: str


def parameter_title(name: str) -> str:
    """Returns the title of a parameter, or of the accuracy.

    >>> parameter_title("kernel_size")
    'Kernel size'
    """
    return "Accuracy" if name == ACCURACY else Space.model_fields[name].title or name


def history_tables(trials: Sequence[TrialResult], goal: float) -> dict[str, pd.DataFrame]:
    """Returns runs (run, accuracy, state), the best so far after each (run, best), and the goal.

    Runs without an accuracy are left out.

    >>> tables = history_tables([TrialResult(1, {}, 0.5, DONE), TrialResult(2, {}, 0.4, PRUNED)], 0.9)
    >>> tables[BEST].to_dict("list")
    {'run': [1, 2], 'best': [0.5, 0.5]}
    """
    measured = [trial for trial in trials if trial.accuracy is not None]
    numbers = np.array([trial.number for trial in measured], dtype=np.int64)
    values = np.array([trial.accuracy for trial in measured], dtype=np.float64)
    return {
        RUNS: pd.DataFrame(
            {
                "run": numbers,
                "accuracy": values,
                "state": pd.array([trial.state for trial in measured], dtype="str"),
            }
        ),
        BEST: pd.DataFrame({"run": numbers, "best": np.maximum.accumulate(values)}),
        GOAL: goal_line_table(goal),
    }


def history_spec(runs: int) -> dict[str, Any]:
    """Draws `history_tables` with Vega-Lite: a point for each of up to `runs` runs, and a line for the best so far."""
    x: dict[str, Any] = {"field": "run", "type": "quantitative", "title": "number of the run"}
    x |= {"scale": {"domain": [0.5, runs + 0.5], "nice": False}, "axis": {"tickMinStep": 1, "format": "d"}}
    y: dict[str, Any] = {"type": "quantitative", "title": ACCURACY_TITLE, "scale": {"domain": [0, 1.02], "nice": False}}
    state_channel: dict[str, Any] = {"field": "state", "type": "nominal"}
    state_legend = legend(None, symbolType="circle", symbolStrokeWidth=2)
    return {
        "height": CHART_HEIGHT,
        "layer": [
            *goal_line_layers(),
            {
                "data": {"name": BEST},
                "mark": {"type": "line", "interpolate": "step-after", "strokeWidth": 2, "opacity": 0.7},
                "encoding": {"x": x, "y": y | {"field": "best"}, "color": {"value": COLOURS[0]}},
            },
            {
                "data": {"name": RUNS},
                "mark": {"type": "point", "filled": True, "size": 70, "opacity": 1},
                "encoding": {
                    "x": x,
                    "y": y | {"field": "accuracy"},
                    "color": state_channel | {"scale": _category_scale(STATE_COLOURS), "legend": state_legend},
                    "shape": state_channel | {"scale": _category_scale(STATE_SHAPES), "legend": state_legend},
                    "tooltip": [
                        {"field": "run", "type": "quantitative"},
                        {"field": "accuracy", "type": "quantitative", "format": ".4f", "title": ACCURACY_TITLE},
                        {"field": "state"},
                    ],
                },
            },
        ],
    }


def importance_table(importances: Mapping[str, float]) -> pd.DataFrame:
    """Returns a row for each parameter (parameter, share), the most important first.

    >>> importance_table({"depth": 0.3, "learning_rate": 0.7}).to_dict("list")
    {'parameter': ['Learning rate', 'Depth'], 'share': [0.7, 0.3]}
    """
    names = sorted(importances, key=lambda name: -importances[name])
    return pd.DataFrame(
        {
            "parameter": pd.array([parameter_title(name) for name in names], dtype="str"),
            "share": np.array([importances[name] for name in names], dtype=np.float64),
        }
    )


def importance_spec(parameters: int) -> dict[str, Any]:
    """Draws an `importance_table` of this many parameters with Vega-Lite: a bar for each."""
    return {
        "data": {"name": RUNS},
        "height": BAR_HEIGHT * max(parameters, 1),
        "mark": {"type": "bar", "color": COLOURS[0]},
        "encoding": {
            "y": {
                "field": "parameter",
                "type": "nominal",
                "sort": None,
                "title": None,
                "axis": NAMES_AXIS | {"labelLimit": 200},
            },
            "x": {
                "field": "share",
                "type": "quantitative",
                "title": "share of what made runs good or bad",
                "axis": {"format": "%"},
                "scale": {"domainMin": 0, "nice": True},
            },
            "tooltip": [{"field": "parameter"}, {"field": "share", "type": "quantitative", "format": ".1%"}],
        },
    }


def parallel_tables(
    trials: Sequence[TrialResult], parameters: Mapping[str, SearchParameter]
) -> dict[str, pd.DataFrame]:
    """Returns lines (run, axis, place, value, accuracy) and ticks (axis, place, label), with places from 0 to 1.

    The last axis is the accuracy itself. The best runs come last, so that they are drawn over the others.
    """
    rows = [
        (
            trial.number,
            parameter_title(name),
            axis_position(parameters[name], trial.params[name]),
            choice_label(name, trial.params[name]),
            accuracy,
        )
        if name != ACCURACY
        else (trial.number, parameter_title(name), accuracy, f"{accuracy:.4f}", accuracy)
        for accuracy, trial in _measured_trials(trials)
        for name in (*parameters, ACCURACY)
    ]
    marks = [
        (parameter_title(name), axis_position(parameter, value), choice_label(name, value))
        for name, parameter in parameters.items()
        for value in _tick_values(parameter)
    ]
    marks += [(parameter_title(ACCURACY), value, f"{value:g}") for value in ACCURACY_TICKS]
    return {
        LINES: _typed_frame(rows, run="int64", axis="str", place="float64", value="str", accuracy="float64"),
        TICKS: _typed_frame(marks, axis="str", place="float64", label="str"),
    }


def parallel_spec(names: Sequence[str], *, dark: bool = False) -> dict[str, Any]:
    """Draws `parallel_tables` with Vega-Lite: a vertical axis for each parameter, and a line for each run.

    Labels stand before the lines, on a rim in the colour of a light or `dark` page.
    """
    axes = [parameter_title(name) for name in (*names, ACCURACY)]
    x: dict[str, Any] = {"field": "axis", "type": "nominal", "title": "parameter of the search, each with its own axis"}
    x |= {
        "scale": {"type": "point", "domain": axes, "padding": 0.4},
        "axis": NAMES_AXIS | {"labelAngle": -35, "domain": False},
    }
    y: dict[str, Any] = {"field": "place", "type": "quantitative", "axis": None, "scale": {"domain": [0, 1]}}
    colour = {
        "field": "accuracy",
        "type": "quantitative",
        "scale": {"range": [COLOURS[3], COLOURS[1]], "zero": False, "nice": False, "interpolate": "rgb"},
        "legend": {"title": ACCURACY_TITLE, "orient": "top", "gradientLength": 200},
    }
    ink = {"color": {"value": "currentColor"}}
    label = {"type": "text", "align": "left", "dx": 5, "fontSize": 11}
    rim_colour = DARK_PAGE_COLOUR if dark else PAGE_COLOUR
    rim = {"fill": rim_colour, "stroke": rim_colour, "strokeWidth": 4, "strokeJoin": "round"}
    labelled = {"x": x, "y": y, "text": {"field": "label"}}
    return {
        "height": CHART_HEIGHT + 40,
        "layer": [
            {
                "data": {"name": TICKS},
                "mark": {"type": "rule", "opacity": 0.4},
                "encoding": ink | {"x": x, "y": {"value": 0}, "y2": {"value": "height"}},
            },
            {
                "data": {"name": LINES},
                "mark": {"type": "line", "opacity": 0.75, "strokeWidth": 1.8},
                "encoding": {"x": x, "y": y, "color": colour, "detail": {"field": "run"}},
            },
            {
                "data": {"name": TICKS},
                "mark": label | rim,
                "encoding": labelled,
            },
            {
                "data": {"name": TICKS},
                "mark": label,
                "encoding": ink | labelled,
            },
            {
                "data": {"name": LINES},
                "mark": {"type": "point", "opacity": 0, "size": 120},
                "encoding": {
                    "x": x,
                    "y": y,
                    "tooltip": [
                        {"field": "run", "type": "quantitative"},
                        {"field": "axis", "title": "parameter"},
                        {"field": "value"},
                        {"field": "accuracy", "type": "quantitative", "format": ".4f", "title": ACCURACY_TITLE},
                    ],
                },
            },
        ],
    }


def axis_position(parameter: SearchParameter, value: ParameterValue) -> float:
    """Returns the place of a value on the axis of its parameter, from 0 to 1.

    >>> round(axis_position(RangeParameter(1e-4, 1e-2, 1e-3, is_log=True), 1e-3), 6)
    0.5
    """
    if not isinstance(parameter, RangeParameter):
        return parameter.values.index(value) / max(len(parameter.values) - 1, 1)
    if not isinstance(value, int | float):
        raise TypeError(f"no number: {value!r}")
    low, high = parameter.low, parameter.high
    if low == high:
        return 0.0
    if parameter.is_log:
        return (math.log(value) - math.log(low)) / (math.log(high) - math.log(low))
    return (value - low) / (high - low)


def _tick_values(parameter: SearchParameter) -> Sequence[ParameterValue]:
    """Returns the values that are labelled on an axis."""
    if not isinstance(parameter, RangeParameter):
        return parameter.values
    if parameter.is_log:
        exponents = range(math.ceil(math.log10(parameter.low)), math.floor(math.log10(parameter.high)) + 1)
        return [10.0**exponent for exponent in exponents]
    return list(range(int(parameter.low), int(parameter.high) + 1))


def _measured_trials(trials: Sequence[TrialResult]) -> list[tuple[float, TrialResult]]:
    measured = [(trial.accuracy, trial) for trial in trials if trial.accuracy is not None]
    return sorted(measured, key=lambda pair: pair[0])


def _typed_frame(rows: Sequence[tuple[object, ...]], **columns: str) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=list(columns))
    return frame.astype(columns)


def _category_scale(scale: Mapping[str, str]) -> dict[str, list[str]]:
    return {"domain": list(scale), "range": list(scale.values())}
