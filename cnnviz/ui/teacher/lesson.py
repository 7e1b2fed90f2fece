"""The lesson: begun and ended here, or ended by the clock."""

import time

import streamlit as st

from cnnviz.runs.cluster import cluster
from cnnviz.ui.assignment.times import local_clock
from cnnviz.ui.widgets.notice import has_notice, notify_errors
from cnnviz.words import format_duration

REFRESH_SECONDS = 10.0
LENGTHS = (45, 60, 90, 120, 180, 240)
"""Minutes that a lesson can be begun for."""
USUAL_LENGTH, MORE_MINUTES = 90, 15
WHAT_IT_IS = (
    "As long as a lesson lasts, runs that you move up under **Devices** stay before all others, and runs of students"
    " who do nothing for a while are paused until they do."
)


def lesson_view() -> None:
    """Draws the lesson that lasts, with its end, or the choice of how long the next one is to be."""
    st.fragment(_lesson, run_every=REFRESH_SECONDS)()


def _lesson() -> None:
    if has_notice():
        st.rerun()
    lesson = cluster().desk.rules.present_lesson()
    with st.container(horizontal=True, vertical_alignment="center" if lesson else "bottom", key="lesson"):
        if lesson:
            left = format_duration(lesson.ends - time.time())
            st.markdown(f"**Lesson until {local_clock(lesson.ends)}**, {left} more", width="content")
            more = lesson.ends + MORE_MINUTES * 60
            st.button(f"{MORE_MINUTES} minutes more", key="lesson-more", on_click=_begin, args=(more,))
            st.button("End the lesson", icon=":material/stop_circle:", key="lesson-end", on_click=_end)
        else:
            minutes = st.selectbox(
                "Lesson",
                LENGTHS,
                index=LENGTHS.index(USUAL_LENGTH),
                format_func=lambda minutes: f"{minutes} minutes",
                key="lesson-minutes",
                width=180,
            )
            ends = time.time() + minutes * 60
            st.button(
                "Begin a lesson", icon=":material/play_circle:", key="lesson-begin", on_click=_begin, args=(ends,)
            )
    st.caption(WHAT_IT_IS)


def _begin(ends: float) -> None:
    with notify_errors():
        cluster().desk.begin_lesson(ends)


def _end() -> None:
    with notify_errors():
        cluster().desk.end_lesson()
