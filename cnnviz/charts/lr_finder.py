"""Chart of the learning-rate finder: the loss over growing rates, and the rates that two rules suggest."""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from cnnviz.charts.axes import POINTS
from cnnviz.charts.learning import SPLIT_COLOURS

MARKS = "marks"
RAW_LINE, SMOOTHED_LINE = "loss of a step", "smoothed"
LINE_COLOURS = {RAW_LINE: SPLIT_COLOURS["batch"], SMOOTHED_LINE: SPLIT_COLOURS["train"]}
RATE_DOMAIN = [1e-6, 10.0]
"""Range of the axis, which stays the same while the curve grows."""
SUGGESTION_LABELS = {"suggestion": "suggested", "steepest": "steepest (ignite)"}
"""Labels of the rules that suggest a rate; each suggestion has a line in a style of its own."""
SUGGESTION_STYLES = {"suggestion": (SPLIT_COLOURS["validation"], [6, 4]), "steepest": (SPLIT_COLOURS["test"], [2, 3])}
"""Colour and dashes of each suggestion."""
LOSS_MARGIN = 0.1
"""Share of the first smoothed loss; losses that exceed it by more than that, or than it fell before, are cut off."""
Column = npt.NDArray[np.float64]


def lr_finder_tables(
    rates: Column, losses: Column, smoothed: Column, suggestions: Mapping[str, float | None]
) -> dict[str, pd.DataFrame]:
    """Returns points (rate, value, line) of each line up to where it diverges, and marks (rate, rule, label, side).

    `suggestions` has the rate of each rule; a rule that suggests none has no mark.
    """
    highest_loss = (
        smoothed[0] + max(smoothed[0] - smoothed.min(), LOSS_MARGIN * abs(smoothed[0])) if len(smoothed) else 0.0
    )
    drawn_points = {line: values <= highest_loss for line, values in ((RAW_LINE, losses), (SMOOTHED_LINE, smoothed))}
    marks = {rule: rate for rule, rate in suggestions.items() if rate is not None}
    return {
        POINTS: pd.DataFrame(
            {
                "rate": np.concatenate([rates[places] for places in drawn_points.values()]),
                "value": np.concatenate([losses[drawn_points[RAW_LINE]], smoothed[drawn_points[SMOOTHED_LINE]]]),
                "line": pd.array(
                    [line for line, places in drawn_points.items() for _ in range(places.sum())], dtype="str"
                ),
            }
        ),
        MARKS: pd.DataFrame(
            {
                "rate": [*marks.values()],
                "rule": pd.array([*marks], dtype="str"),
                "label": pd.array([SUGGESTION_LABELS[rule] for rule in marks], dtype="str"),
                "side": pd.array([_label_side(rate, marks.values()) for rate in marks.values()], dtype="str"),
            }
        ),
    }


def lr_finder_chart(
    rates: Column, losses: Column, smoothed: Column, suggestions: Mapping[str, float | None]
) -> dict[str, Any]:
    """Draws `lr_finder_tables` with Vega-Lite over a logarithmic axis of rates."""
    x = {"field": "rate", "type": "quantitative", "scale": {"type": "log", "domain": RATE_DOMAIN, "clamp": True}}
    x |= {"title": "learning rate", "axis": {"format": "~e", "tickCount": 8, "titlePadding": 6, "labelPadding": 6}}
    y = {"field": "value", "type": "quantitative", "title": "loss", "scale": {"zero": False}}
    colour = {
        "field": "line",
        "type": "nominal",
        "scale": {"domain": list(LINE_COLOURS), "range": list(LINE_COLOURS.values())},
        "legend": {"title": None, "orient": "top", "symbolType": "stroke", "symbolStrokeWidth": 3},
    }
    tooltip = [
        {"field": "rate", "type": "quantitative", "format": ".2~e", "title": "learning rate"},
        {"field": "value", "type": "quantitative", "format": ".4f", "title": "loss"},
    ]
    rule_scale = {"domain": list(SUGGESTION_STYLES)}
    rule_channel = {"field": "rule", "type": "nominal", "legend": None}
    rule_colour = rule_channel | {"scale": rule_scale | {"range": [shade for shade, _ in SUGGESTION_STYLES.values()]}}
    rule_dash = rule_channel | {"scale": rule_scale | {"range": [dash for _, dash in SUGGESTION_STYLES.values()]}}
    rule = {"x": x, "color": rule_colour}
    return {
        "datasets": lr_finder_tables(rates, losses, smoothed, suggestions),
        "data": {"name": POINTS},
        "height": 320,
        "layer": [
            {
                "mark": {"type": "line", "clip": True, "strokeWidth": 2},
                "encoding": {"x": x, "y": y, "color": colour, "tooltip": tooltip},
            },
            {
                "data": {"name": MARKS},
                "mark": {"type": "rule", "strokeWidth": 2},
                "encoding": rule | {"strokeDash": rule_dash},
            },
            *(_label_layer(side, rule) for side in ("left", "right")),
        ],
        "resolve": {"scale": {"color": "independent"}},
    }


def _label_side(rate: float, rates: Iterable[float]) -> str:
    """Returns the side of a mark for its label: left of the first mark, so that it does not cross the next line."""
    return "left" if rate == min(rates) else "right"


def _label_layer(side: str, rule: dict[str, Any]) -> dict[str, Any]:
    """Draws the labels of the marks that have them on this side."""
    left = side == "left"
    return {
        "data": {"name": MARKS},
        "transform": [{"filter": f"datum.side == '{side}'"}],
        "mark": {
            "type": "text",
            "align": "right" if left else "left",
            "baseline": "top",
            "dx": -5 if left else 5,
            "dy": 4,
            "fontSize": 12,
        },
        "encoding": rule | {"text": {"field": "label"}, "y": {"value": 0}},
    }
