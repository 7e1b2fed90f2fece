"""The receptive field growing layer by layer, as a list and a drawing: a component without an iframe."""

from pathlib import Path
from typing import Any

import streamlit as st

from cnnviz.architecture import Architecture
from cnnviz.calculator.chain import Link, chain
from cnnviz.shapes import AXES, show
from cnnviz.ui.stepper import STEPPER_CSS, STEPPER_JS

_HERE = Path(__file__).parent
_component = st.components.v2.component(
    "cnnviz_chain",
    html="<div class='chain'></div>\n<!-- drawn by chain.js -->\n",
    css=STEPPER_CSS + (_HERE / "chain.css").read_text(encoding="utf-8"),
    js=STEPPER_JS + (_HERE / "chain.js").read_text(encoding="utf-8"),
)


def receptive_field(architecture: Architecture, *, key: str) -> None:
    """Draw the chain of a net whose samples have axes behind their channels, and at least one layer that fits."""
    _component(key=key, data=drawing(architecture))


def drawing(architecture: Architecture) -> dict[str, Any]:
    """What the browser draws: the axes of the input, and a row per layer with the field of the middle position."""
    shape = architecture.input_shape
    return {
        "axes": AXES[len(shape)][1:],
        "sizes": shape[1:],
        "links": [_row(link) for link in chain(architecture)],
    }


def _row(link: Link) -> dict[str, Any]:
    return {
        "number": link.number,
        "kind": link.kind,
        "window": link.window,
        "shape": show(link.shape),
        "size": " × ".join(str(reach.size) for reach in link.reach) if link.reach else "–",
        "jump": _alike([str(reach.jump or "–") for reach in link.reach]) if link.reach else "–",
        "fields": link.fields,
        "lines": link.lines,
    }


def _alike(values: list[str]) -> str:
    return values[0] if len(set(values)) == 1 else " × ".join(values)
