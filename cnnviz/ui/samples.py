"""Samples of a data set: many small pictures, and one looked at and listened to."""

import io
import wave
from functools import partial

import numpy as np
import numpy.typing as npt
import streamlit as st

from cnnviz.charts.samples import spectrogram_figure, thumbnail, waveform_figure
from cnnviz.data.audio import Features
from cnnviz.data.base import Dataset, Rows
from cnnviz.data.content import Content
from cnnviz.data.splitting import PARTS
from cnnviz.shapes import show
from cnnviz.ui.chart import plot
from cnnviz.ui.fields import escaped

SHOWN = 12
WIDTH = 150
EVERY = "all classes"


def grid(dataset: Dataset, content: Content, rows: Rows) -> None:
    """A handful of samples with their labels; one of them is looked at closely."""
    with st.container(horizontal=True, vertical_alignment="bottom", key="handful"):
        label = st.selectbox(
            "Class", [EVERY, *dataset.classes], key=f"class-{dataset.name}", persist_state="session", width=220
        )
        part = st.segmented_control("Part", PARTS, default=PARTS[0], required=True, key="part", persist_state="session")
        st.button("Other samples", icon=":material/shuffle:", on_click=_others, key="others")
    places = _places(dataset, content, rows[PARTS.index(part or PARTS[0])], label)
    if not places:
        st.info(f"There is no such sample in the {part} part.", icon=":material/search_off:")
        return
    with st.container(horizontal=True, gap="small", key="samples"):
        for place in places:
            named = dataset.classes[int(content.y[place])]
            with st.container(width=WIDTH, gap=None):
                st.image(thumbnail(content.x[place], dataset.axes, WIDTH), width=WIDTH)
                st.button(
                    escaped(named),
                    key=f"look-{dataset.name}-{place}",
                    type="tertiary",
                    on_click=partial(_look, dataset.name, place),
                )
    st.caption("A click on a label below its picture looks at that sample closely.")
    looked, place = st.session_state.get("looked", ("", 0))
    close(dataset, content, place if looked == dataset.name else places[0])


def close(dataset: Dataset, content: Content, place: int) -> None:
    """One sample: its picture with axes, and where it is of sound, the wave beside it, to be played."""
    st.subheader(escaped(dataset.classes[int(content.y[place])]), anchor=False)
    told = [f"Sample {place:,}"]
    if content.speakers:
        told.append(f"speaker {content.speakers[place]}")
    st.caption(escaped(", ".join(told)))
    if content.sounds is None:
        st.image(thumbnail(content.x[place], dataset.axes, 320))
        return
    sound_view(content.sounds[place], content.rate, dataset.features, key="closer")
    st.caption(f"The net gets it as {show(dataset.shape)}: {' × '.join(dataset.axes)}.")


def sound_view(sound: npt.NDArray[np.int16], rate: int, features: Features | None, *, key: str) -> None:
    """The picture of a sound beside its wave, and the sound itself."""
    drawn = features or Features(sample_rate=rate)
    picture = drawn.of(np.asarray(sound)[None])[0]
    hertz = drawn.centres if drawn.kind == "log-mel" else None
    with st.container(horizontal=True, gap="medium", key=f"{key}-charts"):
        with st.container():
            plot(spectrogram_figure(picture, len(sound) / rate, hertz), key=f"{key}-spectrogram")
        with st.container():
            plot(waveform_figure(np.asarray(sound), rate), key=f"{key}-wave")
    st.audio(wav(sound, rate), format="audio/wav")
    made = "so the picture is" if features else "so the picture, which this data set does not use, would be"
    st.caption(
        f"{len(sound):,} samples at {rate:,} Hz; frames: {drawn.formula(len(sound))}; each of {drawn.frame} samples"
        f" gives {drawn.width} numbers, {made} {len(picture)} × {drawn.width}."
    )


def wav(sound: npt.NDArray[np.int16], rate: int) -> bytes:
    """A .wav file as loud as the sound is: what is quiet stays quiet."""
    stream = io.BytesIO()
    with wave.open(stream, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(np.ascontiguousarray(sound, "<i2").tobytes())
    return stream.getvalue()


def _places(dataset: Dataset, content: Content, part: npt.NDArray[np.intp], label: str) -> list[int]:
    fitting = part if label == EVERY else part[content.y[part] == dataset.classes.index(label)]
    order = np.random.default_rng(st.session_state.get("handful", 0)).permutation(len(fitting))
    return [int(place) for place in fitting[order[:SHOWN]]]


def _others() -> None:
    st.session_state["handful"] = st.session_state.get("handful", 0) + 1
    st.session_state.pop("looked", None)


def _look(name: str, place: int) -> None:
    st.session_state["looked"] = name, place
