"""All maps: what every layer makes of the sample."""

import streamlit as st
import torch

from cnnviz.inside import Subject
from cnnviz.inside.feature_maps import LayerMaps
from cnnviz.layers import family
from cnnviz.shapes import format_shape
from cnnviz.ui.inside.forward import BATCH_SIZE, sample_maps, training_maps
from cnnviz.ui.inside.map_strips import MAX_MAPS, draw_maps

LAYERS_PER_PAGE = 8
"""Layers that are drawn at a time."""


def maps_view(subject: Subject) -> None:
    """Draws a strip of feature maps for every layer, in evaluation or training mode."""
    evaluated = sample_maps(subject)
    with st.container(horizontal=True, vertical_alignment="bottom", key="maps-controls"):
        scale = st.segmented_control(
            "Scale", ["common", "own"], default="common", required=True, key="maps-scale", persist_state="session",
            help="One scale of colours for all maps of a layer, or one for each map.",
        )  # fmt: skip
        training = st.toggle(
            "Training mode",
            key="maps-training",
            persist_state="session",
            help="As in a step of the training: norms use the statistics of the batch, and dropout sets values to 0.",
        )
        pages = [evaluated[start : start + LAYERS_PER_PAGE] for start in range(0, len(evaluated), LAYERS_PER_PAGE)]
        page = 0
        if len(pages) > 1:
            page = st.selectbox(
                "Layers",
                range(len(pages)),
                format_func=lambda number: f"{pages[number][0].title} to {pages[number][-1].title}",
                key=f"maps-page-{len(evaluated)}",
                persist_state="session",
                width=320,
            )
        most = max((record.after.shape[1] for record in pages[page]), default=0)
        first = 0
        if most > MAX_MAPS:
            first = st.select_slider(
                "Channels from", range(0, most, MAX_MAPS), key=f"maps-first-{most}", persist_state="session", width=220
            )
    shown = training_maps(subject) if training else evaluated
    if training:
        st.caption(
            f"The sample is the first of a batch of {len(shown[0].before)}; the weights stay as they are."
            if shown and len(shown[0].before) <= BATCH_SIZE
            else ""
        )
    by_path = {record.path: record for record in shown}
    channels = [f"{subject.axis_names[0]} {number}" for number in range(subject.sample.shape[1])]
    if page == 0:
        st.markdown(f"**Input**, scaled: {format_shape(tuple(subject.sample.shape[1:]))}")
        draw_maps(
            subject, subject.sample[0][:MAX_MAPS], channels[:MAX_MAPS] if subject.sample.dim() > 2 else [],
            key="maps-input", alt="input of the net", own_scale=scale == "own",
        )  # fmt: skip
    for record in pages[page]:
        _layer_strip(subject, by_path[record.path], record, first=first, own_scale=scale == "own", training=training)


def _layer_strip(
    subject: Subject, shown: LayerMaps, evaluated: LayerMaps, *, first: int, own_scale: bool, training: bool
) -> None:
    """Draws the maps of one layer, and in training mode how far they are from those in evaluation mode."""
    values = shown.after[0]
    change = ""
    if training:
        change = f" · differs from evaluation by up to {_largest_difference(values, evaluated.after[0])}"
        if family(shown.layer.kind) == "dropout":
            zeros = float((values == 0).float().mean())
            before = float((shown.before[0] == 0).float().mean())
            change += f" · {zeros:.0%} of its values are 0, {before:.0%} before it"
    st.markdown(f"**{shown.title}** → {format_shape(tuple(values.shape))}{change}")
    if not values.numel():
        return
    if values.dim() == 1:
        titles = list(subject.classes) if len(subject.classes) == len(values) else []
        part = values
    else:
        part = values[first : first + MAX_MAPS]
        if not len(part):
            st.caption(f"It has {len(values)} channels.")
            return
        titles = [f"{first + number}" for number in range(len(part))]
    draw_maps(
        subject, part, titles, key=f"maps-{shown.title}", alt=f"feature maps behind {shown.title}", own_scale=own_scale
    )


def _largest_difference(values: torch.Tensor, others: torch.Tensor) -> str:
    return f"{float((values - others).abs().max()):.3g}" if values.numel() else "0"
