"""Plotly figures of activation functions and their slopes."""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
from plotly.graph_objects import Figure, Scatter

from cnnviz.activations import ACTIVATIONS

Values = npt.NDArray[np.generic]
CURVE_INPUTS = np.linspace(-10.0, 10.0, 401)


def activation_figure(names: list[str], *, derivative: bool) -> Figure:
    """Draws the value (or slope) of each named function over −10 … 10."""
    figure = _lines_figure(
        {name: (CURVE_INPUTS, ACTIVATIONS[name].curve(CURVE_INPUTS)[1 if derivative else 0]) for name in names},
        mode="lines",
    )
    figure.update_layout(
        xaxis_title="x",
        yaxis_title="slope" if derivative else "value",
        yaxis_range=[-0.1, 1.1] if derivative else [-1.3, 3.2],
        hovermode="x unified",
        legend={"orientation": "h", "y": 1.12},
        margin={"l": 10, "r": 10, "t": 40, "b": 10},
        height=360,
        showlegend=True,
    )
    return figure


def vanishing_gradient_figure(names: list[str], layers: int, x: float) -> Figure:
    """Draws the share of a gradient that passes 1, 2, … `layers` activations with input x, on a logarithmic axis."""
    depth = np.arange(1, layers + 1)
    figure = _lines_figure({name: (depth, ACTIVATIONS[name].slope(x) ** depth) for name in names}, mode="lines+markers")
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
    for name in ACTIVATIONS:
        x, y = curves.get(name, ((), ()))
        figure.add_trace(Scatter(x=x, y=y, name=name, mode=mode, line={"width": 3}, visible=name in curves))
    return figure
