"""The notice of an action: why it could not be done, shown once at the place that every page keeps for it."""

from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

from cnnviz.errors import CnnvizError
from cnnviz.ui.widgets.fields import escape_markdown

NOTICE_KEY = "notice"


@contextmanager
def notify_errors() -> Iterator[None]:
    """Turns a CnnvizError of an action into a notice on the page."""
    try:
        yield
    except CnnvizError as error:
        st.session_state[NOTICE_KEY] = str(error)


def has_notice() -> bool:
    """Whether a notice is still to be shown."""
    return NOTICE_KEY in st.session_state


def show_notice() -> None:
    """Shows the notice of the last action, once.

    The place for it is always there: an element more or less on a page moves all those below it, and a browser draws
    anew what has moved: expanders close, files on their way are lost, charts blink.
    """
    with st.container():
        if notice := st.session_state.pop(NOTICE_KEY, None):
            st.error(escape_markdown(notice), icon=":material/error:")
