"""What the teacher tells all, on top of every page."""

import streamlit as st

from cnnviz.runs.cluster import cluster
from cnnviz.runs.teacher_desk import RULES_CHANGED
from cnnviz.settings import Mode, settings
from cnnviz.ui.looks import LOOKS
from cnnviz.ui.widgets.fields import escape_markdown

REFRESH_SECONDS = 2.0


def announcement() -> None:
    """Draws the teacher's message and whether the class is frozen, as soon as that changes; for a class alone."""
    if settings().mode == Mode.CLASS:
        st.fragment(_announcement, run_every=REFRESH_SECONDS)()


def _announcement() -> None:
    LOOKS.note([RULES_CHANGED], cluster().store.changes.moment)
    rules = cluster().desk.rules
    with st.container(key="announcement"):
        if rules.message:
            st.info(escape_markdown(rules.message), icon=":material/campaign:")
        if rules.frozen:
            st.warning("Your teacher has frozen the class: no run begins just now.", icon=":material/ac_unit:")
