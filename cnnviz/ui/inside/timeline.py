"""A whole recording: a window that slides over it, the words that the net hears, and a click that goes there."""

from html import escape

import streamlit as st

from cnnviz.charts.timeline import describe_words, drawn_labels, timeline_figure
from cnnviz.data.sound_samples import SampleLayout
from cnnviz.data.wav import encode_wav
from cnnviz.errors import CnnvizError
from cnnviz.inside import Subject
from cnnviz.inside.net_request import NetRequest
from cnnviz.inside.timeline import Timeline, heard_words, word_timeline
from cnnviz.ui.inside.hear import SoundOfSample
from cnnviz.ui.inside.own_results import own_result, own_results
from cnnviz.ui.inside.own_sample import moment, move_to, recording_at_hand
from cnnviz.ui.inside.samples import net_digest
from cnnviz.ui.widgets.chart import selectable_plotly_chart
from cnnviz.ui.widgets.fields import escape_markdown
from cnnviz.ui.widgets.job_progress import job_progress

CLICKED = "clicked"


def timeline_view(subject: Subject, sound: SoundOfSample, names: tuple[str, ...]) -> None:
    """Draws what the net answers along the recording at hand, and the whole of it to be heard."""
    recording = recording_at_hand()
    if recording is None:
        return
    st.subheader("Along the whole recording", anchor=False)
    placeholder = st.empty()

    def compute() -> Timeline:
        weights = subject.build().state_dict()
        request = NetRequest(subject.architecture, weights, subject.scale, subject.raw_sample[None])
        layout = SampleLayout(sound.dataset.features, sound.dataset.axes, sound.dataset.shape)
        with job_progress(placeholder, "Sliding a window over the whole recording …") as report:
            return word_timeline(
                request, recording, rate=sound.rate, window=len(sound.sound), layout=layout, on_progress=report
            )

    try:
        timeline = own_result(("timeline", net_digest(subject)), compute)
    except CnnvizError as error:
        st.warning(escape_markdown(str(error)), icon=":material/error:")
        return
    window_seconds = len(sound.sound) / sound.rate
    words = heard_words(timeline, window_seconds / 2)
    told = describe_words(words, names)
    st.markdown(f"Heard: {escape_markdown(told)}.")
    labels = drawn_labels(timeline, words)
    chosen = selectable_plotly_chart(
        timeline_figure(timeline, [escape(name) for name in names], labels, moment()),
        key="own-timeline",
        alt=f"probability of {len(labels)} words along the recording: {told}",
    )
    st.audio(encode_wav(recording, sound.rate), format="audio/wav", width=420)
    st.caption(
        f"A window of {window_seconds:.3g} s slides over the recording, with silence around it; each"
        " point is the answer to one window, drawn at its middle. **Click** a point to go there: the slider above"
        " follows. A word counts as heard from 50 % on, where the recording is not silent, and of two within half"
        " a window the surer one. Between words the net"
        " answers, too: it can say nothing but the classes that it was trained on."
    )
    if chosen and chosen[0] < len(timeline.seconds):
        _go_once(float(timeline.seconds[chosen[0]]))


def _go_once(second: float) -> None:
    """Moves the window there, unless the same click has moved it there before."""
    if own_results().get(CLICKED) != second:
        own_results()[CLICKED] = second
        move_to(second)
        st.rerun()
