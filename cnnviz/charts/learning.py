"""Learning curves while they grow: ECharts options, which Streamlit updates in place without blinking."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from cnnviz.training.trainer import Point

MAX_BATCH_POINTS = 600
"""Points of the batch loss that are drawn; more are averaged in groups."""

COLOURS = {"batch": "#8A94A6", "train": "#2F8FD8", "validation": "#E0701A", "test": "#1BA37A"}
"""Every split in its drawing order with its colour, told apart by the colour-blind on light and dark alike."""


@dataclass(frozen=True)
class Curve:
    """One line: epochs passed (fractions inside an epoch) and the values there."""

    epochs: npt.NDArray[np.float64]
    values: npt.NDArray[np.float64]


def curves(points: Iterable[Point], metric: str, steps_per_epoch: int) -> dict[str, Curve]:
    """The curves of one metric by split, in the order batch, train, validation, test; empty ones left out."""
    gathered: dict[str, list[tuple[float, float]]] = {split: [] for split in COLOURS}
    for point in points:
        if point.metric == metric:
            gathered[point.split].append((point.step / max(steps_per_epoch, 1), point.value))
    arrays = {split: np.array(pairs, dtype=np.float64).reshape(-1, 2) for split, pairs in gathered.items() if pairs}
    return {
        split: thinned(Curve(a[:, 0], a[:, 1])) if split == "batch" else Curve(a[:, 0], a[:, 1])
        for split, a in arrays.items()
    }


def thinned(curve: Curve, most: int = MAX_BATCH_POINTS) -> Curve:
    """At most `most` points, each the mean of equally many neighbours."""
    group = -(-len(curve.values) // most)
    if group <= 1:
        return curve
    starts = np.arange(0, len(curve.values), group)
    counts = np.diff([*starts, len(curve.values)])
    return Curve(np.add.reduceat(curve.epochs, starts) / counts, np.add.reduceat(curve.values, starts) / counts)


def learning_chart(metric: str, lines: dict[str, Curve], epochs: int) -> dict[str, Any]:
    """An ECharts option: one line per split over the epochs; test as a single point."""
    splits = [split for split in COLOURS if split in lines]
    return {
        "animation": False,
        "grid": {"left": 8, "right": 20, "top": 44, "bottom": 52, "containLabel": True},
        "legend": {"top": 4, "icon": "roundRect", "itemHeight": 4, "data": splits},
        "tooltip": {"trigger": "axis", "valueFormatter": "%.4f"},
        "xAxis": {"type": "value", "name": "epoch", "nameLocation": "middle", "nameGap": 26, "min": 0, "max": epochs},
        "yAxis": {"type": "value", "name": metric, "scale": metric != "accuracy"} | _range(metric),
        "dataZoom": [{"type": "inside", "filterMode": "none"}],
        "dataset": [
            {"source": pd.DataFrame({"epoch": lines[split].epochs, split: lines[split].values})} for split in splits
        ],
        "series": [_series(split, index) for index, split in enumerate(splits)],
    }


def _range(metric: str) -> dict[str, Any]:
    return {"min": 0, "max": 1} if metric == "accuracy" else {}


def _series(split: str, index: int) -> dict[str, Any]:
    style: dict[str, Any] = {"type": "line", "showSymbol": False, "lineStyle": {"width": 2.5}}
    if split == "batch":
        style = {"type": "line", "showSymbol": False, "lineStyle": {"width": 1, "opacity": 0.6}}
    if split == "test":
        style = {"type": "scatter", "symbol": "diamond", "symbolSize": 13}
    return {"id": split, "name": split, "datasetIndex": index, "color": COLOURS[split]} | style
