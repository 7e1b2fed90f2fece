"""Talk to it: the student's own voice, drawing or picture as the sample, and what the net answers."""

from dataclasses import replace

import numpy as np
import streamlit as st
from torch import nn

from cnnviz.charts.relevance import sample_plane
from cnnviz.data.arrays import Samples
from cnnviz.data.browser_recording import read_recording
from cnnviz.data.sound_samples import samples_of_sounds
from cnnviz.data.wav import encode_wav
from cnnviz.errors import CnnvizError
from cnnviz.inside import Subject
from cnnviz.inside.fingerprint import weights_fingerprint
from cnnviz.ui.inside.answers import answer, class_names, picture, probability_bars
from cnnviz.ui.inside.hear import SoundOfSample, sound_of_sample
from cnnviz.ui.inside.maps import maps_view
from cnnviz.ui.inside.own_picture import own_picture, picture_dataset
from cnnviz.ui.widgets.fields import escape_markdown
from cnnviz.ui.widgets.uploader import received_path

SPOKEN, SHOWN = "your recording", "your picture"
SOUND_ADVICE = (
    "The net gets the loudest stretch of the recording, with the word in its middle. If it is mistaken: your voice,"
    " microphone and room may be unlike all that it was trained on."
)
PICTURE_ADVICE = (
    "This is all that the net gets of your picture. If it is mistaken: pen, light and place may be unlike all that it"
    " was trained on."
)

KEPT_SENTENCE = "It is kept until you take it back or close the page, and the net does not learn from it."


def talk_view(subject: Subject) -> None:
    """Draws what takes a sound or a picture of the student, what the net gets of it, and its answer."""
    model = subject.build()
    before = weights_fingerprint(model)
    count = len(answer(model, subject))
    names = class_names(subject, count)
    sound = sound_of_sample(subject)
    if sound is not None:
        given = _spoken_sample(subject, sound)
    elif (dataset := picture_dataset(subject)) is not None:
        st.markdown(f"Give this net a picture of your own. {KEPT_SENTENCE}")
        st.caption(escape_markdown(", ".join(subject.classes)))
        given = own_picture(dataset)
    else:
        st.info(
            "This net was made for neither sounds nor pictures that you could give it: choose one whose data set keeps"
            " its recordings, or holds pictures with values from 0 to 1.",
            icon=":material/mic_off:",
        )
        return
    if given is None:
        return
    _show_answer(subject, model, np.asarray(given, np.float32), names, sound)
    after = weights_fingerprint(model)
    stays = "the same before and after: using a net is not learning" if after == before else f"before, {after} after"
    st.caption(f"Fingerprint of the weights: `{before}`, {stays}.")


def _spoken_sample(subject: Subject, sound: SoundOfSample) -> Samples | None:
    """Draws the recorder, and returns the sample of what was said; None, with the reason, without one."""
    st.markdown(f"Say one of the words that this net knows. {KEPT_SENTENCE}")
    st.caption(escape_markdown(", ".join(subject.classes)))
    recorded = st.audio_input("Record yourself", sample_rate=16_000, key="inside-recorded", width=420)
    if recorded is None:
        st.caption(
            "Your browser asks for permission first. It only lets pages use the microphone on https or localhost."
        )
        return None
    try:
        spoken = read_recording(received_path(recorded), sound.rate, len(sound.sound))
    except CnnvizError as error:
        st.warning(escape_markdown(str(error)), icon=":material/mic_off:")
        return None
    st.audio(encode_wav(spoken, sound.rate), format="audio/wav")
    samples = samples_of_sounds(sound.dataset, spoken[None])
    return None if samples is None else samples[0]


def _show_answer(
    subject: Subject, model: nn.Module, sample: Samples, names: tuple[str, ...], sound: SoundOfSample | None
) -> None:
    """Draws the sample as the data set would have it, the probabilities, and what every layer makes of it."""
    given = subject.with_raw_sample(sample)
    probabilities = answer(model, given)
    best = int(probabilities.argmax())
    verb, noun = ("hears", SPOKEN) if sound else ("sees", SHOWN)
    st.subheader(f"The net {verb} “{escape_markdown(names[best])}”, {probabilities[best]:.1%}", anchor=False)
    with st.container(horizontal=True, gap="medium", key="talk-answer"):
        with st.container(width=325):
            plane, axes = sample_plane(sample, subject.axis_names)
            step, unit = (sound.seconds_per_step, sound.unit) if sound else (None, "value")
            picture(plane, axes, step=step, title=unit, key="talk-picture", signed=False)
        with st.container(width=325):
            probability_bars({noun: probabilities}, names, best, key="talk-bars")
    st.caption(SOUND_ADVICE if sound else PICTURE_ADVICE)
    if st.toggle("Its maps in every layer", key="talk-maps"):
        maps_view(replace(given, label=None, index=None))
