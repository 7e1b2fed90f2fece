"""The loss over growing learning rates, with the rates that two rules suggest."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from cnnviz.charts.axes import POINTS
from cnnviz.charts.learning import COLOURS

MARKS = "marks"
RAW, SMOOTHED = "loss of a step", "smoothed"
SHADES = {RAW: COLOURS["batch"], SMOOTHED: COLOURS["train"]}
RATES = [1e-6, 10.0]
"""Of the axis, which stays while the curve grows."""
ROWS = 2
"""Rules whose names have a line of their own."""
MARGIN = 0.1
"""Of the first smoothed loss; what rises that far above it, or as far as it fell before, is cut off."""
Column = npt.NDArray[np.float64]


def finder_tables(
    rates: Column, losses: Column, smoothed: Column, suggested: Mapping[str, float | None]
) -> dict[str, pd.DataFrame]:
    """Points (rate, value, line), each line over the rates, as far as it has not diverged; marks (rate, rule, row).

    `suggested` has the rate of each rule; one that suggests none has no mark.
    """
    top = smoothed[0] + max(smoothed[0] - smoothed.min(), MARGIN * abs(smoothed[0])) if len(smoothed) else 0.0
    shown = {line: values <= top for line, values in ((RAW, losses), (SMOOTHED, smoothed))}
    marks = {rule: rate for rule, rate in suggested.items() if rate is not None}
    return {
        POINTS: pd.DataFrame(
            {
                "rate": np.concatenate([rates[places] for places in shown.values()]),
                "value": np.concatenate([losses[shown[RAW]], smoothed[shown[SMOOTHED]]]),
                "line": pd.array([line for line, places in shown.items() for _ in range(places.sum())], dtype="str"),
            }
        ),
        MARKS: pd.DataFrame(
            {"rate": [*marks.values()], "rule": pd.array([*marks], dtype="str"), "row": range(len(marks))}
        ),
    }


def finder_chart(
    rates: Column, losses: Column, smoothed: Column, suggested: Mapping[str, float | None]
) -> dict[str, Any]:
    """A Vega-Lite chart of `finder_tables` over a logarithmic axis of rates."""
    x = {"field": "rate", "type": "quantitative", "scale": {"type": "log", "domain": RATES, "clamp": True}}
    x |= {"title": "learning rate", "axis": {"format": "~e", "tickCount": 8}}
    y = {"field": "value", "type": "quantitative", "title": "loss", "scale": {"zero": False}}
    colour = {
        "field": "line",
        "type": "nominal",
        "scale": {"domain": list(SHADES), "range": list(SHADES.values())},
        "legend": {"title": None, "orient": "top", "symbolType": "stroke", "symbolStrokeWidth": 3},
    }
    tooltip = [
        {"field": "rate", "type": "quantitative", "format": ".2~e", "title": "learning rate"},
        {"field": "value", "type": "quantitative", "format": ".4f", "title": "loss"},
    ]
    rule = {"x": x, "color": {"value": COLOURS["validation"]}}
    return {
        "datasets": finder_tables(rates, losses, smoothed, suggested),
        "data": {"name": POINTS},
        "height": 320,
        "layer": [
            {
                "mark": {"type": "line", "clip": True, "strokeWidth": 2},
                "encoding": {"x": x, "y": y, "color": colour, "tooltip": tooltip},
            },
            {
                "data": {"name": MARKS},
                "mark": {"type": "rule", "strokeDash": [6, 4], "strokeWidth": 2},
                "encoding": rule,
            },
            *(_label(row, rule) for row in range(ROWS)),
        ],
    }


def _label(row: int, rule: dict[str, Any]) -> dict[str, Any]:
    """The names of the rules, one below the other: they may lie close together."""
    return {
        "data": {"name": MARKS},
        "transform": [{"filter": f"datum.row == {row}"}],
        "mark": {"type": "text", "align": "left", "baseline": "top", "dx": 5, "dy": 4, "fontSize": 12},
        "encoding": rule | {"text": {"field": "rule"}, "y": {"value": 16 * row}},
    }
