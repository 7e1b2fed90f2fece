"""Activation functions and their slopes as a plotly figure."""

import numpy as np
from plotly.graph_objects import Figure, Scatter

from cnnviz.activations import ACTIVATIONS

X = np.linspace(-10.0, 10.0, 401)
COLOURS = {"Sigmoid": "#0072B2", "Tanh": "#D55E00", "ReLU": "#009E73"}
"""A colour-blind-safe colour per function (Okabe & Ito)."""


def activation_figure(names: list[str], *, derivative: bool) -> Figure:
    """Value (or slope) over −10 … 10 for each named function."""
    figure = Figure()
    for name in names:
        curve = ACTIVATIONS[name].curve(X)[1 if derivative else 0]
        figure.add_trace(Scatter(x=X, y=curve, name=name, mode="lines", line={"color": COLOURS[name], "width": 3}))
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


def fading_figure(names: list[str], layers: int, x: float) -> Figure:
    """The share of a gradient that passes 1, 2, … `layers` activations whose input is x, on a logarithmic axis."""
    depth = np.arange(1, layers + 1)
    figure = Figure()
    for name in names:
        share = ACTIVATIONS[name].slope(x) ** depth
        figure.add_trace(
            Scatter(x=depth, y=share, name=name, mode="lines+markers", line={"color": COLOURS[name], "width": 3})
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
