"""Learning curves while they grow, as a table and a Vega-Lite chart that browsers update in place."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

MAX_BATCH_POINTS = 600
"""Points of the batch loss that are drawn; more are averaged in groups."""

COLOURS = {"batch": "#808A9C", "train": "#2F8FD8", "validation": "#E0701A", "test": "#1BA37A"}
"""Every split in its drawing order with its colour, told apart by the colour-blind on light and dark alike."""


POINTS = "points"
"""Name of the data set of a chart."""


@dataclass(frozen=True)
class Curve:
    """One line: epochs passed (fractions inside an epoch) and the values there."""

    epochs: npt.NDArray[np.float64]
    values: npt.NDArray[np.float64]


UNSEEN = Curve(np.array([-1e9]), np.array([0.0]))


def thinned(curve: Curve, most: int = MAX_BATCH_POINTS) -> Curve:
    """At most `most` points, each the mean of equally many neighbours."""
    group = -(-len(curve.values) // most)
    if group <= 1:
        return curve
    starts = np.arange(0, len(curve.values), group)
    counts = np.diff([*starts, len(curve.values)])
    return Curve(np.add.reduceat(curve.epochs, starts) / counts, np.add.reduceat(curve.values, starts) / counts)


def learning_table(lines: dict[str, Curve]) -> pd.DataFrame:
    """All curves of one chart below each other, in columns epoch, value and split.

    A split without a value yet has a 0 far left of the chart, where nobody sees it: Vega-Lite asks every layer for the
    extent of its values, and complains of those that have none.
    """
    drawn = {split: lines.get(split, UNSEEN) for split in COLOURS}
    return pd.DataFrame(
        {
            "epoch": np.concatenate([line.epochs for line in drawn.values()]),
            "value": np.concatenate([line.values for line in drawn.values()]),
            "split": pd.array([split for split, line in drawn.items() for _ in line.values], dtype="str"),
        }
    )


def learning_chart(metric: str, epochs: int, lines: dict[str, Curve]) -> dict[str, Any]:
    """A `learning_spec` with its curves. They are a data set of the specification: so browsers begin with them."""
    return learning_spec(metric, epochs) | {"datasets": {POINTS: learning_table(lines)}}


def learning_spec(metric: str, epochs: int) -> dict[str, Any]:
    """A Vega-Lite chart of a `learning_table`: one line per split over the epochs, test as a diamond.

    It depends on nothing that changes while a run goes on, so a browser keeps the chart, and its zoom, when new
    rows come.
    """
    splits = [split for split in COLOURS if split != "batch" or metric == "loss"]
    x = {
        "field": "epoch",
        "type": "quantitative",
        "scale": {"domain": [0, epochs], "nice": False},
        "title": "epoch",
        "axis": {"tickMinStep": 1},
    }
    y = {"field": "value", "type": "quantitative", "scale": _scale(metric), "title": metric}
    colour = {
        "field": "split",
        "type": "nominal",
        "scale": {"domain": splits, "range": [COLOURS[split] for split in splits]},
        "legend": {"title": None, "orient": "top", "symbolType": "stroke", "symbolStrokeWidth": 3, "symbolOpacity": 1},
    }
    tooltip = [
        {"field": "split"},
        {"field": "epoch", "type": "quantitative", "format": ".4~g"},
        {"field": "value", "type": "quantitative", "format": ".4f", "title": metric},
    ]
    return {
        "data": {"name": POINTS},
        "height": 300,
        "encoding": {"x": x, "y": y, "color": colour},
        "layer": [
            {
                "transform": [{"filter": "datum.split == 'batch'"}],
                "mark": {"type": "line", "strokeWidth": 1, "opacity": 0.8, "clip": True},
                "params": [_ZOOM],
            },
            {
                "transform": [{"filter": "datum.split == 'train' || datum.split == 'validation'"}],
                "mark": {"type": "line", "strokeWidth": 2.5, "clip": True},
            },
            {
                "transform": [{"filter": "datum.split == 'train' || datum.split == 'validation'"}],
                "mark": {"type": "point", "opacity": 0, "size": 150, "clip": True},
                "encoding": {"tooltip": tooltip},
            },
            {
                "transform": [{"filter": "datum.split == 'test'"}],
                "mark": {"type": "point", "shape": "diamond", "size": 150, "filled": True, "clip": True},
                "encoding": {"tooltip": tooltip},
            },
        ],
    }


_ZOOM = {
    "name": "zoom",
    "select": {"type": "interval", "encodings": ["x"], "zoom": "wheel![event.ctrlKey || event.metaKey]"},
    "bind": "scales",
}
"""Ctrl and the wheel zoom, so that the wheel alone still scrolls the page; a drag moves, a double click goes back."""


def _scale(metric: str) -> dict[str, Any]:
    return {"domain": [0, 1.02], "nice": False} if metric == "accuracy" else {"zero": True}
