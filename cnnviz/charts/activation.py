"""Plotly figures of activation functions and their slopes."""

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
from plotly.graph_objects import Bar, Figure, Scatter
from plotly.subplots import make_subplots

from cnnviz.activations import ACTIVATIONS, class_probabilities
from cnnviz.charts.axes import COLOURS as COLOURS_OF_SERIES

Values = npt.NDArray[np.generic]
CURVE_INPUTS = np.linspace(-10.0, 10.0, 2001)
"""Inputs that curves are drawn at: a hundredth apart, less than a pixel, with every corner of a function among them."""
FARTHEST_INPUT = 20.0
"""The end of the axis that a student may choose."""
SHOWN_INPUTS = (-7.0, 7.0)
"""What is in view at first; a double click shows all."""
COLOURS = 10
DASHES = ("solid", "dash", "dot")
"""Colours of a theme; from there on lines are dashed."""
GALLERY_COLUMNS = 6


Span = tuple[float, float]
"""The ends of an axis."""


def activation_figure(
    names: list[str],
    *,
    derivative: bool,
    x_range: Span = SHOWN_INPUTS,
    y_range: Span | None = None,
    point: float | None = None,
) -> Figure:
    """Draws the value (or slope) of each named function, nothing cut off of what is in view at first.

    `y_range` chooses another value axis. At the input `point`, each curve has a dot, and that of the values a tangent.
    """
    inputs = CURVE_INPUTS
    if max(map(abs, x_range)) > inputs[-1]:  # still a hundredth apart, corners among them
        inputs = np.linspace(-FARTHEST_INPUT, FARTHEST_INPUT, 4001)
    curves = {name: ACTIVATIONS[name].curve(inputs)[1 if derivative else 0] for name in names}
    figure = _lines_figure({name: (inputs, curve) for name, curve in curves.items()}, mode="lines")
    shown = np.array([curve[(inputs >= x_range[0]) & (inputs <= x_range[1])] for curve in curves.values()])
    low, high = min(0.0, shown.min()), max(1.0, shown.max())
    margin = 0.05 * (high - low)
    if point is not None:
        _add_points(figure, names, point, derivative=derivative, reach=(x_range[1] - x_range[0]) / 6)
    figure.update_layout(
        xaxis_title="x",
        yaxis_title="slope" if derivative else "value",
        xaxis_range=x_range,
        yaxis_range=y_range or [low - margin, high + margin],
        hovermode="x unified",
        legend={"orientation": "h", "y": 1.12},
        margin={"l": 10, "r": 10, "t": 40, "b": 10},
        height=370,
        showlegend=True,
    )
    return figure


def gallery_figure(x_range: Span = SHOWN_INPUTS, point: float | None = None) -> Figure:
    """Draws every activation in a small chart of its own: value as a line, slope dotted, a dot at the input `point`."""
    rows = -(-len(ACTIVATIONS) // GALLERY_COLUMNS)
    figure = make_subplots(
        rows, GALLERY_COLUMNS, subplot_titles=list(ACTIVATIONS), vertical_spacing=0.09, horizontal_spacing=0.035
    )
    x = np.linspace(*x_range, 401)
    value_style = {"width": 2.5, "color": COLOURS_OF_SERIES[0]}
    slope_style = {"width": 2, "color": COLOURS_OF_SERIES[1], "dash": "dot"}
    for place, (name, activation) in enumerate(ACTIVATIONS.items()):
        position = {"row": place // GALLERY_COLUMNS + 1, "col": place % GALLERY_COLUMNS + 1}
        values, slopes = activation.curve(x)
        is_first = place == 0
        figure.add_trace(
            Scatter(x=x, y=values, name="value", line=value_style, showlegend=is_first, meta=name), **position
        )
        figure.add_trace(
            Scatter(x=x, y=slopes, name="slope", line=slope_style, showlegend=is_first, meta=name), **position
        )
        if point is not None:
            value, slope = (float(curve[0]) for curve in activation.curve(np.array([point])))
            hover = f"{name}({point:g}) = {value:.4g}, slope {slope:.4g}<extra></extra>"
            dot = {"size": 8, "color": value_style["color"]}
            figure.add_trace(
                Scatter(x=[point], y=[value], mode="markers", marker=dot, hovertemplate=hover, showlegend=False),
                **position,
            )
    figure.update_annotations(font_size=13)
    figure.update_layout(
        height=150 * rows,
        legend={"orientation": "h", "y": 1.08},
        margin={"l": 10, "r": 10, "t": 60, "b": 10},
    )
    return figure


def probabilities_figure(scores: Sequence[float]) -> Figure:
    """Draws what sigmoid and softmax make of the scores of some classes, side by side."""
    classes = [f"class {number}" for number in range(1, len(scores) + 1)]
    figure = Figure()
    for name, values in zip(("Sigmoid", "Softmax"), class_probabilities(scores), strict=True):
        texts = [f"{value:.2f}" for value in values]
        figure.add_trace(Bar(x=classes, y=values, name=name, text=texts, textposition="outside", cliponaxis=False))
    figure.update_layout(
        barmode="group",
        yaxis_range=[0, 1.08],
        yaxis_title="output",
        legend={"orientation": "h", "y": 1.12},
        margin={"l": 10, "r": 10, "t": 40, "b": 10},
        height=320,
        showlegend=True,
    )
    return figure


def vanishing_gradient_figure(names: list[str], layers: int, x: float) -> Figure:
    """Draws the share of a gradient that passes 1, 2, … `layers` activations with input x, on a logarithmic axis.

    Where a slope is negative, its sign is left out; where it is 0, there is no line.
    """
    depth = np.arange(1, layers + 1)
    figure = _lines_figure(
        {name: (depth, abs(ACTIVATIONS[name].slope(x)) ** depth) for name in names}, mode="lines+markers"
    )
    figure.update_layout(
        xaxis_title="activations passed",
        yaxis_title="share of the gradient that is left",
        yaxis_type="log",
        yaxis_exponentformat="power",
        hovermode="x unified",
        legend={"orientation": "h", "y": 1.12},
        margin={"l": 10, "r": 10, "t": 40, "b": 10},
        height=360,
        showlegend=True,
    )
    return figure


def _add_points(figure: Figure, names: list[str], x: float, *, derivative: bool, reach: float) -> None:
    """Adds dots and tangents in the colours of their functions, which the theme assigns by the number of a line."""
    for _ in range(-len(ACTIVATIONS) % COLOURS):
        figure.add_trace(_placeholder())
    for name in ACTIVATIONS:
        if name not in names:
            figure.add_trace(_placeholder())
            continue
        value, slope = (float(curve[0]) for curve in ACTIVATIONS[name].curve(np.array([x])))
        around = np.array([x] if derivative else [x - reach, x, x + reach])
        heights = np.array([slope]) if derivative else value + slope * (around - x)
        sizes = [10] if derivative else [0, 10, 0]
        figure.add_trace(
            Scatter(
                x=around,
                y=heights,
                name=f"{name}, tangent" if not derivative else name,
                mode="markers" if derivative else "lines+markers",
                line={"width": 1.5},
                marker={"size": sizes, "opacity": 1},
                showlegend=False,
                hoverinfo="skip",
            )
        )


def _lines_figure(curves: Mapping[str, tuple[Values, Values]], *, mode: str) -> Figure:
    """Draws a line for each function that is shown, and one without points for each that is not.

    The theme assigns its colours by the order of the visible lines, so a function keeps its colour whatever else is
    shown.
    """
    figure = Figure()
    for place, name in enumerate(ACTIVATIONS):
        x, y = curves.get(name, ([None], [None]))  # plotly passes over invisible lines, and gives them no colour
        # plotly leaves out points that are nearly on a line with others, which makes a bend of visible straight pieces
        line = {"width": 3, "dash": DASHES[place // COLOURS], "simplify": False}
        figure.add_trace(Scatter(x=x, y=y, name=name, mode=mode, line=line, showlegend=name in curves))
    return figure


def _placeholder() -> Scatter:
    """Returns a line that takes a colour of the theme and draws nothing."""
    return Scatter(x=[None], y=[None], showlegend=False, hoverinfo="skip")
