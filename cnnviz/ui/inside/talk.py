"""Say a word: a recording of the student's own voice as the sample, and what the net answers."""

import numpy as np
import streamlit as st

from cnnviz.charts.relevance import sample_plane
from cnnviz.data.browser_recording import read_recording
from cnnviz.data.sound_samples import samples_of_sounds
from cnnviz.data.wav import encode_wav
from cnnviz.errors import CnnvizError
from cnnviz.inside import Subject
from cnnviz.ui.inside.answers import answer, class_names, picture, probability_bars
from cnnviz.ui.inside.hear import sound_of_sample
from cnnviz.ui.widgets.fields import escape_markdown
from cnnviz.ui.widgets.uploader import received_path

SPOKEN = "your recording"


def talk_view(subject: Subject) -> None:
    """Draws the recorder, the picture that the net gets of the recording, and its answer."""
    model = subject.build()
    count = len(answer(model, subject))
    sound = sound_of_sample(subject)
    if sound is None:
        st.info(
            "This net was not made for sounds: choose one whose data set keeps its recordings.",
            icon=":material/mic_off:",
        )
        return
    names = class_names(subject, count)
    st.markdown("Say one of the words that this net knows. It is not stored, and the net does not learn from it.")
    st.caption(escape_markdown(", ".join(subject.classes)))
    recorded = st.audio_input("Record yourself", sample_rate=16_000, key="inside-recorded", width=420)
    if recorded is None:
        st.caption(
            "Your browser asks for permission first. It only lets pages use the microphone on https or localhost."
        )
        return
    try:
        spoken = read_recording(received_path(recorded), sound.rate, len(sound.sound))
    except CnnvizError as error:
        st.warning(escape_markdown(str(error)), icon=":material/mic_off:")
        return
    samples = samples_of_sounds(sound.dataset, spoken[None])
    if samples is None:
        return
    sample = np.asarray(samples[0], np.float32)
    probabilities = answer(model, subject.with_raw_sample(sample))
    best = int(probabilities.argmax())
    st.subheader(f"The net hears “{escape_markdown(names[best])}”, {probabilities[best]:.1%}", anchor=False)
    st.audio(encode_wav(spoken, sound.rate), format="audio/wav")
    with st.container(horizontal=True, gap="medium", key="talk-answer"):
        with st.container(width=325):
            plane, axes = sample_plane(sample, subject.axis_names)
            picture(plane, axes, step=sound.seconds_per_step, title=sound.unit, key="talk-picture", signed=False)
        with st.container(width=325):
            probability_bars({SPOKEN: probabilities}, names, best, key="talk-bars")
    st.caption(
        "The net gets the loudest stretch of the recording, with the word in its middle. If it is mistaken: your voice,"
        " microphone and room may be unlike all that it was trained on."
    )
