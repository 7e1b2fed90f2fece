"""A part of a page that redraws itself while something is running."""

from collections.abc import Callable, Collection
from typing import TypeVar

import streamlit as st

from cnnviz.runs.cluster import cluster
from cnnviz.ui.looks import LOOKS
from cnnviz.ui.reruns import sent_together
from cnnviz.ui.widgets.notice import has_notice

T = TypeVar("T")


def live_fragment(
    load: Callable[[], T],
    draw: Callable[[T], None],
    *,
    is_active: Callable[[T], bool],
    watched: Callable[[T], Collection[str]],
    seconds: float,
) -> None:
    """Draws what `load` returns, and redraws it every `seconds` seconds while it is active and changes.

    `watched` returns the ids of the runs and searches that it shows, and its owner if others may join them.
    The whole page reruns when the activity begins or ends, which starts or stops the redrawing, and when a button in
    this part has left a notice, because notices are shown further up on the page.
    """
    active = is_active(load())

    def view() -> None:
        moment = cluster().store.changes.moment
        subject = load()
        LOOKS.note(watched(subject), moment)
        if has_notice() or is_active(subject) != active:
            st.rerun()
        with sent_together():
            draw(subject)

    st.fragment(view, run_every=seconds if active else None)()
