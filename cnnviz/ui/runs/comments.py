"""What a teacher has said of a run."""

from datetime import datetime

import streamlit as st

from cnnviz.runs.cluster import cluster
from cnnviz.settings import Mode, settings
from cnnviz.ui.runs.labels import time_zone
from cnnviz.ui.widgets.fields import escape_markdown


def comments_view(run_id: str) -> None:
    """Draws the comments on a run, oldest first; nothing where there is none, as on a server alone."""
    if settings().mode == Mode.SINGLE:
        return
    for comment in cluster().desk.comments(run_id):
        at = datetime.fromtimestamp(comment.created, tz=time_zone(st.context.timezone))
        author = escape_markdown(comment.author or "Your teacher")
        text = escape_markdown(comment.text).replace("\n", "  \n")
        st.info(f"**{author}**, {at:%d %b %H:%M}  \n{text}", icon=":material/comment:")
