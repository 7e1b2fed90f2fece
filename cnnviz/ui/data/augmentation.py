"""Augmentation with a preview: one sample, changed as training would change it."""

import numpy as np
import streamlit as st
import torch

from cnnviz.charts.samples import thumbnail
from cnnviz.data.arrays import SplitIndices
from cnnviz.data.augmentation import Augmentation
from cnnviz.data.content import Content
from cnnviz.data.dataset import Dataset
from cnnviz.ui.data.content import cached_scale
from cnnviz.ui.state import current_config
from cnnviz.ui.training.knobs import augmentation_knobs
from cnnviz.ui.widgets.counter import count_up, counter
from cnnviz.ui.widgets.fields import escape_markdown

VARIANT_COUNT = 7
PICTURE_WIDTH = 170


def augmentation_view(dataset: Dataset, content: Content, rows: SplitIndices, split_kind: str) -> None:
    """Draws the knobs, and one training sample as the net might see it from epoch to epoch."""
    st.markdown(
        "Every time a training sample is used, it is changed a little at random. That way the net learns what does not"
        " depend on such changes, and a small data set goes further. Validation and test samples stay as they are."
    )
    with st.container(horizontal=True, key="augmentation"):
        augmentation_knobs(current_config(), dataset)
    config = current_config()
    scale, _, scaled_histogram = cached_scale(content, split_kind, config.floor, config.normalization)
    training_indices = rows[0]
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button("Another sample", icon=":material/shuffle:", on_click=count_up, args=("augmented",), key="another")
        st.button("Change it again", icon=":material/casino:", on_click=count_up, args=("draw",), key="again")
        if config.augmentation == Augmentation():
            st.caption("Nothing is changed yet: set one of the fields above.")
    index = int(training_indices[7919 * counter("augmented") % len(training_indices)])
    sample = scale.apply(np.asarray(content.x[index])[None])
    generator = torch.Generator().manual_seed(counter("draw"))
    batch = torch.from_numpy(sample.repeat(VARIANT_COUNT, axis=0))
    variants = config.augmentation.apply(batch, dataset.axes, scaled_histogram.std, generator).numpy()
    with st.container(horizontal=True, gap="small", key="variants"):
        for number, picture in enumerate([sample[0], *variants]):
            with st.container(width=PICTURE_WIDTH, gap=None):
                st.image(
                    thumbnail(picture, dataset.axes, PICTURE_WIDTH),
                    width=PICTURE_WIDTH,
                    alt=f"the sample, changed at random, {number}" if number else f"sample {index:,}, as it is",
                )
                st.caption(
                    escape_markdown(dataset.classes[int(content.y[index])]) if number == 0 else f"changed, {number}"
                )
