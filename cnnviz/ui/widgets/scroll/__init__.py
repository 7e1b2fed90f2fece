"""A part of a page that is brought into sight: a script that scrolls, once for each thing to look at."""

from pathlib import Path

import streamlit as st

_component = st.components.v2.component(
    "cnnviz_scroll",
    html="<span></span>\n<!-- scroll.js scrolls the page -->\n",
    js=(Path(__file__).parent / "scroll.js").read_text(encoding="utf-8"),
)


def scroll_into_sight(container_key: str, subject: str) -> None:
    """Scrolls to the top of a keyed container whenever `subject` is another one than before; empty: nowhere."""
    _component(key="scroll", data={"container": container_key, "subject": subject})
