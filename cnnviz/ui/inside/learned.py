"""What the net has learned: filters, weights before and after training, dead channels, what excites one, embedding."""

from collections.abc import Callable

import streamlit as st

from cnnviz.charts.weights import describe_weights, weights_figure
from cnnviz.inside import Subject
from cnnviz.inside.dead_channels import DeadChannels, count_dead_channels
from cnnviz.inside.learned import WeightedLayer, filters, is_filter, per_input_unit, weight_histograms, weighted_layers
from cnnviz.shapes import format_shape
from cnnviz.ui.inside.embedding import embedding_view
from cnnviz.ui.inside.exciting import exciting_view
from cnnviz.ui.inside.map_strips import draw_maps
from cnnviz.ui.inside.samples import choose_places, computed, net_request, samples_of
from cnnviz.ui.widgets.chart import plotly_chart
from cnnviz.words import unique_labels

MAX_FILTERS = 16
"""Filters that are drawn at a time."""
MAX_SAMPLES = 256
"""Samples on which dead channels are looked for."""
MAX_NAMED = 24
"""Dead channels of a layer that are named."""


def learned_view(subject: Subject) -> None:
    """Draws the choice of what is looked at, and that."""
    names = list(VIEWS)
    chosen = st.segmented_control(
        "Learned", names, default=names[0], required=True, key="learned-view", label_visibility="collapsed",
        persist_state="session",
    )  # fmt: skip
    if subject.weights is None:
        st.caption("This net is untrained: its weights are those that its seed draws.")
    VIEWS[chosen or names[0]](subject)


def _filters_view(subject: Subject) -> None:
    layers = [record for record in weighted_layers(subject.architecture, subject.build()) if is_filter(record)]
    if not layers:
        st.info("This net has no convolution, so it has no filters.", icon=":material/info:")
        return
    with st.container(horizontal=True, vertical_alignment="bottom", key="learned-controls"):
        record, first, channel = _choose_filters(layers)
    kernels = filters(record)
    unit = "per unit of the scaled input"
    if record.path == (0,):
        scaled = per_input_unit(kernels, subject.scale)
        kernels, unit = (kernels, unit) if scaled is None else (scaled, "per unit of the input, as the data set has it")
    shown = kernels[first : first + MAX_FILTERS, channel]
    st.markdown(
        f"**{record.title}**: {len(kernels):,} filters, each of {format_shape(tuple(kernels.shape[1:]))}"
        + (f"; weights {unit}" if record.path == (0,) else "")
    )
    titles = [f"filter {first + number}" for number in range(len(shown))]
    alt = f"filters of {record.title} for input map {channel}"
    draw_maps(subject, shown, titles, key="learned-filters", alt=alt, own_scale=False)
    st.caption("Positions along an axis are those of the kernel; blue and red are weights of opposite signs.")


def _choose_filters(layers: list[WeightedLayer]) -> tuple[WeightedLayer, int, int]:
    """Draws the choice of a layer, of the first filter and of the input map that the kernels are for."""
    labels = unique_labels({str(number): record.title for number, record in enumerate(layers)})
    chosen = st.selectbox(
        "Convolution", list(labels), format_func=labels.__getitem__, key=f"learned-layer-{len(layers)}", width=260
    )
    record = layers[int(chosen)]
    count, inputs = filters(record).shape[:2]
    first = channel = 0
    if count > MAX_FILTERS:
        places = range(0, count, MAX_FILTERS)
        first = st.select_slider("Filters from", places, key=f"learned-first-{count}", width=220)
    if inputs > 1:
        channel = st.select_slider("Input map", range(inputs), key=f"learned-channel-{inputs}", width=220)
    return record, first, channel


def _weights_view(subject: Subject) -> None:
    histograms = weight_histograms(subject)
    if not histograms:
        st.info("This net has no weights.", icon=":material/info:")
        return
    labels = unique_labels({str(number): title for number, (title, _) in enumerate(histograms)})
    chosen = st.selectbox(
        "Layer", list(labels), format_func=labels.__getitem__, key=f"learned-weights-{len(labels)}", width=260
    )
    title, histogram = histograms[int(chosen)]
    data = histogram.edges, histogram.before, histogram.after
    st.markdown(
        f"**{title}**: {int(histogram.after.sum()):,} weights; training moved them by {histogram.change:.1%} of their"
        " norm"
    )
    alt = f"histogram of the weights of {title}: {describe_weights(*data)}"
    plotly_chart(weights_figure(*data), key="learned-histogram", alt=alt)
    st.caption(f"Before: as torch draws them for seed {subject.seed}. A layer that did not move has learned nothing.")


def _dead_view(subject: Subject) -> None:
    known = samples_of(subject)
    if known is None:
        return
    _, content = known
    places = choose_places(subject, content, MAX_SAMPLES)
    layers = computed(
        subject,
        content,
        "dead",
        places,
        lambda report: count_dead_channels(net_request(subject, content, places), report),
        text=f"Showing it {len(places):,} samples …",
    )
    if not layers:
        st.info("This net has no activations behind which a channel could be dead.", icon=":material/info:")
        return
    total, dead = sum(layer.channels for layer in layers), sum(len(layer.dead) for layer in layers)
    st.markdown(f"**{dead:,} of {total:,}** channels behind activations are 0 for all of {len(places):,} samples.")
    st.markdown("\n".join(f"- {_describe(layer)}" for layer in layers))
    st.caption(
        "A dead channel gives nothing on, and gets no gradient back. A few are usual; where most are, the learning rate"
        " was too high, or the bias too low: try a smaller rate, a norm before the activation, or LeakyReLU."
    )


def _describe(layer: DeadChannels) -> str:
    """Returns the number of dead channels of a layer, and their names.

    >>> _describe(DeadChannels("2 ReLU", (1, 5), 8))
    '**2 ReLU**: 2 of 8 are dead: 1, 5'
    """
    named = ", ".join(str(number) for number in layer.dead[:MAX_NAMED])
    more = ", …" * (len(layer.dead) > MAX_NAMED)
    return f"**{layer.title}**: {len(layer.dead):,} of {layer.channels:,} are dead" + f": {named}{more}" * bool(named)


VIEWS: dict[str, Callable[[Subject], None]] = {
    "Filters": _filters_view,
    "Weights before and after": _weights_view,
    "Dead channels": _dead_view,
    "What excites a channel": exciting_view,
    "Embedding": embedding_view,
}
"""What training has made of a net."""
