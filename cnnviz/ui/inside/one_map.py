"""One map: a convolution's output as a sum over its input maps."""

from math import prod

import numpy as np
import numpy.typing as npt
import pandas as pd
import streamlit as st
import torch
from torch import Tensor

from cnnviz.inside import Subject
from cnnviz.inside.feature_maps import LayerMaps
from cnnviz.inside.one_map import Kernel, example_kernels, is_convolution, map_sum
from cnnviz.ui.inside.forward import choose_layer, sample_maps
from cnnviz.ui.inside.map_strips import axis_names, draw_maps
from cnnviz.ui.widgets.dataframe import number_editor
from cnnviz.ui.widgets.fields import number

NET, OWN = "The net's", "My own numbers"
MAX_INPUTS = 8
"""Input maps that are drawn at a time."""
MAX_EDITED = 400
"""Numbers of a kernel that can be typed."""


def one_map_view(subject: Subject) -> None:
    """Draws input maps, kernels, what each pair gives, their sum with the bias, and the norm and activation behind."""
    maps = sample_maps(subject)
    convolutions = [record for record in maps if is_convolution(record)]
    if not convolutions:
        st.info("This net has no convolution, so no map is a sum over others.", icon=":material/info:")
        return
    with st.container(horizontal=True, vertical_alignment="bottom", key="one-map-controls"):
        record = choose_layer(convolutions, key="one-map-layer")
        channel = choose_channel(record, key="one-map-channel")
        kernel = _choose_kernel(subject, map_sum(maps, record, channel).kernels[0], key=f"{record.title}-{channel}")
    whole = map_sum(maps, record, channel, kernel)
    count = len(whole.input_channels)
    shown = slice(0, count)
    if count > MAX_INPUTS:
        first = st.select_slider(
            f"Input maps, of {count}", range(0, count, MAX_INPUTS), key=f"one-map-inputs-{count}", width=260
        )
        shown = slice(first, first + MAX_INPUTS)
    titles = [f"input {number}" for number in whole.input_channels[shown]]
    st.markdown(f"**{count}** input {'map' if count == 1 else 'maps'}, and a kernel for each:")
    draw_maps(
        subject, whole.inputs[shown], titles, key="one-map-before", alt=f"input maps of {record.title}", own_scale=False
    )
    kernels = whole.kernels[shown]
    draw_maps(subject, kernels, [f"kernel {title.split()[1]}" for title in titles], key="one-map-kernels",
              alt=f"kernels of map {channel}", own_scale=False)  # fmt: skip
    st.markdown("Each input map under its kernel:")
    draw_maps(subject, whole.parts[shown], titles, key="one-map-parts", alt="intermediate results", own_scale=False)
    terms = "what this gives" if count == 1 else f"the **sum** of all {count}, not their mean,"
    st.markdown(
        f"Map {channel} is {terms} plus the bias {whole.bias:.4g}" + (":" if not whole.following else ", then:")
    )
    steps = [("sum + bias", whole.total), *whole.following]
    draw_maps(
        subject,
        torch.stack([values for _, values in steps]),
        [title for title, _ in steps],
        key="one-map-sum",
        alt=f"map {channel} of {record.title}: the sum, and what follows",
        own_scale=False,
    )


def choose_channel(record: LayerMaps, *, key: str) -> int:
    """Draws the field for the number of an output map, from 0."""
    channels = record.after.shape[1]
    with st.container(width=150):
        return int(
            number(
                f"Map, 0 to {channels - 1}", 0, whole=True, bounds=(0, channels - 1), step=1,
                key=f"{key}-{record.title}-{channels}", persist_state="session",
            )
        )  # fmt: skip


def _choose_kernel(subject: Subject, own: Tensor, *, key: str) -> Kernel | None:
    """Draws the choice of a kernel and, for one's own, its numbers, at first those of `own`; None for the net's."""
    kernel_size = tuple(own.shape)
    names = axis_names(subject, len(kernel_size))
    examples = example_kernels(kernel_size, names)
    options = [NET, *examples] + ([OWN] if prod(kernel_size) <= MAX_EDITED and len(kernel_size) < 3 else [])
    chosen = st.selectbox(
        "Kernel", options, key=f"one-map-kernel-{len(kernel_size)}-{kernel_size}", persist_state="session", width=220
    )
    if chosen == NET:
        return None
    if chosen != OWN:
        return examples[chosen]
    return _typed_kernel(own.numpy(), key=f"one-map-own-{key}-{kernel_size}")


def _typed_kernel(start: npt.NDArray[np.float32], *, key: str) -> Kernel:
    """Draws a table of numbers to type, and returns them; an empty cell is 0."""
    rows = np.atleast_2d(start).round(3)
    table = pd.DataFrame(rows, columns=[str(number) for number in range(rows.shape[1])])
    edited = number_editor(table, key=key, hide_index=True, width="content", alt="numbers of the kernel")
    return np.asarray(edited.fillna(0).to_numpy(np.float32)).reshape(start.shape)
