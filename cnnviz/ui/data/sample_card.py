"""One sample of a data set, small, to see and to hear."""

import numpy as np
import streamlit as st

from cnnviz.data.content import Content
from cnnviz.data.dataset import Dataset
from cnnviz.data.wav import encode_wav
from cnnviz.ui.data.content import cached_picture

PICTURE_WIDTH = 150


def sample_card(content: Content, dataset: Dataset, index: int, *, alt: str) -> None:
    """Draws a sample as a picture, with a player where it comes from a recording."""
    st.image(cached_picture(content, dataset.axes, index, PICTURE_WIDTH), width=PICTURE_WIDTH, alt=alt)
    if content.sounds is not None:
        st.audio(encode_wav(np.asarray(content.sounds[index]), content.rate), format="audio/wav")
