"""The Inside page: the choice of a net and a sample, and the views of both."""

from collections.abc import Callable

import streamlit as st

from cnnviz.errors import CnnvizError
from cnnviz.inside import Subject
from cnnviz.ui.inside.learned import learned_view
from cnnviz.ui.inside.maps import maps_view
from cnnviz.ui.inside.one_map import one_map_view
from cnnviz.ui.inside.one_value import one_value_view
from cnnviz.ui.inside.subject_choice import choose_subject
from cnnviz.ui.widgets.fields import escape_markdown


def inside_page() -> None:
    """Draws the choice of a net and a sample, and what the chosen view shows of them."""
    subject = choose_subject()
    if subject is None:
        return
    view = st.segmented_control(
        "Look at",
        list(VIEWS),
        default=next(iter(VIEWS)),
        required=True,
        key="inside-view",
        label_visibility="collapsed",
        persist_state="session",
    )
    with st.container(key="inside"):
        try:
            VIEWS[view or next(iter(VIEWS))](subject)
        except CnnvizError as error:
            st.warning(escape_markdown(str(error)), icon=":material/error:")


VIEWS: dict[str, Callable[[Subject], None]] = {
    "All maps": maps_view,
    "One map": one_map_view,
    "One value": one_value_view,
    "What it has learned": learned_view,
}
"""Every view of a net and a sample by what it is called.

A view that takes longer than a blink computes in a process of its own (`cnnviz.processes.one_shot`).
"""
