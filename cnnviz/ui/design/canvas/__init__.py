"""The canvas: the layers of a net as a table to look at, edit and mend; a Streamlit component without an iframe.

It holds no truth. It draws the state that it is given, and sends back what the student did; see `messages`.
"""

from collections.abc import Callable

import streamlit as st

from cnnviz.ui.design.canvas.messages import CanvasState, to_json_data
from cnnviz.ui.design.canvas.script import FOLDER, canvas_script

_HTML = """
<div class="stack">
  <div class="board">
    <div class="bar">
      <div class="tools" role="toolbar" aria-label="Edit the stack"></div>
      <button type="button" class="to-advice"></button>
      <p class="refused" role="alert"></p>
    </div>
    <div class="list" role="treegrid" aria-multiselectable="true" aria-label="Layers of the net"></div>
    <div class="footer">
      <span class="totals"></span>
      <button type="button" class="copy">Copy table as Markdown</button>
    </div>
  </div>
  <p class="legend"></p>
  <section class="advice" aria-label="What a teacher would say"></section>
  <div class="announcement" role="status" aria-live="polite"></div>
</div>
"""

_component = st.components.v2.component(
    "cnnviz_canvas", html=_HTML, css=(FOLDER / "canvas.css").read_text(encoding="utf-8"), js=canvas_script()
)


def draw_canvas(state: CanvasState, *, key: str, on_message: Callable[[], None]) -> None:
    """Draws the canvas, and calls `on_message` when the student has done something on it.

    The message then stands in the session state under [key].message; `messages.read_actions` validates it.
    """
    _component(key=key, data=to_json_data(state), on_message_change=on_message)
