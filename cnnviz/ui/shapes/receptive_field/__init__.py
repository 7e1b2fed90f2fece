"""A list and a drawing of the receptive field as it grows layer by layer: a component without an iframe."""

from pathlib import Path
from typing import Any

import streamlit as st

from cnnviz.architecture import Architecture
from cnnviz.calculator.receptive_field import ReceptiveFieldRow, receptive_field_rows
from cnnviz.shapes import AXES, format_shape
from cnnviz.ui.shapes.stepper import STEPPER_CSS, STEPPER_JS

_HERE = Path(__file__).parent
_component = st.components.v2.component(
    "cnnviz_chain",
    html="<div class='chain'></div>\n<!-- chain.js draws here -->\n",
    css=STEPPER_CSS + (_HERE / "chain.css").read_text(encoding="utf-8"),
    js=STEPPER_JS + (_HERE / "chain.js").read_text(encoding="utf-8"),
)


def receptive_field(architecture: Architecture, *, key: str) -> None:
    """Draws the chain of layers; the samples need an axis besides their channels, and at least one layer must fit."""
    _component(key=key, data=component_data(architecture))


def component_data(architecture: Architecture) -> dict[str, Any]:
    """Returns what the browser draws: the input's axes, and a row per layer with the field of its middle output."""
    shape = architecture.input_shape
    return {
        "axes": AXES[len(shape)][1:],
        "sizes": shape[1:],
        "links": [_row_data(row) for row in receptive_field_rows(architecture)],
    }


def _row_data(row: ReceptiveFieldRow) -> dict[str, Any]:
    return {
        "number": row.number,
        "kind": row.kind,
        "window": row.window_text,
        "shape": format_shape(row.shape),
        "size": " × ".join(str(field.size) for field in row.receptive_field) if row.receptive_field else "–",
        "jump": _join_distinct([str(field.jump or "–") for field in row.receptive_field])
        if row.receptive_field
        else "–",
        "fields": row.spans,
        "lines": row.explanation,
    }


def _join_distinct(values: list[str]) -> str:
    return values[0] if len(set(values)) == 1 else " × ".join(values)
