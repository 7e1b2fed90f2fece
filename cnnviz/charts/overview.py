"""Charts of a whole data set: its samples per class, and the distribution of its values."""

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
from plotly.graph_objects import Bar, Figure, Scatter

MARGIN = {"l": 10, "r": 10, "t": 40, "b": 10}


def class_counts_figure(classes: Sequence[str], parts: Sequence[str], counts: npt.NDArray[np.int64]) -> Figure:
    """Draws a stacked bar for each class; counts has the shape (parts, classes)."""
    figure = Figure(
        [
            Bar(x=list(classes), y=row, name=part, hovertemplate=f"%{{x}}: %{{y:,}} for {part}<extra></extra>")
            for part, row in zip(parts, counts, strict=True)
        ]
    )
    figure.update_layout(
        barmode="stack",
        xaxis={"title": "class", "type": "category"},
        yaxis_title="samples",
        legend={"orientation": "h", "y": 1.15},
        margin=MARGIN,
        height=340,
    )
    return figure


def histogram_figure(
    histograms: Mapping[str, tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]],
) -> Figure:
    """Draws histograms, each given as edges and shares in per cent, by the name of their values.

    The height is the share per unit of value: whatever the width of its bins, the area of a histogram is 100 %.
    """
    figure = Figure(
        [
            Scatter(
                x=np.repeat(edges, 2)[1:-1],
                y=np.repeat(shares / np.diff(edges), 2),
                name=name,
                mode="lines",
                fill="tozeroy",
                hovertemplate=f"{name}: %{{y:.3~g}} % per unit near %{{x:.3~g}}<extra></extra>",
            )
            for name, (edges, shares) in histograms.items()
        ]
    )
    figure.update_layout(
        xaxis_title="value",
        yaxis_title="share of all values per unit, %",
        legend={"orientation": "h", "y": 1.15},
        margin=MARGIN,
        height=340,
    )
    return figure
