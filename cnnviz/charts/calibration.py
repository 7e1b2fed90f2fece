"""Calibration of a net, how sure it was and how often it was right, and its accuracy on groups of samples."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from cnnviz.charts.axes import COLOURS, NAMES_AXIS, POINTS
from cnnviz.insight.calibration import BINS, Calibration
from cnnviz.insight.groups import SampleGroup

DIAGONAL = "diagonal"
GROUP_HEIGHT = 26
"""Height of a group in pixels."""


def calibration_tables(calibration: Calibration) -> dict[str, pd.DataFrame]:
    """Returns the bins that have samples (low, high, confidence, accuracy, samples), and the ends of the diagonal."""
    filled_bins = np.flatnonzero(calibration.counts)
    return {
        POINTS: pd.DataFrame(
            {
                "low": filled_bins / BINS,
                "high": (filled_bins + 1) / BINS,
                "confidence": calibration.confidence[filled_bins],
                "accuracy": calibration.accuracy[filled_bins],
                "samples": calibration.counts[filled_bins],
            }
        ),
        DIAGONAL: pd.DataFrame({"confidence": [0.0, 1.0], "accuracy": [0.0, 1.0]}),
    }


def calibration_spec() -> dict[str, Any]:
    """Draws `calibration_tables` with Vega-Lite: bars for how often the net was right, and a diagonal for the ideal."""
    scale = {"domain": [0, 1], "nice": False}
    x: dict[str, Any] = {"type": "quantitative", "title": "probability of the answer", "scale": scale}
    y: dict[str, Any] = {"field": "accuracy", "type": "quantitative", "title": "share of right answers", "scale": scale}
    tooltip_fields = [
        {"field": "confidence", "type": "quantitative", "format": ".3f", "title": "mean probability"},
        {"field": "accuracy", "type": "quantitative", "format": ".3f", "title": "share of right answers"},
        {"field": "samples", "type": "quantitative"},
    ]
    return {
        "height": 360,
        "layer": [
            {
                "data": {"name": POINTS},
                "mark": {"type": "bar", "color": COLOURS[0], "opacity": 0.75, "binSpacing": 2},
                "encoding": {
                    "x": x | {"field": "low", "bin": "binned", "axis": {"tickCount": BINS}},
                    "x2": {"field": "high"},
                    "y": y,
                    "tooltip": tooltip_fields,
                },
            },
            {
                "data": {"name": POINTS},
                "mark": {"type": "text", "dy": -8, "fontSize": 11},
                "encoding": {
                    "x": x | {"field": "confidence"},
                    "y": y,
                    "text": {"field": "samples", "type": "quantitative"},
                    "color": {"value": "currentColor"},
                },
            },
            {
                "data": {"name": DIAGONAL},
                "mark": {"type": "line", "strokeDash": [5, 4], "strokeWidth": 1.5},
                "encoding": {"x": x | {"field": "confidence"}, "y": y, "color": {"value": "currentColor"}},
            },
        ],
    }


def groups_table(groups: Sequence[SampleGroup]) -> pd.DataFrame:
    """Returns a row for each group: name, accuracy, low, high, hits, samples."""
    return pd.DataFrame(
        {
            "name": pd.array([group.name for group in groups], dtype="str"),
            "accuracy": [group.accuracy for group in groups],
            "low": [group.confidence_interval[0] for group in groups],
            "high": [group.confidence_interval[1] for group in groups],
            "hits": [group.correct for group in groups],
            "samples": [group.samples for group in groups],
        }
    )


def groups_spec(count: int) -> dict[str, Any]:
    """Draws a `groups_table` of `count` groups with Vega-Lite: each accuracy with its 95 % interval."""
    y = {
        "field": "name",
        "type": "nominal",
        "sort": None,
        "title": None,
        "axis": NAMES_AXIS | {"labelLimit": 160},
    }
    scale = {"domain": [0, 1], "nice": False}
    x: dict[str, Any] = {"type": "quantitative", "title": "accuracy, with its 95 % interval", "scale": scale}
    return {
        "data": {"name": POINTS},
        "height": max(GROUP_HEIGHT * count, 2 * GROUP_HEIGHT),
        "layer": [
            {
                "mark": {"type": "rule", "strokeWidth": 2, "color": COLOURS[-1]},
                "encoding": {"y": y, "x": x | {"field": "low"}, "x2": {"field": "high"}},
            },
            {
                "mark": {"type": "point", "filled": True, "size": 80, "color": COLOURS[0], "opacity": 1},
                "encoding": {
                    "y": y,
                    "x": x | {"field": "accuracy"},
                    "tooltip": [
                        {"field": "name"},
                        {"field": "accuracy", "type": "quantitative", "format": ".3f"},
                        {"field": "hits", "type": "quantitative", "title": "right"},
                        {"field": "samples", "type": "quantitative"},
                    ],
                },
            },
        ],
    }
