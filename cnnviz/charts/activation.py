"""Plotly figures of activation functions and their slopes."""

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
from plotly.graph_objects import Bar, Figure, Scatter

from cnnviz.activations import ACTIVATIONS, class_probabilities

Values = npt.NDArray[np.generic]
CURVE_INPUTS = np.linspace(-10.0, 10.0, 2001)
"""Inputs that curves are drawn at: a hundredth apart, less than a pixel, with every corner of a function among them."""
SHOWN_INPUTS = (-7.0, 7.0)
"""What is in view at first; a double click shows all."""
COLOURS = 10
DASHES = ("solid", "dash", "dot")
"""Colours of a theme; from there on lines are dashed."""


def activation_figure(names: list[str], *, derivative: bool) -> Figure:
    """Draws the value (or slope) of each named function over −10 … 10, nothing cut off of what is in view at first."""
    curves = {name: ACTIVATIONS[name].curve(CURVE_INPUTS)[1 if derivative else 0] for name in names}
    figure = _lines_figure({name: (CURVE_INPUTS, curve) for name, curve in curves.items()}, mode="lines")
    shown = np.array([curve[np.abs(CURVE_INPUTS) <= SHOWN_INPUTS[1]] for curve in curves.values()])
    low, high = min(0.0, shown.min()), max(1.0, shown.max())
    margin = 0.05 * (high - low)
    figure.update_layout(
        xaxis_title="x",
        yaxis_title="slope" if derivative else "value",
        xaxis_range=SHOWN_INPUTS,
        yaxis_range=[low - margin, high + margin],
        hovermode="x unified",
        legend={"orientation": "h", "y": 1.12},
        margin={"l": 10, "r": 10, "t": 40, "b": 10},
        height=420,
        showlegend=True,
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


def _lines_figure(curves: Mapping[str, tuple[Values, Values]], *, mode: str) -> Figure:
    """Draws a line for each function that is shown, and an invisible one for each that is not.

    The theme assigns its colours by the order of the lines, so a function keeps its colour whatever else is shown.
    """
    figure = Figure()
    for place, name in enumerate(ACTIVATIONS):
        x, y = curves.get(name, ((), ()))
        # plotly leaves out points that are nearly on a line with others, which makes a bend of visible straight pieces
        line = {"width": 3, "dash": DASHES[place // COLOURS], "simplify": False}
        figure.add_trace(Scatter(x=x, y=y, name=name, mode=mode, line=line, visible=name in curves))
    return figure
