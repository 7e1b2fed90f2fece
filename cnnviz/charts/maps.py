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
ROW_HEIGHT, MAX_HEIGHT = 120, 960
MARGIN = {"l": 50, "r": 10, "t": 26, "b": 40}
MAP_WIDTH = 230
"""Pixels that a map of two different axes gets at most along its columns, where there are few."""
SCALE_WIDTH = 80
"""Pixels of the scale of colours beside the maps."""
ROOM_WIDTH = 1100
"""Pixels along which maps fill the page: figures that would be wider are as wide as the page."""
GAP = 0.08
"""Space between two maps, as a share of a map's length."""
ROW_GAP = 0.22
"""Space between two rows of maps, with room for their titles."""
FRAME_COLOUR = "#E0701A"
PICTURE_AXES = ("height", "width")
"""Rows and columns of what has square cells."""


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
    """Draws maps in rows of `columns`, on one scale for all or each on its own.

    The cells of a picture are squares; those of time and frequency are not. The figure is as wide as what is in it.
    """
    if strip.maps[0].ndim == 1:
        return _lines_figure(strip, own_scale=own_scale, columns=columns)
    rows, width = strip.maps[0].shape
    gap_x, gap_y = max(1, round(GAP * width)), max(1, round(ROW_GAP * rows))
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
    height = min(max(lines * ROW_HEIGHT, 110) + 70, MAX_HEIGHT)
    is_picture = (strip.row_axis, strip.column_axis) == PICTURE_AXES
    square = (height - MARGIN["t"] - MARGIN["b"]) / (shape[0] + gap_y) * shape[1]
    sides = MARGIN["l"] + MARGIN["r"] + (0 if own_scale else SCALE_WIDTH)
    figure_width = round(max(square if is_picture else columns * MAP_WIDTH, 60)) + sides
    first_row = list(range(0, rows, max(1, rows // 3)))
    first_column = list(range(0, width, max(1, width // 3)))
    figure.update_layout(
        annotations=[_title_above(*where) for where in zip(strip.titles, places, strict=True)],
        xaxis={
            "title": strip.column_axis,
            "tickvals": first_column,
            "ticktext": [str(place * strip.steps[1]) for place in first_column],
            "showgrid": False,
            "zeroline": False,
            "range": [-0.5, shape[1] - 0.5],
            **({"constrain": "domain", "constraintoward": "left"} if is_picture else {}),
        },
        yaxis={
            "title": strip.row_axis,
            "tickvals": first_row,
            "ticktext": [str((rows - 1 - place if strip.upwards else place) * strip.steps[0]) for place in first_row],
            "showgrid": False,
            "zeroline": False,
            "range": [shape[0] - 0.5, -0.5 - max(gap_y, 1)],
            **({"scaleanchor": "x", "constrain": "domain", "constraintoward": "top"} if is_picture else {}),
        },
        margin=MARGIN,
        height=height,
        width=figure_width if figure_width < ROOM_WIDTH else None,
    )
    return figure


def with_frame(figure: Figure, strip: MapStrip, frame: Sequence[tuple[float, float]]) -> Figure:
    """Adds a frame around a part of the only map in a figure: first and last place along each of its axes, as drawn."""
    *vertical, (left, right) = frame
    if not vertical:
        figure.add_vrect(x0=left - 0.5, x1=right - 0.5, line={"color": FRAME_COLOUR, "width": 2})
        return figure
    ((top, bottom),) = vertical
    if strip.upwards:
        rows = strip.maps[0].shape[0]
        top, bottom = rows - bottom, rows - top
    figure.add_shape(
        type="rect",
        x0=left - 0.5,
        x1=right - 0.5,
        y0=top - 0.5,
        y1=bottom - 0.5,
        line={"color": FRAME_COLOUR, "width": 3},
    )
    return figure


def _lines_figure(strip: MapStrip, *, own_scale: bool, columns: int) -> Figure:
    length = len(strip.maps[0])
    gap = max(1, round(GAP * length))
    columns = min(columns, len(strip.maps))
    lines = -(-len(strip.maps) // columns)
    low, high, _ = _bounds(np.stack(strip.maps))
    span = (high - low) or 1.0
    lefts = [number % columns * (length + gap) for number in range(len(strip.maps))]
    bases = [-(number // columns) * 1.4 for number in range(len(strip.maps))]
    units = [_to_unit(values) if own_scale else (values - low) / span for values in strip.maps]
    places, end = np.arange(length), [np.nan]  # which ends a line before the next one
    positions = np.tile([*(places * strip.steps[1]), np.nan], len(strip.maps))
    numbers = np.concatenate([[*values, np.nan] for values in strip.maps])
    figure = Figure(
        Scatter(
            x=np.concatenate([[*(places + left), *end] for left in lefts]),
            y=np.concatenate([[*(unit + base), *end] for unit, base in zip(units, bases, strict=True)]),
            customdata=np.stack([positions, numbers], axis=1),
            hovertemplate=f"{strip.column_axis} %{{customdata[0]}}: %{{customdata[1]:.5g}}<extra></extra>",
            mode="lines+markers" if length < 3 else "lines",
            line={"width": 1.5, "color": LINE_COLOUR},
        )
    )
    titles = zip(
        strip.titles, [(left + length / 2, base + 1.05) for left, base in zip(lefts, bases, strict=True)], strict=True
    )
    ticks = list(range(0, length, max(1, length // 3)))
    figure.update_layout(
        annotations=[_title_above(*where) for where in titles],
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


def _title_above(title: str, place: tuple[float, float]) -> dict[str, Any]:
    """Returns the title of a map, as an annotation of the figure."""
    return {"x": place[0], "y": place[1], "text": title, "showarrow": False, "yanchor": "bottom", "font": {"size": 11}}


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
