"""Samples as points in the plane: some classes in colours and shapes of their own, the others grey."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from plotly.graph_objects import Figure, Scatter

MAX_HIGHLIGHTED = 8
"""Classes that have a colour and a shape of their own."""
STYLES = (
    ("#0072B2", "circle"),
    ("#E69F00", "square"),
    ("#009E73", "diamond"),
    ("#CC79A7", "triangle-up"),
    ("#D55E00", "x"),
    ("#56B4E9", "cross"),
    ("#B8A600", "star"),
    ("#8B6BD9", "triangle-down"),
)
"""Colour and shape of each; seven colours are those of Okabe & Ito (2008), its yellow darker, for white pages."""
OTHERS_COLOUR, MARKED_COLOUR = "rgba(128,138,156,0.45)", "#E0701A"
SIZE, OTHERS_SIZE = 8, 5
HEIGHT = 560


@dataclass(frozen=True, eq=False)
class EmbeddedSamples:
    """Points (M, 2) with the index, the class number and the text of each sample."""

    points: npt.NDArray[np.float32]
    indices: npt.NDArray[np.int64]
    labels: npt.NDArray[np.int64]
    texts: Sequence[str]
    axes: tuple[str, str]


def nearest_classes(samples: EmbeddedSamples, label: int, limit: int = MAX_HIGHLIGHTED) -> list[int]:
    """Returns up to `limit` classes: one, and those whose centres are nearest to its centre, in this order."""
    present = np.unique(samples.labels)
    centres = {int(number): samples.points[samples.labels == number].mean(axis=0) for number in present}
    if label not in centres:
        return list(centres)[:limit]
    return sorted(centres, key=lambda number: float(np.linalg.norm(centres[number] - centres[label])))[:limit]


def embedding_figure(
    samples: EmbeddedSamples, classes: Sequence[str], highlighted: Sequence[int], marked: int | None = None
) -> Figure:
    """Draws the samples; up to eight highlighted classes in colour, one sample with a ring around it.

    Each point's custom data is the index of its sample.
    """
    figure = Figure()
    others = ~np.isin(samples.labels, highlighted)
    if others.any():
        title = "other classes" if len(highlighted) else "all classes"
        _add(figure, samples, others, title, (OTHERS_COLOUR, "circle"), OTHERS_SIZE)
    for label, style in zip(highlighted, STYLES, strict=False):
        _add(figure, samples, samples.labels == label, classes[label], style, SIZE)
    place = np.flatnonzero(samples.indices == marked)
    if len(place):
        figure.add_trace(
            Scatter(
                x=samples.points[place, 0],
                y=samples.points[place, 1],
                mode="markers",
                name="this sample",
                hoverinfo="skip",
                marker={"size": 20, "symbol": "circle-open", "color": MARKED_COLOUR, "line": {"width": 3}},
            )
        )
    figure.update_layout(
        xaxis={"title": samples.axes[0], "zeroline": False},
        yaxis={"title": samples.axes[1], "zeroline": False},
        legend={"orientation": "h", "y": -0.14, "yanchor": "top", "x": 0},
        margin={"l": 50, "r": 10, "t": 10, "b": 40},
        height=HEIGHT,
        dragmode="pan",  # beside a lasso or a box, Streamlit takes no clicks
    )
    return figure


def _add(
    figure: Figure,
    samples: EmbeddedSamples,
    chosen: npt.NDArray[np.bool_],
    title: str,
    style: tuple[str, str],
    size: int,
) -> None:
    colour, symbol = style
    figure.add_trace(
        Scatter(
            x=samples.points[chosen, 0],
            y=samples.points[chosen, 1],
            customdata=samples.indices[chosen],
            text=[samples.texts[int(place)] for place in np.flatnonzero(chosen)],
            hovertemplate="%{text}<extra></extra>",
            mode="markers",
            name=title,
            marker={"size": size, "color": colour, "symbol": symbol, "line": {"width": 0}},
        )
    )
