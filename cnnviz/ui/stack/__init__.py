"""The stack of layers as a list to look at, select in and mend: a component without an iframe.

It holds no truth: it draws the rows it is given and says what the student did.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import streamlit as st

from cnnviz.architecture import Architecture, trace
from cnnviz.shapes import show

_HERE = Path(__file__).parent
_component = st.components.v2.component(
    "cnnviz_stack",
    html="<div class='stack'></div>\n<!-- drawn by stack.js -->\n",
    css=(_HERE / "stack.css").read_text(encoding="utf-8"),
    js=(_HERE / "stack.js").read_text(encoding="utf-8"),
)
OPERATIONS = ("select", "mend")


@dataclass(frozen=True)
class Act:
    """What the student did in the list, with the number of the layer (from 0)."""

    op: Literal["select", "mend"]
    index: int


def rows(architecture: Architecture) -> list[dict[str, Any]]:
    """One row per layer for the list: kind, arguments, formula, shape, parameters, or the reason it refuses."""
    steps = trace(architecture)
    result = []
    for index, layer in enumerate(architecture.layers):
        step = steps[index] if index < len(steps) else None
        reached = step is not None and step.output_shape is not None
        result.append(
            {
                "kind": layer.kind,
                "arguments": layer.code(step.input_shape).partition("(")[2][:-1] if step and reached else "",
                "formula": step.formula if step else "",
                "shape": show(step.output_shape) if step and step.output_shape else "",
                "parameters": f"{step.parameters:,}" if step and step.parameters else "",
                "error": step.error if step else None,
                "mend": step.mend.text if step and step.mend else None,
            }
        )
    return result


def stack(architecture: Architecture, selected: int | None, *, key: str, on_act: Callable[[], None]) -> None:
    """Draw the list; what the student does in it stands in the session state as [key].act when `on_act` is called."""
    _component(
        key=key,
        data={"input": show(architecture.input_shape), "rows": rows(architecture), "selected": selected},
        on_act_change=on_act,
    )


def act(value: object, layers: int) -> Act | None:
    """What the browser says was done, checked; None for anything that is not an act on one of the layers."""
    if not isinstance(value, dict) or value.get("op") not in OPERATIONS:
        return None
    index = value.get("index")
    if not isinstance(index, int) or isinstance(index, bool) or not 0 <= index < layers:
        return None
    return Act(value["op"], index)
