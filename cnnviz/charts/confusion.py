"""The confusion matrix as a heat map: rows are the right classes, columns the answers."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from cnnviz.charts.axes import COLOURS, NAMES_AXIS, POINTS

CELL_SELECTION = "cell"
"""Name of the selection that a click on a cell makes."""
MAX_DRAWN_CLASSES = 60
"""Classes that are drawn; if there are more, those with the most mistakes."""
MAX_NUMBERED_CLASSES = 40
"""Number of classes up to which the cells have room for numbers."""
MAX_LARGE_PRINT_CLASSES = 20
"""Number of classes up to which these numbers are printed large."""
MAX_SIDE, MIN_SIDE = 860, 360
"""Height of the matrix in pixels."""
SELECTED_COLOUR = COLOURS[1]
LIGHT_SCHEME = ["#E8EEF2", "#9CC3E0", "#3F8FCB", "#12507F"]
"""Colours from few to many: a single hue with growing contrast to the page, which everybody can tell apart."""
DARK_SCHEME = ["#1D2B3A", "#20527F", "#3F8FCB", "#BFE0F7"]
TEXT_COLOURS, DARK_TEXT_COLOURS = ("#1C2330", "#FFFFFF"), ("#FFFFFF", "#101820")
"""Colours of the numbers in cells of few and of many samples."""


def drawn_classes(counts: npt.NDArray[np.int64], limit: int = MAX_DRAWN_CLASSES) -> npt.NDArray[np.intp]:
    """Returns the classes that are drawn: all, or those involved in the most mistakes, in their order."""
    if len(counts) <= limit:
        return np.arange(len(counts))
    wrong = counts - np.diag(np.diag(counts))
    order = np.argsort(-(wrong.sum(axis=0) + wrong.sum(axis=1)), kind="stable")
    return np.sort(order[:limit])


def confusion_table(counts: npt.NDArray[np.int64], classes: Sequence[str], *, shares: bool) -> pd.DataFrame:
    """Returns a row for each cell: right, answer, count, share (of the samples of the right class), text.

    counts is (C, C). Cells without a sample have no text.
    """
    drawn = drawn_classes(counts)
    share = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    names = np.array(classes, dtype=object)
    right, answer = np.meshgrid(drawn, drawn, indexing="ij")
    flat = right.ravel(), answer.ravel()
    count, part = counts[flat], share[flat]
    texts = [("" if not n else f"{p:.0%}" if shares else f"{n:,}") for n, p in zip(count, part, strict=True)]
    return pd.DataFrame(
        {
            "right": pd.array(names[flat[0]], dtype="str"),
            "answer": pd.array(names[flat[1]], dtype="str"),
            "count": count,
            "share": part,
            "text": pd.array(texts, dtype="str"),
        }
    )


def confusion_spec(classes: Sequence[str], *, dark: bool = False) -> dict[str, Any]:
    """Draws a `confusion_table` of these classes with Vega-Lite; a click selects a cell by `right` and `answer`.

    The shade shows the share of the right class, as counts would let frequent classes hide the rare ones. On a `dark`
    page, cells with many samples are bright.
    """
    side = max(min(MAX_SIDE, 46 * len(classes) + 60), MIN_SIDE)
    names = list(classes)
    class_axis: dict[str, Any] = {"type": "nominal", "scale": {"domain": names}}
    size = 12 if len(names) <= MAX_NUMBERED_CLASSES else 9
    axis = NAMES_AXIS | {"labelLimit": 110, "labelFontSize": size, "grid": False}
    x = class_axis | {"field": "answer", "title": "answer of the net", "axis": axis | {"labelAngle": -60}}
    y = class_axis | {"field": "right", "title": "right class", "axis": axis}
    tooltip_fields = [
        {"field": "right", "title": "right class"},
        {"field": "answer"},
        {"field": "count", "type": "quantitative", "title": "samples"},
        {"field": "share", "type": "quantitative", "format": ".1%", "title": "of the right class"},
    ]
    layers: list[dict[str, Any]] = [
        {
            "mark": {"type": "rect", "cursor": "pointer", "strokeWidth": 3},
            "params": [{"name": CELL_SELECTION, "select": {"type": "point", "fields": ["right", "answer"]}}],
            "encoding": {
                "color": {
                    "field": "share",
                    "type": "quantitative",
                    "title": "share of the right class",
                    "scale": {"range": DARK_SCHEME if dark else LIGHT_SCHEME, "domain": [0, 1], "interpolate": "rgb"},
                    "legend": {"format": ".0%", "orient": "top", "gradientLength": 180},
                },
                "opacity": {"condition": {"test": "datum.count == 0", "value": 0.06}, "value": 1},
                "stroke": {
                    "condition": {"param": CELL_SELECTION, "empty": False, "value": SELECTED_COLOUR},
                    "value": None,
                },
                "tooltip": tooltip_fields,
            },
        }
    ]
    if len(names) <= MAX_NUMBERED_CLASSES:
        colour_for_few, colour_for_many = DARK_TEXT_COLOURS if dark else TEXT_COLOURS
        is_frequent = {"test": f"datum.share > {0.7 if dark else 0.4}", "value": colour_for_many}
        layers.append(
            {
                "mark": {
                    "type": "text",
                    "fontSize": 12 if len(names) <= MAX_LARGE_PRINT_CLASSES else 9,
                    "tooltip": False,
                },
                "encoding": {"text": {"field": "text"}, "color": {"condition": is_frequent, "value": colour_for_few}},
            }
        )
    return {
        "data": {"name": POINTS},
        "height": side,
        "encoding": {"x": x, "y": y},
        "layer": layers,
    }
