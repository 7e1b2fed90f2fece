"""The stack of layers as a canvas to look at, edit and mend: a component without an iframe.

It holds no truth: it draws the design it is given, in the JSON of an `Architecture`, and says what the student did, an
edited design in the same JSON. Its JavaScript stands in files that are joined to one module.
"""

import json
from collections.abc import Callable
from itertools import groupby
from pathlib import Path as File

import streamlit as st

from cnnviz.architecture import Architecture, LayerPath, find_refusing_step, trace
from cnnviz.layers import PALETTE, family
from cnnviz.shapes import format_shape
from cnnviz.table import to_markdown
from cnnviz.ui.design.canvas.rows import rows, totals

_HERE = File(__file__).parent
_PALETTE = [[name, [[kind, PALETTE[kind].summary] for kind in kinds]] for name, kinds in groupby(PALETTE, key=family)]
_HTML = """
<div class="stack">
  <div class="board">
    <div class="bar">
      <div class="tools" role="toolbar" aria-label="Edit the stack"></div>
      <p class="refused" role="alert"></p>
    </div>
    <div class="list" role="treegrid" aria-multiselectable="true" aria-label="Layers of the net"></div>
    <div class="foot">
      <span class="totals"></span>
      <button type="button" class="copy">Copy table as Markdown</button>
    </div>
  </div>
  <p class="about"></p>
  <section class="advice" aria-label="What a teacher would say"></section>
  <div class="said" role="status" aria-live="polite"></div>
</div>
"""


def _script() -> str:
    parts = [
        (_HERE / f"{name}.js").read_text(encoding="utf-8")
        for name in ("design", "draw", "patch", "advice", "pick", "drag", "main")
    ]
    return "\n".join(parts).replace("/*PALETTE*/ []", json.dumps(_PALETTE))


_component = st.components.v2.component(
    "cnnviz_stack", html=_HTML, css=(_HERE / "canvas.css").read_text(encoding="utf-8"), js=_script()
)


def stack(
    architecture: Architecture,
    selected: tuple[LayerPath, ...],
    *,
    key: str,
    on_act: Callable[[], None],
    **state: object,
) -> None:
    """Draw the canvas; what the student does on it stands in the session state as [key].act when `on_act` is called.

    `state` says how far the server is (mount, seq, version, undo, redo), what a teacher would say (advice) and what is
    known of the net (about), and why the last act was not done (refused).
    """
    steps = trace(architecture)
    _component(
        key=key,
        data={
            "design": architecture.model_dump(mode="json"),
            "input": format_shape(architecture.input_shape),
            "rows": rows(architecture, steps),
            "totals": totals(steps),
            "fits": bool(steps) and find_refusing_step(steps) is None,
            "markdown": to_markdown(architecture, steps),
            "selected": selected,
            **state,
        },
        on_act_change=on_act,
    )
