"""Chart of the learning rate over a training, drawn before it starts."""

import numpy as np
import numpy.typing as npt
from plotly.graph_objects import Figure, Scatter


def learning_rate_figure(rates: npt.NDArray[np.float64], epochs: int) -> Figure:
    """Draws the learning rate of each step over the epochs."""
    return Figure(
        Scatter(
            x=np.arange(len(rates)) * epochs / len(rates),
            y=rates,
            mode="lines",
            hovertemplate="epoch %{x:.2f}: %{y:.3~g}<extra></extra>",
        ),
        {
            "xaxis": {"title": {"text": "epoch"}},
            "yaxis": {"title": {"text": "learning rate"}, "rangemode": "tozero"},
            "margin": {"l": 10, "r": 10, "t": 10, "b": 10},
            "height": 180,
        },
    )
