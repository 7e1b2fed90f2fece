"""A notice, shown once: why an action failed, at its place or at the top of the page, or that it is done."""

from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

from cnnviz.errors import CnnvizError
from cnnviz.ui.widgets.fields import escape_markdown

NOTICE_KEY, DONE_KEY = "notice", "done"


@contextmanager
def notify_errors(place: str = "") -> Iterator[None]:
    """Turns a CnnvizError of an action into a notice, which `show_notice` shows at this place of the page."""
    try:
        yield
    except CnnvizError as error:
        st.session_state[_key(place)] = str(error)


def notify_done(text: str) -> None:
    """Says in a corner of the page that an action is done; a toast of the action itself would be lost in a rerun."""
    st.session_state[DONE_KEY] = text


def has_notice() -> bool:
    """Whether a notice waits to be shown at the top of the page."""
    return NOTICE_KEY in st.session_state


def show_notice(place: str = "") -> None:
    """Shows the notice of the last action at this place, once.

    Its place is always there, because an added or removed element moves all those below it, and a browser redraws what
    has moved: expanders close, uploads are lost, charts flicker. The notice at the top stays in sight when the page is
    scrolled.
    """
    with st.container(key=f"shown-{_key(place)}"):
        if notice := st.session_state.pop(_key(place), None):
            st.error(escape_markdown(notice), icon=":material/error:")
    if done := st.session_state.pop(DONE_KEY, None):
        st.toast(escape_markdown(done), icon=":material/check:")


def _key(place: str) -> str:
    return f"{NOTICE_KEY}-{place}" if place else NOTICE_KEY
