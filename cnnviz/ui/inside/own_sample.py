"""A sample of the student's own: recorded, drawn, photographed or sent, and looked into like those of the data set."""

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import streamlit as st

from cnnviz.data.browser_recording import MAX_RECORDING_SECONDS, loudest_start, stretch_of_sound
from cnnviz.data.dataset import Dataset
from cnnviz.data.sound_samples import samples_of_sounds
from cnnviz.data.wav import encode_wav
from cnnviz.errors import CnnvizError
from cnnviz.imports.recording_read import read_whole_recording
from cnnviz.inside import Subject
from cnnviz.ui.inside.hear import SoundOfSample, example_sound
from cnnviz.ui.inside.own_picture import own_picture, takes_pictures
from cnnviz.ui.inside.own_results import FILE, forget_own_sample, hold_file, own_result, own_results
from cnnviz.ui.widgets.fields import escape_markdown
from cnnviz.ui.widgets.uploader import received_path

YOUR_RECORDING, YOUR_PICTURE = "your recording", "your picture"
RECORD, SEND = "Record", "Send a file"
WIDTH = 420
KEPT_SENTENCE = (
    "It is kept until you take it back, choose another sample or close the page; the net does not learn from it."
)
CANNOT_TAKE = (
    "This net was made for neither sounds nor pictures that you could give it: choose one whose data set keeps its"
    " recordings, or holds pictures with values from 0 to 1."
)
RECORDING, MOMENT, MOVED = "recording", "moment", "moved"


def takes_own_samples(dataset: Dataset) -> bool:
    """Returns whether a sample can be made of what a student records, draws or sends."""
    return takes_pictures(dataset) or example_sound(dataset) is not None


def give_own_sample(subject: Subject, dataset: Dataset) -> Subject | None:
    """Draws what takes a sample of the student's own, and returns it with the net of a subject; None without one."""
    with st.container(border=True, key="own-sample"):
        example = example_sound(dataset)
        wanted = "Say what this net knows, one word or several" if example else "Give this net a picture of your own"
        st.markdown(f"{wanted}. {KEPT_SENTENCE}")
        st.caption(escape_markdown(", ".join(subject.classes)))
        try:
            given = _own_sound(subject, example) if example else _own_picture(subject, dataset)
        except CnnvizError as error:
            st.warning(escape_markdown(str(error)), icon=":material/mic_off:" if example else ":material/error:")
            return None
    if given is None:
        return None
    st.markdown(f"Sample: **{given.own}**")
    return replace(given, label=None, index=None)


def recording_at_hand() -> npt.NDArray[np.int16] | None:
    """Returns the whole recording that the sample is a stretch of; None without one."""
    recording: npt.NDArray[np.int16] | None = own_results().get(RECORDING)
    return recording


def moment() -> float:
    """Returns the middle of the stretch of the recording that is the sample, in seconds."""
    return float(own_results().get(MOMENT, 0.0))


def move_to(second: float) -> None:
    """Moves the window over the recording at hand, at the next run of the page."""
    generation, _ = own_results().get(MOVED, (0, None))
    own_results()[MOVED] = (generation + 1, second)


def _own_picture(subject: Subject, dataset: Dataset) -> Subject | None:
    sample = own_picture(dataset)
    if sample is None:
        forget_own_sample()
        return None
    return replace(subject.with_raw_sample(np.asarray(sample, np.float32)), own=YOUR_PICTURE)


def _own_sound(subject: Subject, example: SoundOfSample) -> Subject | None:
    recording = _recording(example.rate)
    if recording is None:
        return None
    window = len(example.sound)
    middle = _choose_middle(recording, example.rate, window)
    own_results().update({RECORDING: recording, MOMENT: middle})
    sound = stretch_of_sound(recording, round(middle * example.rate) - window // 2, window)
    samples = samples_of_sounds(example.dataset, sound[None])
    if samples is None:
        return None
    st.audio(encode_wav(sound, example.rate), format="audio/wav", width=WIDTH)
    given = subject.with_raw_sample(np.asarray(samples[0], np.float32))
    return replace(given, own=YOUR_RECORDING, own_sound=sound)


def _recording(rate: int) -> npt.NDArray[np.int16] | None:
    """Draws recorder or uploader, and returns the whole recording, (samples,), which is read once; None without one."""
    way = st.segmented_control(
        "Your recording",
        [RECORD, SEND],
        default=RECORD,
        required=True,
        key="own-sound-way",
        label_visibility="collapsed",
    )
    if way == SEND:
        label = f"A .wav, .flac or .ogg file of up to {MAX_RECORDING_SECONDS} seconds"
        file = st.file_uploader(label, key="own-sound", width=WIDTH)
    else:
        file = st.audio_input("Record yourself", sample_rate=16_000, key="inside-recorded", width=WIDTH)
    if file is None:
        forget_own_sample()
        if way != SEND:
            st.caption(
                f"A word, or up to {MAX_RECORDING_SECONDS} seconds. Your browser asks for permission first; it only"
                " lets pages use the microphone on https or localhost."
            )
        return None
    hold_file(file)

    def read() -> npt.NDArray[np.int16]:
        with st.spinner("Reading it …"):
            return read_whole_recording(received_path(file), file.name, rate)

    return own_result(("recording", rate), read)


def _choose_middle(recording: npt.NDArray[np.int16], rate: int, window: int) -> float:
    """Draws the slider over a recording, and returns the middle of the window, in seconds; at first of the loudest."""
    end = round(max(len(recording) / rate, 0.01), 2)
    generation, second = own_results().get(MOVED, (0, None))
    if second is None:
        second = (loudest_start(recording, window) + window // 2) / rate
    return float(
        st.slider(
            f"Where it listens: the middle of {window / rate:.3g} s, in seconds",
            0.0,
            end,
            round(min(max(second, 0.0), end), 2),
            0.01,
            key=f"own-moment-{own_results()[FILE].file_id}-{generation}",
            width=WIDTH,
        )
    )
