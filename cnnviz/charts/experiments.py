"""Plotly figures of the course's experiments: spirals, gradients by layer, histograms, dropout."""

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
from plotly.graph_objects import Bar, Figure, Heatmap, Histogram, Scatter

from cnnviz.activations import ACTIVATIONS
from cnnviz.charts.axes import COLOURS
from cnnviz.charts.lines import ordered_colours

Values = npt.NDArray[np.float64]
MARGIN = {"l": 10, "r": 10, "t": 30, "b": 10}
LEGEND = {"orientation": "h", "y": 1.1}
TWO_CLASSES = [[0, COLOURS[0]], [0.5, "rgba(128, 138, 156, 0.15)"], [1, COLOURS[1]]]
"""From blue over almost nothing to orange: how sure the answer is."""


def spiral_figure(
    points: Sequence[tuple[float, float]],
    labels: Sequence[int],
    probabilities: Sequence[Sequence[float]],
    reach: float,
) -> Figure:
    """Draws the points of both spirals over the answers of a net, with the boundary where it is undecided."""
    axis = np.linspace(-reach, reach, len(probabilities))
    figure = Figure()
    figure.add_trace(
        Heatmap(
            x=axis,
            y=axis,
            z=probabilities,
            zmin=0,
            zmax=1,
            colorscale=TWO_CLASSES,
            opacity=0.6,
            showscale=False,
            hovertemplate="x₁ %{x:.2f}, x₂ %{y:.2f}<br>probability of spiral 2: %{z:.3f}<extra></extra>",
        )
    )
    figure.add_contour(
        x=axis,
        y=axis,
        z=probabilities,
        contours={"start": 0.5, "end": 0.5, "size": 1, "coloring": "none"},
        line={"width": 2.5, "color": COLOURS[3]},
        showscale=False,
        hoverinfo="skip",
        name="boundary",
    )
    for label, (colour, symbol) in enumerate(((COLOURS[0], "circle"), (COLOURS[1], "diamond"))):
        x, y = zip(*(point for point, of in zip(points, labels, strict=True) if of == label), strict=True)
        marker = {"size": 6, "color": colour, "symbol": symbol, "line": {"width": 1, "color": "white"}}
        figure.add_trace(Scatter(x=x, y=y, mode="markers", name=f"spiral {label + 1}", marker=marker, hoverinfo="skip"))
    figure.update_layout(
        xaxis={"title": "x₁", "range": [-reach, reach], "constrain": "domain"},
        yaxis={"title": "x₂", "range": [-reach, reach], "scaleanchor": "x", "constrain": "domain"},
        margin=MARGIN,
        legend=LEGEND,
        height=430,
    )
    return figure


def loss_figure(losses: Mapping[str, Sequence[float]]) -> Figure:
    """Draws the loss of every step, a line for each training."""
    figure = Figure()
    for (name, values), colour in zip(losses.items(), COLOURS, strict=False):
        steps = np.arange(1, len(values) + 1)
        figure.add_trace(Scatter(x=steps, y=values, name=name, line={"width": 2.5, "color": colour}))
    figure.update_layout(
        xaxis_title="step",
        yaxis={"title": "loss", "rangemode": "tozero"},
        hovermode="x unified",
        margin=MARGIN,
        legend=LEGEND,
        height=260,
    )
    return figure


def collapsed_figure(t: Values, stack: Values, one: Values) -> Figure:
    """Draws y₁ of a stack of layers and of the one Linear that it is multiplied out to, along x₁."""
    figure = Figure()
    styles = (
        ("stack", stack, {"width": 6, "color": COLOURS[0]}),
        ("one Linear", one, {"width": 2, "color": COLOURS[1]}),
    )
    for name, values, line in styles:
        figure.add_trace(Scatter(x=t, y=values, name=name, mode="lines", line=line))
    figure.update_layout(
        xaxis_title="x₁", yaxis_title="y₁", hovermode="x unified", margin=MARGIN, legend=LEGEND, height=300
    )
    return figure


def gradients_by_layer_figure(
    norms: Sequence[float], names: Sequence[str], *, kept: Mapping[str, Sequence[float]] | None = None
) -> Figure:
    """Draws the norm of the gradient of every layer on a log axis, from the first layer in blue to the last in orange.

    A norm of 0 has no place on a log axis: it is named below it. `kept` are further nets to compare with, as lines.
    """
    places = np.arange(1, len(norms) + 1)
    drawable = [norm if norm > 0 and np.isfinite(norm) else None for norm in norms]
    figure = Figure()
    for (name, values), dash in zip((kept or {}).items(), ("dash", "dot", "dashdot"), strict=False):
        line = {"width": 2, "dash": dash, "color": COLOURS[3]}
        figure.add_trace(Scatter(x=np.arange(1, len(values) + 1), y=values, name=name, mode="lines", line=line))
    figure.add_trace(
        Scatter(
            x=places,
            y=drawable,
            name="this net",
            mode="lines+markers",
            line={"width": 1, "color": COLOURS[3]},
            marker={"size": 11, "color": ordered_colours(len(norms))},
            text=list(names),
            hovertemplate="%{text}<br>‖gradient‖ = %{y:.3~g}<extra></extra>",
        )
    )
    if zeros := [name for name, norm in zip(names, norms, strict=True) if norm == 0]:
        some = ", ".join(zeros[:4]) + (f" and {len(zeros) - 4} more" if len(zeros) > 4 else "")
        figure.add_annotation(
            text=f"exactly 0: {some}", xref="paper", yref="paper", x=0, y=0.02, showarrow=False, xanchor="left"
        )
    step = max(1, -(-len(names) // 25))
    figure.update_layout(
        xaxis={
            "title": "layer, first to last",
            "tickvals": places[::step],
            "ticktext": list(names)[::step],
            "range": [0.5, len(norms) + 0.5],
        },
        yaxis={
            "title": "norm of the gradient",
            "type": "log",
            "exponentformat": "power",
            "dtick": _decades([*norms, *(norm for values in (kept or {}).values() for norm in values)]),
        },
        margin=MARGIN,
        legend=LEGEND,
        height=400,
        showlegend=bool(kept),
    )
    return figure


def _decades(norms: Sequence[float]) -> int:
    """Returns the number of powers of ten from one label to the next: labels of one form, and eight of them at most."""
    positive = [norm for norm in norms if norm > 0 and np.isfinite(norm)]
    spread = np.log10(max(positive) / min(positive)) if positive else 1
    return max(1, int(np.ceil(spread / 8)))


def unit_figure(name: str, inputs: Values) -> Figure:
    """Draws where the inputs of a unit lie, and its activation above them."""
    low, high = min(-3.0, inputs.min()), max(3.0, inputs.max())
    x = np.linspace(low, high, 600)
    figure = Figure()
    figure.add_trace(
        Histogram(x=inputs, name="inputs of the unit", marker_color=COLOURS[3], opacity=0.6, nbinsx=60, yaxis="y2")
    )
    figure.add_trace(Scatter(x=x, y=ACTIVATIONS[name].curve(x)[0], name=name, line={"width": 3, "color": COLOURS[0]}))
    figure.update_layout(
        xaxis_title="w·x + b",
        yaxis={"title": "output", "overlaying": "y2", "tickmode": "auto"},
        yaxis2={"title": "samples", "side": "right", "showgrid": False},
        margin=MARGIN,
        legend=LEGEND,
        height=360,
    )
    return figure


def histograms_figure(values: Mapping[str, Values]) -> Figure:
    """Draws histograms over one another, with bins of one width, as shares of all values."""
    low = min(part.min() for part in values.values())
    high = max(part.max() for part in values.values())
    edges = np.linspace(low, high, 61)
    width = edges[1] - edges[0]
    figure = Figure()
    for (name, part), colour in zip(values.items(), (COLOURS[3], COLOURS[0], COLOURS[1]), strict=False):
        shares = np.histogram(part, edges)[0] / part.size
        figure.add_trace(
            Bar(x=edges[:-1] + width / 2, y=shares, width=width, name=name, marker_color=colour, opacity=0.6)
        )
    figure.update_layout(
        barmode="overlay",
        bargap=0,
        xaxis_title="value",
        yaxis={"title": "share of the values", "tickformat": ".0%"},
        margin=MARGIN,
        legend=LEGEND,
        height=340,
    )
    return figure


def running_mean_figure(batch_means: Values, running_means: Values, mean: float) -> Figure:
    """Draws the mean of each batch, the running mean after it, and the mean of all there is."""
    batches = np.arange(1, len(batch_means) + 1)
    figure = Figure()
    dot = {"size": 6, "color": COLOURS[3]}
    figure.add_trace(Scatter(x=batches, y=batch_means, name="mean of the batch", mode="markers", marker=dot))
    x, y = np.r_[0, batches], np.r_[0, running_means]
    line = {"width": 3, "color": COLOURS[1]}
    figure.add_trace(Scatter(x=x, y=y, name="running mean", mode="lines", line=line))
    figure.add_hline(
        mean,
        line_dash="dash",
        line_color=COLOURS[0],
        annotation_text=f"true mean {mean:g}",
        annotation_position="bottom right",
    )
    figure.update_layout(
        xaxis_title="batch", yaxis_title="mean", hovermode="x unified", margin=MARGIN, legend=LEGEND, height=340
    )
    return figure


def dropout_figure(sample: Values, in_training: Values) -> Figure:
    """Draws a sample as evaluation mode leaves it, and below it what training mode made of it each time."""
    rows = ["evaluation", *(f"training, {number}" for number in range(1, len(in_training) + 1)), "mean of training"]
    table = np.vstack((sample, in_training, in_training.mean(axis=0)))
    texts = [[f"{value:.2f}" if value else "0" for value in row] for row in table]
    figure = Figure(
        Heatmap(
            x=[f"{number}" for number in range(1, len(sample) + 1)],
            y=rows,
            z=table,
            text=texts,
            texttemplate="%{text}",
            colorscale=[[0, "#c9cdd4"], [1e-9, "#dcebf8"], [1, "#5fa8e0"]],  # grey where it is 0
            textfont_color="#1c2330",
            zmin=0,
            colorbar={"title": "value", "thickness": 12},
            xgap=2,
            ygap=2,
            hovertemplate="%{y}, feature %{x}: %{text}<extra></extra>",
        )
    )
    figure.update_layout(
        xaxis={"title": "feature", "showgrid": False},
        yaxis={"autorange": "reversed", "showgrid": False},
        margin=MARGIN,
        height=420,
    )
    return figure
