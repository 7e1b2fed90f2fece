"""Where an answer comes from, drawn over a sample's own axes, and probabilities before and after."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from cnnviz.charts.axes import COLOURS, NAMES_AXIS, POINTS

Values = npt.NDArray[np.float32]
MAX_COLUMNS, MAX_ROWS, MAX_POINTS = 100, 64, 400
"""Cells of a picture, and points of a line, that are drawn; of more, means of neighbours."""
HEIGHT = 290
PLANE_WIDTH, MAX_PLANE_HEIGHT, AROUND_PLANE = 272, 400, 92
"""Pixels: width of the cells in a column of 325, their largest height, and axis and legend above and below them."""
SHOWN_CLASSES = 5
"""Classes whose probabilities are drawn."""


@dataclass(frozen=True)
class DrawnAxis:
    """An axis of a sample as it is drawn: what it is called, with its unit, and where its positions begin and step."""

    title: str
    start: float = 0.0
    step: float = 1.0
    downwards: bool = False
    """Whether it begins at the top, as the rows of a picture do."""


def plane(values: Values, axes: Sequence[str]) -> tuple[Values, tuple[str, ...]]:
    """Returns values for each position as (rows, columns) or (points,), and what these axes are called.

    Sound has time to the right; volumes are averaged along their depth.
    """
    names = tuple(axes)[-values.ndim :]
    while values.ndim > 2:
        values, names = values.mean(axis=0), names[1:]
    if values.ndim == 2 and names == ("time", "band"):
        values, names = values.T, ("band", "time")
    return values, names


def sample_plane(sample: Values, axes: Sequence[str]) -> tuple[Values, tuple[str, ...]]:
    """Returns a sample, (*shape), as a `plane`: the mean of its channels unless these are the bands of a sound."""
    is_plane = sample.ndim == 1 or (sample.ndim == 2 and tuple(axes) == ("band", "time"))
    return plane(sample if is_plane else sample.mean(axis=0), axes)


def drawn_axes(names: Sequence[str], seconds_per_step: float | None = None) -> tuple[DrawnAxis, ...]:
    """Returns how axes are drawn: time in seconds where it is known how long a step is, all else by position."""
    return tuple(
        DrawnAxis("time in seconds", 0.0, seconds_per_step)
        if name == "time" and seconds_per_step
        else DrawnAxis("band, low to high" if name == "band" else name, downwards=name != "band" and place == 0)
        for place, name in enumerate(names)
    )


def cells_table(values: Values, axes: Sequence[DrawnAxis]) -> pd.DataFrame:
    """Returns a row for each cell of a (rows, columns) picture, with its edges x, x2, y, y2; x and value of a line."""
    if values.ndim == 1:
        means, edges = _means(values, 0, MAX_POINTS)
        return pd.DataFrame({"x": axes[0].start + axes[0].step * edges[:-1], "value": means})
    by_row, row_edges = _means(values, 0, MAX_ROWS)
    by_cell, column_edges = _means(by_row, 1, MAX_COLUMNS)
    y, x = axes[0].start + axes[0].step * row_edges, axes[1].start + axes[1].step * column_edges
    rows, columns = np.indices(by_cell.shape)
    return pd.DataFrame(
        {
            "x": x[columns.ravel()],
            "x2": x[columns.ravel() + 1],
            "y": y[rows.ravel()],
            "y2": y[rows.ravel() + 1],
            "value": by_cell.ravel(),
        }
    )


def legend_format(bounds: tuple[float, float]) -> str:
    """Returns how numbers are written, with so many digits that least, middle and greatest value differ.

    >>> legend_format((0, 1)), legend_format((0.0251, 0.0254))
    ('.2~g', '.3~g')
    """
    low, high = bounds
    ticks = (low, (low + high) / 2, high)
    enough = (digits for digits in range(2, 9) if len({f"{tick:.{digits}g}" for tick in ticks}) == len(set(ticks)))
    return f".{next(enough, 9)}~g"


def _value_bounds(table: pd.DataFrame) -> tuple[float, float]:
    """Returns the least and the greatest finite value of a `cells_table`; 0 and 0 where there is none."""
    values = table["value"].to_numpy()
    finite = values[np.isfinite(values)]
    return (float(finite.min()), float(finite.max())) if len(finite) else (0.0, 0.0)


def cells_spec(
    axes: Sequence[DrawnAxis], table: pd.DataFrame, *, value_title: str, signed: bool = False
) -> dict[str, Any]:
    """Draws a `cells_table` with Vega-Lite; `signed` values are blue below 0, orange above it, and pale at 0.

    Cells of height and width are squares in a column of the page's usual width.
    """
    if len(axes) == 1:
        return {
            "data": {"name": POINTS},
            "height": HEIGHT,
            "mark": {"type": "line", "strokeWidth": 1.5, "color": COLOURS[0], "tooltip": True},
            "encoding": {
                "x": {"field": "x", "type": "quantitative", "title": axes[0].title, "scale": {"nice": False}},
                "y": {"field": "value", "type": "quantitative", "title": value_title},
            },
        }
    scale: dict[str, Any] = {"scheme": "blueorange", "domainMid": 0} if signed else {"scheme": "viridis"}
    rows, columns = axes
    bounds = _value_bounds(table)
    return {
        "data": {"name": POINTS},
        "height": _height(axes, table),
        "mark": {
            "type": "rect",
            "stroke": {"expr": "scale('color', datum.value)"},  # else the page shines through between the cells
            "strokeWidth": 0.6,
            "tooltip": True,
        },
        "encoding": {
            "x": _edge("x", columns) | {"axis": {"grid": False}},
            "x2": {"field": "x2"},
            "y": _edge("y", rows) | {"axis": {"grid": False}},
            "y2": {"field": "y2"},
            "color": {
                "field": "value",
                "type": "quantitative",
                "scale": scale,
                "title": value_title,
                "legend": {
                    "type": "gradient",
                    "orient": "top",
                    "gradientLength": 130,
                    "format": legend_format(bounds),
                    "values": [bounds[0], (bounds[0] + bounds[1]) / 2, bounds[1]],
                    "offset": 4,
                },
            },
        },
    }


def describe_peak(values: Values, axes: Sequence[DrawnAxis]) -> str:
    """Returns where the largest value of a plane is, in words.

    >>> describe_peak(np.array([0, 0, 9], np.float32), [DrawnAxis("time in seconds", step=0.5)])
    'largest at time in seconds 1'
    """
    places = np.unravel_index(int(values.argmax()), values.shape)
    named = [f"{axis.title} {axis.start + axis.step * place:.3g}" for place, axis in zip(places, axes, strict=True)]
    return "largest at " + ", ".join(reversed(named))


def probabilities_table(
    cases: Mapping[str, npt.NDArray[np.float32]], classes: Sequence[str], label: int
) -> pd.DataFrame:
    """Returns a row for each case and each of the classes that are drawn: class, case, probability.

    Drawn are the class with this label, and those that are the likeliest in any of the cases.
    """
    highest = np.max(list(cases.values()), axis=0)
    first = [label, *(int(place) for place in np.argsort(-highest, kind="stable") if place != label)]
    drawn = first[:SHOWN_CLASSES]
    rows = [(classes[place], case, float(values[place])) for place in drawn for case, values in cases.items()]
    names, case_names, probabilities = zip(*rows, strict=True)
    return pd.DataFrame(
        {
            "class": pd.array(names, dtype="str"),
            "case": pd.array(case_names, dtype="str"),
            "probability": probabilities,
        }
    )


def probabilities_spec(table: pd.DataFrame) -> dict[str, Any]:
    """Draws a `probabilities_table` as bars with Vega-Lite, the cases of a class below each other."""
    classes, cases = list(dict.fromkeys(table["class"])), list(dict.fromkeys(table["case"]))
    y = {"field": "class", "type": "nominal", "sort": classes, "title": None, "axis": NAMES_AXIS | {"labelLimit": 110}}
    return {
        "data": {"name": POINTS},
        "height": 110 + len(classes) * (12 * len(cases) + 10),
        "encoding": {
            "y": y,
            "yOffset": {"field": "case", "type": "nominal", "sort": cases},
            "x": {
                "field": "probability",
                "type": "quantitative",
                "title": "probability",
                "scale": {"domain": [0, 1]},
                "axis": {"format": ".0%", "tickCount": 5},
            },
            "color": {
                "field": "case",
                "type": "nominal",
                "title": None,
                "sort": cases,
                "scale": {"domain": cases, "range": list(COLOURS[: len(cases)])},
                "legend": {"orient": "top", "columns": 3, "labelLimit": 260},
            },
            "tooltip": [
                {"field": "class"},
                {"field": "case"},
                {"field": "probability", "type": "quantitative", "format": ".1%"},
            ],
        },
        "layer": [{"mark": {"type": "bar"}}],
    }


def _height(axes: Sequence[DrawnAxis], table: pd.DataFrame) -> int:
    """Returns the height of a figure whose cells are squares if both axes are lengths, else HEIGHT."""
    if tuple(axis.title for axis in axes) != ("height", "width"):
        return HEIGHT
    ratio = (table["y2"].max() - table["y"].min()) / (table["x2"].max() - table["x"].min())
    return int(min(max(PLANE_WIDTH * ratio, 60), MAX_PLANE_HEIGHT)) + AROUND_PLANE


def _edge(field: str, axis: DrawnAxis) -> dict[str, Any]:
    scale = {"nice": False, "zero": False, "reverse": axis.downwards}
    return {"field": field, "type": "quantitative", "title": axis.title, "scale": scale}


def _means(values: Values, axis: int, limit: int) -> tuple[Values, npt.NDArray[np.intp]]:
    """Returns means of neighbours along an axis, at most `limit` of them, and the edges of their groups."""
    size = values.shape[axis]
    group = -(-size // limit)
    starts = np.arange(0, size, group)
    edges = np.append(starts, size)
    counts = np.diff(edges).reshape([-1 if place == axis else 1 for place in range(values.ndim)])
    return np.asarray(np.add.reduceat(values, starts, axis=axis) / counts, np.float32), edges
