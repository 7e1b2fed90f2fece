"""A recording of the student's own voice, as a net would get it."""

import numpy as np
import streamlit as st

from cnnviz.charts.samples import thumbnail
from cnnviz.data.audio import Features
from cnnviz.data.browser_recording import read_recording
from cnnviz.data.content import Content
from cnnviz.data.dataset import Dataset
from cnnviz.errors import CnnvizError
from cnnviz.shapes import format_shape
from cnnviz.ui.data.content import cached_class_mean
from cnnviz.ui.data.samples import sound_view
from cnnviz.ui.widgets.fields import escape_markdown
from cnnviz.ui.widgets.uploader import received_path

PICTURE_WIDTH = 220


def recording_view(dataset: Dataset, content: Content) -> None:
    """Draws the recorder, and a recording of one second beside the mean of a word."""
    st.markdown(
        "Say one word. The loudest second of the recording becomes a sample, with the word in its middle. It is not"
        " stored."
    )
    features = dataset.features or Features()
    recorded = st.audio_input("Record yourself", sample_rate=16_000, key="recorded", width=420)
    if recorded is None:
        st.caption(
            "Your browser asks for permission first. It only lets pages use the microphone on https or localhost."
        )
        return
    length = len(content.sounds[0]) if content.sounds is not None else features.sample_rate
    try:
        sound = read_recording(received_path(recorded), features.sample_rate, length)
    except CnnvizError as error:
        st.warning(escape_markdown(str(error)), icon=":material/mic_off:")
        return
    sound_view(sound, features.sample_rate, features, key="yours")
    picture = features.compute(sound[None])
    st.markdown(f"As a spectrogram, its shape is **{format_shape(picture.shape)}**, as the lab's nets expect.")
    if dataset.axes != ("channel", "time", "band"):
        return
    word = st.selectbox("Compare with the mean of", dataset.classes, key=f"beside-{dataset.name}", width=220)
    with st.container(horizontal=True, gap="medium", key="beside"):
        means = np.asarray(cached_class_mean(content, dataset.classes.index(word)))
        for title, values in (("you", picture), (f"the mean of “{word}”", means)):
            with st.container(width=PICTURE_WIDTH, gap=None):
                st.image(
                    thumbnail(values, dataset.axes, PICTURE_WIDTH), width=PICTURE_WIDTH, alt=f"log-mel picture: {title}"
                )
                st.caption(escape_markdown(title))
