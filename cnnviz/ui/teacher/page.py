"""The teacher's page and its views."""

from collections.abc import Callable

import streamlit as st

from cnnviz.ui.teacher.devices import devices_view
from cnnviz.ui.teacher.people import people_view
from cnnviz.ui.teacher.rules import rules_view
from cnnviz.ui.teacher.students import students_view

VIEWS: dict[str, Callable[[], None]] = {
    "Students": students_view,
    "Devices": devices_view,
    "Rules": rules_view,
    "People": people_view,
}
"""Every view by what it is called."""


def class_page() -> None:
    """Draws the choice of a view, and the view."""
    view = st.segmented_control(
        "Look at",
        list(VIEWS),
        default="Students",
        required=True,
        key="class-view",
        label_visibility="collapsed",
        persist_state="session",
    )
    VIEWS[view or "Students"]()
