"""Weights of a layer before and after training, as two outlines over the same bins."""

import numpy as np
import numpy.typing as npt
from plotly.graph_objects import Figure, Scatter

from cnnviz.charts.axes import COLOURS

MARGIN = {"l": 50, "r": 10, "t": 30, "b": 40}
Counts = npt.NDArray[np.int64]


def weights_figure(edges: npt.NDArray[np.float64], before: Counts, after: Counts) -> Figure:
    """Draws how many weights lie in each bin before training (dashed) and after it."""
    figure = Figure(
        [
            Scatter(
                x=np.repeat(edges, 2)[1:-1],
                y=np.repeat(counts, 2),
                name=name,
                mode="lines",
                line={"color": colour, "dash": dash, "width": 2},
                hovertemplate=f"{name}: %{{y}} weights near %{{x:.3~g}}<extra></extra>",
            )
            for name, counts, colour, dash in (
                ("before", before, COLOURS[1], "dash"),
                ("after", after, COLOURS[0], "solid"),
            )
        ]
    )
    figure.update_layout(
        xaxis_title="value of a weight",
        yaxis_title="number of weights",
        legend={"orientation": "h", "y": 1.2},
        margin=MARGIN,
        height=230,
    )
    return figure


def describe_weights(edges: npt.NDArray[np.float64], before: Counts, after: Counts) -> str:
    """Returns the standard deviation before and after in words, to the width of a bin.

    >>> edges = np.array([-1.0, 0.0, 1.0])
    >>> describe_weights(edges, np.array([1, 1]), np.array([0, 2]))
    'standard deviation about 0.5 before and 0 after'
    """
    middles = (edges[1:] + edges[:-1]) / 2
    deviations = []
    for counts in (before, after):
        total = max(int(counts.sum()), 1)
        mean = float((counts * middles).sum() / total)
        deviations.append(float(np.sqrt((counts * (middles - mean) ** 2).sum() / total)))
    return f"standard deviation about {deviations[0]:.3g} before and {deviations[1]:.3g} after"
