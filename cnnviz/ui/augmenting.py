"""Augmentation with a preview: one sample, changed as training would change it."""

import numpy as np
import streamlit as st
import torch

from cnnviz.charts.samples import thumbnail
from cnnviz.data.augmentation import Augmentation
from cnnviz.data.base import Dataset, Rows
from cnnviz.data.content import Content
from cnnviz.ui.dataset import scale_of
from cnnviz.ui.fields import escaped
from cnnviz.ui.knobs import augmentation
from cnnviz.ui.state import config

VARIANTS = 7
WIDTH = 170


def preview(dataset: Dataset, content: Content, rows: Rows, way: str) -> None:
    """The knobs, and a training sample as the net might see it in one epoch and the next."""
    st.markdown(
        "Each time a training sample is used, it is changed a little, by chance: so the net learns what does not depend"
        " on it, and a small data set lasts longer. Validation and test samples stay as they are."
    )
    with st.container(horizontal=True, key="augmentation"):
        augmentation(config(), dataset)
    settled = config()
    scale, _, after = scale_of(content, way, settled.floor, settled.normalization)
    training = rows[0]
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button("Another sample", icon=":material/shuffle:", on_click=_another, args=("augmented",), key="another")
        st.button("Change it again", icon=":material/casino:", on_click=_another, args=("draw",), key="again")
        if settled.augmentation == Augmentation():
            st.caption("Nothing is changed yet: turn one of the knobs.")
    place = int(training[7919 * st.session_state.get("augmented", 0) % len(training)])
    sample = scale.of(np.asarray(content.x[place])[None])
    generator = torch.Generator().manual_seed(st.session_state.get("draw", 0))
    several = torch.from_numpy(sample.repeat(VARIANTS, axis=0))
    variants = settled.augmentation.of(several, dataset.axes, after.std, generator).numpy()
    with st.container(horizontal=True, gap="small", key="variants"):
        for number, picture in enumerate([sample[0], *variants]):
            with st.container(width=WIDTH, gap=None):
                st.image(thumbnail(picture, dataset.axes, WIDTH), width=WIDTH)
                st.caption(escaped(dataset.classes[int(content.y[place])]) if number == 0 else f"changed, {number}")


def _another(name: str) -> None:
    st.session_state[name] = st.session_state.get(name, 0) + 1
