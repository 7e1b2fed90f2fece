"""A square to draw in by mouse, pen or finger."""

from pathlib import Path

import streamlit as st

_HTML = """
<div class="drawing">
  <canvas width="256" height="256" role="img" aria-label="Drawing area; with a keyboard, send a file instead"></canvas>
  <button type="button" class="clear">Clear</button>
</div>
"""
_FOLDER = Path(__file__).parent
_component = st.components.v2.component(
    "cnnviz_drawing",
    html=_HTML,
    css=(_FOLDER / "drawing.css").read_text(encoding="utf-8"),
    js=(_FOLDER / "drawing.js").read_text(encoding="utf-8"),
)


def drawing_area(*, key: str) -> str:
    """Draws the area, and returns what is drawn on it: 128 × 128 bits by rows, in hexadecimal; "" before that.

    It comes from a browser: `cnnviz.data.drawing.read_drawing` checks it.
    """
    result = _component(key=key, on_ink_change=lambda: None)
    ink = getattr(result, "ink", None)
    return ink if isinstance(ink, str) else ""
