"""The samples of the data set that excite a channel most, seen and heard."""

import streamlit as st

from cnnviz.inside import Subject
from cnnviz.inside.exciting_samples import ExcitedLayer, exciting_samples
from cnnviz.ui.inside.samples import choose_places, computed, net_request, sample_cards, samples_of
from cnnviz.ui.widgets.fields import number
from cnnviz.words import unique_labels

MAX_SAMPLES = 2_000
"""Samples that the net is shown."""


def exciting_view(subject: Subject) -> None:
    """Draws the choice of a layer and a channel, and the samples with its greatest values."""
    known = samples_of(subject)
    if known is None:
        return
    dataset, content = known
    places = choose_places(subject, content, MAX_SAMPLES)
    layers = computed(
        subject,
        content,
        "exciting",
        places,
        lambda report: exciting_samples(net_request(subject, content, places), report),
        text=f"Showing it {len(places):,} samples …",
    )
    if not layers:
        st.info("This net has no convolution, Linear layer or activation.", icon=":material/info:")
        return
    with st.container(horizontal=True, vertical_alignment="bottom", key="exciting-controls"):
        layer, channel = _choose_channel(layers)
    samples, values = layer.samples[channel], layer.values[channel]
    st.markdown(f"**{layer.title}, channel {channel}**: its greatest values among {len(places):,} samples")
    if values[0] == values[-1] and len(values) > 1:
        st.info(
            f"All of these samples excite it alike, with {values[0]:.4g}: "
            + ("it is dead, or nearly so." if values[0] == 0 else "it does not tell samples apart."),
            icon=":material/info:",
        )
    cards = [(int(places[place]), f"{value:.4g}") for place, value in zip(samples, values, strict=True)]
    sample_cards(dataset, content, cards, key="exciting")
    st.caption(
        "Below each sample, the greatest value that the channel has at any position. What these samples have in common,"
        " and the others lack, is what the channel looks for; often it is nothing that has a name."
    )


def _choose_channel(layers: list[ExcitedLayer]) -> tuple[ExcitedLayer, int]:
    labels = unique_labels({str(place): layer.title for place, layer in enumerate(layers)})
    chosen = st.selectbox(
        "Layer", list(labels), format_func=labels.__getitem__, key=f"exciting-layer-{len(layers)}", width=260
    )
    layer = layers[int(chosen)]
    channels = len(layer.samples)
    with st.container(width=200):
        channel = number(
            f"Channel, 0 to {channels - 1:,}",
            0,
            whole=True,
            bounds=(0, channels - 1),
            step=1,
            key=f"exciting-channel-{chosen}-{channels}",
        )
    return layer, int(channel)
