"""Arrow keys and buttons for number fields: a script that is mounted once for all pages."""

from pathlib import Path

import streamlit as st

_component = st.components.v2.component(
    "cnnviz_steps",
    html="<span></span>\n<!-- steps.js works on the number fields of the page -->\n",
    js=(Path(__file__).parent / "steps.js").read_text(encoding="utf-8"),
)


def step_numbers() -> None:
    """Adds arrow keys and step buttons to every number field that `number_box` draws."""
    _component(key="steps")
