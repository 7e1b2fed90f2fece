"""The Inside page: the choice of a net and a sample, and the views of both."""

from collections.abc import Callable

import streamlit as st

from cnnviz.errors import CnnvizError
from cnnviz.inside import Subject
from cnnviz.ui.inside.answer_view import answer_view
from cnnviz.ui.inside.learned import learned_view
from cnnviz.ui.inside.maps import maps_view
from cnnviz.ui.inside.one_map import one_map_view
from cnnviz.ui.inside.one_value import one_value_view
from cnnviz.ui.inside.subject_choice import choose_subject
from cnnviz.ui.inside.training_step import training_step_view
from cnnviz.ui.inside.what_if import what_if_view
from cnnviz.ui.inside.why import why_view
from cnnviz.ui.state import ANSWER_VIEW
from cnnviz.ui.widgets.fields import escape_markdown

SINGLE_VALUE = "Expected more than 1 "
"""How torch refuses a batch or instance norm without running statistics that gets one value of each channel."""


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
        except ValueError as error:
            if SINGLE_VALUE not in str(error):
                raise
            st.warning(
                "This net cannot run on a single sample: a norm without running statistics measures the batch, and one"
                " value has no deviation.",
                icon=":material/error:",
            )


VIEWS: dict[str, Callable[[Subject], None]] = {
    "All maps": maps_view,
    "One map": one_map_view,
    "One value": one_value_view,
    "One training step": training_step_view,
    ANSWER_VIEW: answer_view,
    "Why this answer": why_view,
    "What if": what_if_view,
    "What it has learned": learned_view,
}
"""Every view of a net and a sample by what it is called.

A view that takes longer than a blink computes in a process of its own (`cnnviz.processes.one_shot`).
"""
