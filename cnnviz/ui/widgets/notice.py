"""A notice that says why an action failed, or that it is done; shown once, by the next run of the page."""

from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

from cnnviz.errors import CnnvizError
from cnnviz.ui.widgets.fields import escape_markdown

NOTICE_KEY, DONE_KEY = "notice", "done"


@contextmanager
def notify_errors() -> Iterator[None]:
    """Turns a CnnvizError of an action into a notice on the page."""
    try:
        yield
    except CnnvizError as error:
        st.session_state[NOTICE_KEY] = str(error)


def notify_done(text: str) -> None:
    """Says in a corner of the page that an action is done; a toast of the action itself would be lost in a rerun."""
    st.session_state[DONE_KEY] = text


def has_notice() -> bool:
    """Whether a notice waits to be shown."""
    return NOTICE_KEY in st.session_state


def show_notice() -> None:
    """Shows the notice of the last action, once.

    Its place is always there, because an added or removed element moves all those below it, and a browser redraws what
    has moved: expanders close, uploads are lost, charts flicker.
    """
    with st.container():
        if notice := st.session_state.pop(NOTICE_KEY, None):
            st.error(escape_markdown(notice), icon=":material/error:")
    if done := st.session_state.pop(DONE_KEY, None):
        st.toast(escape_markdown(done), icon=":material/check:")
