"""The stack of layers as a canvas to look at, edit and mend: a component without an iframe.

It holds no truth: it draws the design it is given, in the JSON of an `Architecture`, and says what the student did, an
edited design in the same JSON. Its JavaScript stands in files that are joined to one module.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path as File
from typing import Literal, get_args

import streamlit as st

from cnnviz.architecture import MAX_LAYERS, Architecture, Path
from cnnviz.errors import DesignError
from cnnviz.layers import PALETTE, family
from cnnviz.shapes import show
from cnnviz.ui.stack.rows import rows, totals

_HERE = File(__file__).parent
_PALETTE = [[name, [[kind, PALETTE[kind].summary] for kind in kinds]] for name, kinds in groupby(PALETTE, key=family)]
_HTML = """
<div class="stack">
  <div class="tools" role="toolbar" aria-label="Edit the stack"></div>
  <div class="list" role="treegrid" aria-multiselectable="true" aria-label="Layers of the net"></div>
  <div class="foot"><span class="totals"></span><button type="button" class="copy">Copy table as Markdown</button></div>
  <div class="said" role="status" aria-live="polite"></div>
</div>
"""


def _script() -> str:
    parts = [(_HERE / f"{name}.js").read_text(encoding="utf-8") for name in ("design", "draw", "pick", "drag", "main")]
    return "\n".join(parts).replace("/*PALETTE*/ []", json.dumps(_PALETTE))


_component = st.components.v2.component(
    "cnnviz_stack", html=_HTML, css=(_HERE / "stack.css").read_text(encoding="utf-8"), js=_script()
)

Operation = Literal["select", "edit", "add", "mend", "undo", "redo"]


@dataclass(frozen=True)
class Act:
    """What the student did on the canvas."""

    op: Operation
    seq: int
    """The number of the act, counted by the canvas; what it is given back tells it how far the server is."""
    version: int
    """The version of the design that the canvas had been given."""
    selected: tuple[Path, ...] = ()
    path: Path = ()
    kind: str = ""
    index: int = 0
    design: Architecture | None = None


def stack(
    architecture: Architecture,
    selected: tuple[Path, ...],
    *,
    key: str,
    on_act: Callable[[], None],
    **state: object,
) -> None:
    """Draw the canvas; what the student does on it stands in the session state as [key].act when `on_act` is called.

    `state` says how far the server is: mount, seq, version, undo, redo, markdown.
    """
    _component(
        key=key,
        data={
            "design": architecture.model_dump(mode="json"),
            "input": show(architecture.input_shape),
            "rows": rows(architecture),
            "totals": totals(architecture),
            "selected": [list(path) for path in selected],
            **state,
        },
        on_act_change=on_act,
    )


def act(value: object) -> Act | None:
    """What the browser says was done, checked; None for what no canvas sends.

    Raises DesignError where it is an edit to a design that cannot be.
    """
    if not isinstance(value, dict) or value.get("op") not in get_args(Operation):
        return None
    seq, version, index = (value.get(name, 0) for name in ("seq", "version", "index"))
    if not all(type(each) is int and 0 <= each < 2**53 for each in (seq, version, index)):
        return None
    selected, path, kind = value.get("selected", []), value.get("path", []), value.get("kind", "")
    if not isinstance(selected, list) or len(selected) > MAX_LAYERS or not isinstance(kind, str):
        return None
    paths = [_path(each) for each in (*selected, path)]
    if any(each is None for each in paths):
        return None
    known = [each for each in paths if each is not None]
    design = None
    if value["op"] == "edit":
        try:
            text = json.dumps(value.get("design"))
        except RecursionError:
            raise DesignError("This design cannot be read: it is nested too deeply.") from None
        design = Architecture.from_json(text)
    return Act(value["op"], seq, version, tuple(known[:-1]), known[-1], kind, index, design)


def _path(value: object) -> Path | None:
    """A path as the browser writes it; None for anything else."""
    if not isinstance(value, list) or len(value) > 9:
        return None
    if not all(type(part) is int and 0 <= part <= MAX_LAYERS for part in value):
        return None
    return tuple(value)
