"""Samples of a data set: many small pictures, and one in detail, to see and hear."""

from functools import partial

import numpy as np
import numpy.typing as npt
import streamlit as st

from cnnviz.charts.samples import spectrogram_figure, thumbnail, waveform_figure
from cnnviz.data.arrays import SplitIndices
from cnnviz.data.audio import Features
from cnnviz.data.content import Content
from cnnviz.data.dataset import Dataset
from cnnviz.data.splitting import PARTS
from cnnviz.data.wav import encode_wav
from cnnviz.shapes import format_shape
from cnnviz.ui.data.content import cached_picture
from cnnviz.ui.state import session_dict
from cnnviz.ui.widgets.chart import plotly_chart
from cnnviz.ui.widgets.counter import count_up, counter
from cnnviz.ui.widgets.fields import escape_markdown

SAMPLE_COUNT = 12
PICTURE_WIDTH = 150
ALL_CLASSES = "all classes"
VIEWED = "viewed-sample"
"""Session dict with the sample that is looked at closely, by the name of its data set."""


def sample_grid(dataset: Dataset, content: Content, rows: SplitIndices) -> None:
    """Draws some samples with their labels, and the details of one."""
    with st.container(horizontal=True, vertical_alignment="bottom", key="handful"):
        label = st.selectbox(
            "Class", [ALL_CLASSES, *dataset.classes], key=f"class-{dataset.name}", persist_state="session", width=220
        )
        part = st.segmented_control("Part", PARTS, default=PARTS[0], required=True, key="part", persist_state="session")
        st.button("Other samples", icon=":material/shuffle:", on_click=_shuffle, key="others")
    indices = _sample_indices(dataset, content, rows[PARTS.index(part or PARTS[0])], label)
    if not indices:
        st.info(f"There is no sample of this class in the {part} part.", icon=":material/search_off:")
        return
    with st.container(horizontal=True, gap="small", key="samples"):
        for index in indices:
            class_name = dataset.classes[int(content.y[index])]
            with st.container(width=PICTURE_WIDTH, gap=None, key=f"sample-{dataset.name}-{index}"):
                st.image(
                    cached_picture(content, dataset.axes, index, PICTURE_WIDTH),
                    width=PICTURE_WIDTH,
                    alt=f"sample {index:,}, {class_name}",
                )
                st.button(
                    escape_markdown(class_name),
                    key=f"look-{dataset.name}-{index}",
                    type="tertiary",
                    on_click=partial(_select_sample, dataset.name, index),
                )
    st.caption("Click a picture to see that sample in detail.")
    sample_details(dataset, content, session_dict(VIEWED).get(dataset.name, indices[0]))


def sample_details(dataset: Dataset, content: Content, index: int) -> None:
    """Draws one sample: its picture with axes and, of a sound, the waveform and a player."""
    st.subheader(escape_markdown(dataset.classes[int(content.y[index])]), anchor=False)
    details = [f"Sample {index:,}"]
    if content.speakers:
        details.append(f"speaker {content.speakers[index]}")
    st.caption(escape_markdown(", ".join(details)))
    if content.sounds is None:
        st.image(
            thumbnail(content.x[index], dataset.axes, 320),
            alt=f"sample {index:,}, {dataset.classes[int(content.y[index])]}, enlarged",
        )
        return
    sound_view(content.sounds[index], content.rate, dataset.features, key="closer")
    st.caption(f"The net gets it as {format_shape(dataset.shape)}: {' × '.join(dataset.axes)}.")


def sound_view(sound: npt.NDArray[np.int16], rate: int, features: Features | None, *, key: str) -> None:
    """Draws the spectrogram and the waveform of a sound, and a player."""
    shown_features = features or Features(sample_rate=rate)
    picture = shown_features.compute(np.asarray(sound)[None])[0]
    times = shown_features.frame_times(len(picture))
    hertz = shown_features.band_centres if shown_features.kind == "log-mel" else None
    with st.container(horizontal=True, gap="medium", key=f"{key}-charts"):
        with st.container():
            plotly_chart(spectrogram_figure(picture, times, hertz), key=f"{key}-spectrogram")
        with st.container():
            plotly_chart(waveform_figure(np.asarray(sound), rate), key=f"{key}-wave")
    st.audio(encode_wav(sound, rate), format="audio/wav")
    size_text = "so the picture is" if features else "so the picture, which this data set does not use, would be"
    st.caption(
        f"{len(sound):,} samples at {rate:,} Hz; frames: {shown_features.frame_count_formula(len(sound))}; each of"
        f" {shown_features.frame_length} samples"
        f" gives {shown_features.width} numbers, {size_text} {len(picture)} × {shown_features.width}."
    )


def _sample_indices(dataset: Dataset, content: Content, part: npt.NDArray[np.intp], label: str) -> list[int]:
    candidates = part if label == ALL_CLASSES else part[content.y[part] == dataset.classes.index(label)]
    order = np.random.default_rng(counter("handful")).permutation(len(candidates))
    return [int(place) for place in candidates[order[:SAMPLE_COUNT]]]


def _shuffle() -> None:
    count_up("handful")
    session_dict(VIEWED).clear()


def _select_sample(name: str, index: int) -> None:
    session_dict(VIEWED).clear()
    session_dict(VIEWED)[name] = index
