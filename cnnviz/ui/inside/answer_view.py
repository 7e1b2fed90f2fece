"""The answer: what the net gets, its probabilities, and for a recording what it answers along it."""

import streamlit as st
from torch import nn

from cnnviz.charts.relevance import sample_plane
from cnnviz.data.wav import encode_wav
from cnnviz.inside import Subject
from cnnviz.inside.fingerprint import weights_fingerprint
from cnnviz.ui.inside.answers import Probabilities, answer, class_names, picture, probability_bars
from cnnviz.ui.inside.hear import SoundOfSample, sound_of_sample
from cnnviz.ui.inside.own_sample import YOUR_RECORDING
from cnnviz.ui.inside.timeline import timeline_view
from cnnviz.ui.widgets.fields import escape_markdown

WIDTH = 325
SOUND_ADVICE = (
    "If it is mistaken: your voice, microphone and room may be unlike all that it was trained on, and the word may"
    " not be in the middle of what it gets."
)
PICTURE_ADVICE = (
    "This is all that the net gets of your picture. If it is mistaken: pen, light and place may be unlike all that it"
    " was trained on."
)


def answer_view(subject: Subject) -> None:
    """Draws the sample as the data set would have it, and what the net answers to it."""
    model = subject.build()
    before = weights_fingerprint(model)
    probabilities = answer(model, subject)
    names = class_names(subject, len(probabilities))
    sound = sound_of_sample(subject)
    best = int(probabilities.argmax())
    verb = ("hears" if subject.own == YOUR_RECORDING else "sees") if subject.own else "answers"
    st.subheader(f"The net {verb} “{escape_markdown(names[best])}”, {probabilities[best]:.1%}", anchor=False)
    _pictures(subject, probabilities, names, sound)
    if not subject.own:
        if subject.label is not None:
            st.markdown(_judgement(subject, probabilities, names))
        return
    st.caption(SOUND_ADVICE if subject.own == YOUR_RECORDING else PICTURE_ADVICE)
    if subject.own == YOUR_RECORDING and sound is not None:
        timeline_view(subject, sound, names)
    _fingerprint(model, before)


def _pictures(
    subject: Subject, probabilities: Probabilities, names: tuple[str, ...], sound: SoundOfSample | None
) -> None:
    step, unit = (sound.seconds_per_step, sound.unit) if sound else (None, "value")
    noun = subject.own or "this sample"
    with st.container(horizontal=True, gap="medium", key="answer-pictures"):
        with st.container(width=WIDTH):
            plane, axes = sample_plane(subject.raw_sample, subject.axis_names)
            picture(plane, axes, step=step, title=unit, key="answer-picture", signed=False)
            if sound is not None and not subject.own:
                st.audio(encode_wav(sound.sound, sound.rate), format="audio/wav")
        with st.container(width=WIDTH):
            probability_bars({noun: probabilities}, names, int(probabilities.argmax()), key="answer-bars")


def _judgement(subject: Subject, probabilities: Probabilities, names: tuple[str, ...]) -> str:
    """Returns whether the answer is that of the label, in Markdown."""
    label = int(subject.label or 0)
    if int(probabilities.argmax()) == label:
        return "That is its label."
    return f"Its label is **“{escape_markdown(names[label])}”**, to which the net gives {probabilities[label]:.1%}."


def _fingerprint(model: nn.Module, before: str) -> None:
    after = weights_fingerprint(model)
    stays = "the same before and after: using a net is not learning" if after == before else f"before, {after} after"
    st.caption(f"Fingerprint of the weights: `{before}`, {stays}.")
