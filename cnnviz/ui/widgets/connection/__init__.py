"""What a page says while its server does not answer: a script that is mounted once for all pages."""

from pathlib import Path

import streamlit as st

TITLE = "The server does not answer"
SENTENCES = (
    "Your nets, settings and runs are kept on the server. Runs that were training go on from their last checkpoint.",
    "This page tries again by itself, and goes on as soon as the server answers.",
    "If other sites do not answer either, it is your network. If cnnviz runs on this computer, start it again.",
)
_component = st.components.v2.component(
    "cnnviz_connection",
    html="<span></span>\n<!-- connection.js works on Streamlit's dialog about a lost connection -->\n",
    js=(Path(__file__).parent / "connection.js").read_text(encoding="utf-8"),
)


def explain_lost_connection() -> None:
    """Has Streamlit's dialog about a lost connection say what is safe, and that the page comes back by itself."""
    _component(key="connection", data={"title": TITLE, "sentences": SENTENCES})
