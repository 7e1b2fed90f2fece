"""Hear what decided: the sound under an explanation, the rest of it, and what the net makes of both."""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import streamlit as st
from torch import nn

from cnnviz.data import available_datasets
from cnnviz.data.dataset import Dataset
from cnnviz.data.sound_samples import samples_of_sounds
from cnnviz.data.wav import encode_wav
from cnnviz.inside import Subject
from cnnviz.inside.heard import over_time, split_sound
from cnnviz.inside.relevance import Relevance, most_relevant
from cnnviz.ui.data.cache import RESULTS
from cnnviz.ui.data.content import load_content
from cnnviz.ui.inside.answers import answers, probability_bars, seconds_per_step
from cnnviz.ui.state import current_owner
from cnnviz.ui.widgets.fields import escape_markdown

ONLY, REST, WHOLE = "only this", "all but this", "the whole sound"
PLAYER_WIDTH = 300


@dataclass(frozen=True, eq=False)
class SoundOfSample:
    """The recording that a sample was computed from, and its data set."""

    sound: npt.NDArray[np.int16]
    rate: int
    dataset: Dataset

    @property
    def seconds_per_step(self) -> float | None:
        """Length of a step along the time axis of the sample."""
        length = self.dataset.shape[self.dataset.axes.index("time")]
        return seconds_per_step(self.dataset.features, length, len(self.sound) / self.rate)

    @property
    def hertz(self) -> npt.NDArray[np.float64] | None:
        """The frequencies of the bands; None where the sample has no bands."""
        features = self.dataset.features
        return features.band_centres if features is not None and features.kind == "log-mel" else None

    @property
    def unit(self) -> str:
        """What a value of the sample is."""
        if self.dataset.features is None:
            return "amplitude"
        return "log energy" if self.hertz is not None else "value"

    def times(self, steps: int) -> npt.NDArray[np.float64]:
        """Returns the middle of each step, in seconds."""
        if self.dataset.features is not None:
            return self.dataset.features.frame_times(steps)
        return (np.arange(steps) + 0.5) * len(self.sound) / self.rate / steps


def sound_of_sample(subject: Subject) -> SoundOfSample | None:
    """Returns the recording of a sample; None where the data set keeps none, or makes other samples of it."""
    dataset = available_datasets(current_owner()).get(subject.dataset)
    example = None if dataset is None else example_sound(dataset)
    if example is None:
        return None
    if subject.own_sound is not None:
        return replace(example, sound=subject.own_sound)
    sounds = load_content(example.dataset).sounds
    if sounds is None or subject.index is None:
        return None
    return replace(example, sound=np.asarray(sounds[subject.index]))


def example_sound(dataset: Dataset) -> SoundOfSample | None:
    """Returns the recording of the first sample; None where a data set keeps none, or makes other samples of them."""
    content = load_content(dataset)
    if "time" not in dataset.axes or content.sounds is None:
        return None
    sounds = content.sounds

    def first() -> SoundOfSample | None:
        sound = np.asarray(sounds[0])
        is_own_way = samples_of_sounds(dataset, sound[None]) is not None
        return SoundOfSample(sound, content.rate, dataset) if is_own_way else None

    return RESULTS.get(content, "example-sound", first)


@st.fragment
def hear_view(
    subject: Subject, model: nn.Module, relevance: Relevance, names: tuple[str, ...], label: int, sound: SoundOfSample
) -> None:
    """Draws the players of what counts and of the rest, and the probabilities of both."""
    st.subheader("Hear what decided", anchor=False)
    share = st.slider("Kept: the places that count most", 5, 80, 25, 5, format="%d %%", key="hear-share", width=340)
    places = over_time(relevance, sound.dataset.axes, has_frequencies=sound.hertz is not None)
    mask = most_relevant(places, share / 100)
    if not mask.any():
        st.info("No place speaks for this class, so there is nothing to hear.", icon=":material/search_off:")
        return
    hertz = sound.hertz if mask.ndim == 2 else None
    parts = split_sound(sound.sound, sound.rate, mask.astype(np.float64), sound.times(len(mask)), hertz)
    samples = samples_of_sounds(sound.dataset, np.stack([sound.sound, *parts]))
    if samples is None:
        return
    whole, only, rest = answers(model, subject, list(samples))
    with st.container(horizontal=True, gap="medium", key="hear-players"):
        for name, heard in ((WHOLE, sound.sound), (ONLY, parts[0]), (REST, parts[1])):
            with st.container(width=PLAYER_WIDTH, gap=None):
                st.markdown(f"**{name.capitalize()}**")
                st.audio(encode_wav(heard, sound.rate), format="audio/wav")
    probability_bars({WHOLE: whole, ONLY: only, REST: rest}, names, label, key="hear-probabilities")
    kept = f"{mask.mean():.0%} of " + ("time and frequency" if mask.ndim == 2 else "the time")
    asked = escape_markdown(names[label])
    st.markdown(
        f"“{asked}” has {whole[label]:.1%} with the whole sound, **{only[label]:.1%} with only this** ({kept}) and"
        f" **{rest[label]:.1%} with all but this**."
    )
    st.caption(
        "The mask lies over the linear spectrogram of the recording, which becomes sound again with its own phase. An"
        " explanation that found what decides keeps a high probability with little, and takes much away. Sound with"
        " holes is something that the net was never trained on: a low probability may come from the holes themselves."
    )
