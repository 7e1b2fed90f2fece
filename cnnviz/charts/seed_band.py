"""Curves of runs that differ in their seeds alone, as a band: lowest, mean and highest value in each epoch."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from cnnviz.charts.axes import COLOURS, POINTS, epoch_axis, goal_line_layers, legend
from cnnviz.charts.curve import Curve

CHART_HEIGHT = 400
"""Pixels, with legend and axis."""


def band_table(groups: Mapping[str, Sequence[Curve]]) -> pd.DataFrame:
    """Returns a row for each epoch of each group: columns epoch, mean, lowest, highest, seeds and runs.

    An epoch that some runs of a group did not reach is described by those that did; `seeds` is their number.
    """
    frames = [
        pd.DataFrame(
            {
                "epoch": np.concatenate([curve.epochs for curve in curves]),
                "value": np.concatenate([curve.values for curve in curves]),
            }
        )
        .groupby("epoch", as_index=False)["value"]
        .agg(mean="mean", lowest="min", highest="max", seeds="count")
        .assign(runs=pd.array([name], dtype="str")[0])
        for name, curves in groups.items()
        if any(len(curve.epochs) for curve in curves)
    ]
    columns = ["epoch", "mean", "lowest", "highest", "seeds", "runs"]
    return pd.concat(frames, ignore_index=True)[columns] if frames else pd.DataFrame(columns=columns)


def band_spec(epochs: int, names: Sequence[str]) -> dict[str, Any]:
    """Draws a `band_table` with Vega-Lite, and a `goal_line_table`: a band and the line of its mean for each group."""
    colour = {
        "field": "runs",
        "type": "nominal",
        "scale": {"domain": list(names), "range": list(COLOURS[: len(names)])},
        "legend": legend(None, columns=1),
    }
    scale = {"zero": False, "nice": True}

    def y(field: str) -> dict[str, Any]:
        return {"field": field, "type": "quantitative", "scale": scale, "title": "validation accuracy"}

    tooltip = [
        {"field": "runs"},
        {"field": "epoch", "type": "quantitative"},
        *({"field": name, "type": "quantitative", "format": ".4f"} for name in ("lowest", "mean", "highest")),
        {"field": "seeds", "type": "quantitative"},
    ]
    return {
        "data": {"name": POINTS},
        "height": CHART_HEIGHT,
        "encoding": {"x": epoch_axis(epochs), "color": colour},
        "layer": [
            {
                "mark": {"type": "area", "opacity": 0.25, "clip": True},
                "encoding": {"y": y("lowest"), "y2": {"field": "highest"}},
            },
            {"mark": {"type": "line", "strokeWidth": 2.5, "clip": True}, "encoding": {"y": y("mean")}},
            *goal_line_layers(),
            {
                "mark": {"type": "point", "opacity": 0, "size": 150, "clip": True},
                "encoding": {"y": y("mean"), "tooltip": tooltip},
            },
        ],
    }
