"""Feature maps of one layer: pictures, lines or bars beside each other, each number as it is."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from plotly.graph_objects import Bar, Figure, Heatmap, Scatter

Values = npt.NDArray[np.float32]
SIGNED_SCALE, POSITIVE_SCALE = "RdBu", "Cividis"
"""Colours that colour-blind people can tell apart: around 0, and from the least upwards."""
LINE_COLOUR = "#2F8FD8"
ROW_HEIGHT, MAX_HEIGHT = 120, 620
MARGIN = {"l": 50, "r": 10, "t": 26, "b": 40}
GAP = 0.08
"""Space between two maps, as a share of a map's length."""


@dataclass(frozen=True, eq=False)
class MapStrip:
    """Maps to be drawn beside each other: their titles, values, and where in the layer these are.

    Each of `maps` is (length,) or (rows, columns). `row_axis` and `column_axis` name the axes, which begin at 0; of
    `steps` samples along them, one is drawn. A picture's rows go downwards unless `upwards`.
    """

    titles: tuple[str, ...]
    maps: tuple[Values, ...]
    column_axis: str
    row_axis: str = ""
    upwards: bool = False
    steps: tuple[int, int] = (1, 1)


def describe_values(values: Values) -> str:
    """Returns the least, mean and greatest value in words.

    >>> describe_values(np.array([0, 1, 2], np.float32))
    'values from 0 to 2, mean 1'
    """
    finite = values[np.isfinite(values)]
    if not len(finite):
        return "no finite values"
    return f"values from {finite.min():.3g} to {finite.max():.3g}, mean {finite.mean():.3g}"


def maps_figure(strip: MapStrip, *, own_scale: bool = False, columns: int = 8) -> Figure:
    """Draws maps in rows of `columns`, on one scale for all or each on its own."""
    if strip.maps[0].ndim == 1:
        return _lines_figure(strip, own_scale=own_scale, columns=columns)
    rows, width = strip.maps[0].shape
    gap_x, gap_y = max(1, round(GAP * width)), max(1, round(GAP * rows))
    columns = min(columns, len(strip.maps))
    lines = -(-len(strip.maps) // columns)
    shape = (lines * (rows + gap_y) - gap_y, columns * (width + gap_x) - gap_x)
    shown, real = np.full(shape, np.nan, np.float32), np.full(shape, np.nan, np.float32)
    low, high, middle = _bounds(np.stack(strip.maps))
    places = []
    for number, values in enumerate(strip.maps):
        line, column = divmod(number, columns)
        top, left = line * (rows + gap_y), column * (width + gap_x)
        picture = values[::-1] if strip.upwards else values
        where = slice(top, top + rows), slice(left, left + width)
        real[where] = picture
        shown[where] = _to_unit(picture) if own_scale else picture
        places.append((left + width / 2 - 0.5, top - 0.5))
    scale: dict[str, Any] = {"zmin": 0, "zmax": 1, "colorscale": POSITIVE_SCALE, "showscale": False}
    if not own_scale:
        scale = {
            "zmin": low,
            "zmax": high,
            "colorscale": SIGNED_SCALE if middle else POSITIVE_SCALE,
            "reversescale": False,
            "colorbar": {"title": {"text": "value", "side": "right"}, "thickness": 10},
        }
    figure = Figure(
        Heatmap(
            z=shown,
            customdata=real if own_scale else None,
            hovertemplate=("%{customdata:.5g}" if own_scale else "%{z:.5g}") + "<extra></extra>",
            hoverongaps=False,
            **scale,
        )
    )
    for title, (x, y) in zip(strip.titles, places, strict=True):
        figure.add_annotation(x=x, y=y, text=title, showarrow=False, yanchor="bottom", font={"size": 11})
    height = min(max(lines * ROW_HEIGHT, 110) + 70, MAX_HEIGHT)
    first_row = list(range(0, rows, max(1, rows // 3)))
    first_column = list(range(0, width, max(1, width // 3)))
    figure.update_layout(
        xaxis={
            "title": strip.column_axis,
            "tickvals": first_column,
            "ticktext": [str(place * strip.steps[1]) for place in first_column],
            "showgrid": False,
            "zeroline": False,
            "range": [-0.5, shape[1] - 0.5],
        },
        yaxis={
            "title": strip.row_axis,
            "tickvals": first_row,
            "ticktext": [str((rows - 1 - place if strip.upwards else place) * strip.steps[0]) for place in first_row],
            "showgrid": False,
            "zeroline": False,
            "range": [shape[0] - 0.5, -0.5 - max(gap_y, 1)],
        },
        margin=MARGIN,
        height=height,
    )
    return figure


def _lines_figure(strip: MapStrip, *, own_scale: bool, columns: int) -> Figure:
    length = len(strip.maps[0])
    gap = max(1, round(GAP * length))
    columns = min(columns, len(strip.maps))
    lines = -(-len(strip.maps) // columns)
    low, high, _ = _bounds(np.stack(strip.maps))
    span = (high - low) or 1.0
    figure = Figure()
    for number, values in enumerate(strip.maps):
        line, column = divmod(number, columns)
        left, base = column * (length + gap), -line * 1.4
        unit = _to_unit(values) if own_scale else (values - low) / span
        figure.add_trace(
            Scatter(
                x=np.arange(length) + left,
                y=unit + base,
                customdata=np.stack([np.arange(length) * strip.steps[1], values], axis=1),
                hovertemplate=f"{strip.column_axis} %{{customdata[0]}}: %{{customdata[1]:.5g}}<extra></extra>",
                mode="lines+markers" if length < 3 else "lines",
                line={"width": 1.5, "color": LINE_COLOUR},
                showlegend=False,
            )
        )
        figure.add_annotation(
            x=left + length / 2, y=base + 1.05, text=strip.titles[number], showarrow=False, yanchor="bottom",
            font={"size": 11},
        )  # fmt: skip
    ticks = list(range(0, length, max(1, length // 3)))
    figure.update_layout(
        xaxis={
            "title": strip.column_axis,
            "tickvals": ticks,
            "ticktext": [str(place * strip.steps[1]) for place in ticks],
            "showgrid": False,
            "zeroline": False,
        },
        yaxis={
            "title": "each on its own" if own_scale else "value",
            "tickvals": [] if own_scale else [0, 1],
            "ticktext": [] if own_scale else [f"{low:.3g}", f"{high:.3g}"],
            "showgrid": False,
            "zeroline": False,
            "range": [-(lines - 1) * 1.4 - 0.1, 1.35],
        },
        margin=MARGIN,
        height=min(max(lines * 90, 110) + 70, MAX_HEIGHT),
    )
    return figure


def features_figure(values: Values, names: Sequence[str] = ()) -> Figure:
    """Draws the values of a flat layer as bars, with the names of classes where there are as many."""
    labels = list(names) if len(names) == len(values) else [str(number) for number in range(len(values))]
    figure = Figure(
        Bar(
            x=list(range(len(values))),
            y=values,
            customdata=labels,
            hovertemplate="%{customdata}: %{y:.5g}<extra></extra>",
            marker={"color": LINE_COLOUR, "line": {"width": 0}},
        )
    )
    is_named = len(names) == len(values)
    figure.update_layout(
        xaxis={"title": "class" if is_named else "feature"}
        | ({"tickvals": list(range(len(values))), "ticktext": labels} if is_named and len(values) <= 40 else {}),
        yaxis={"title": "value"},
        bargap=0.1,
        margin=MARGIN,
        height=210,
    )
    return figure


def _bounds(values: Values) -> tuple[float, float, bool]:
    """Returns the least and greatest value to draw, and whether they lie around 0."""
    finite = values[np.isfinite(values)]
    low, high = (float(finite.min()), float(finite.max())) if len(finite) else (0.0, 1.0)
    if low < 0 < high:
        edge = max(-low, high)
        return -edge, edge, True
    return low, high if high > low else low + 1, False


def _to_unit(values: Values) -> Values:
    """Returns values between 0 and 1; 0.5 where all are equal."""
    low, high, _ = _bounds(values) if not np.isfinite(values).all() else (float(values.min()), float(values.max()), 0)
    return np.asarray((values - low) / (high - low) if high > low else np.full_like(values, 0.5))
