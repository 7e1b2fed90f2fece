"""A part of a page that is drawn again and again while something is running."""

from collections.abc import Callable
from typing import TypeVar

import streamlit as st

from cnnviz.ui.widgets.notice import has_notice

T = TypeVar("T")


def live_fragment(
    load: Callable[[], T], draw: Callable[[T], None], *, is_active: Callable[[T], bool], seconds: float
) -> None:
    """Draws what `load` returns, every `seconds` anew while it is active.

    The whole page runs again when that begins or ends, so that the refreshing begins or ends too, and when a button
    in this part has left a notice, whose place is on the page above.
    """
    active = is_active(load())

    def view() -> None:
        subject = load()
        if has_notice() or is_active(subject) != active:
            st.rerun()
        draw(subject)

    st.fragment(view, run_every=seconds if active else None)()
