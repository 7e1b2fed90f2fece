"""The window sliding over a small input: a drawing that goes step by step, a component without an iframe.

All numbers come from here (the input, the weights and what torch made of them); the browser only draws.
"""

from pathlib import Path
from typing import Any

import streamlit as st

from cnnviz.architecture import Architecture
from cnnviz.calculator.example import Example, example, smaller
from cnnviz.calculator.formula import COLOURS
from cnnviz.calculator.operation import Rule
from cnnviz.calculator.track import Track
from cnnviz.shapes import AXES, Window
from cnnviz.ui.stepper import STEPPER_CSS, STEPPER_JS

_HERE = Path(__file__).parent
_component = st.components.v2.component(
    "cnnviz_sliding",
    html="<div class='sliding'></div>\n<!-- drawn by sliding.js -->\n",
    css=STEPPER_CSS + (_HERE / "sliding.css").read_text(encoding="utf-8"),
    js=STEPPER_JS + (_HERE / "sliding.js").read_text(encoding="utf-8"),
)
_LINE = Track((0,), (((0, 0),),))
"""An axis that is not there: one cell, read by one position."""


def sliding(design: Architecture, *, key: str) -> None:
    """Draw the operation; raises ShapeError when it does not take its input."""
    _component(key=key, data=drawing(design))


def drawing(design: Architecture) -> dict[str, Any]:
    """What the browser draws: three axes (those not there have one cell), nested numbers, results as text."""
    drawn = example(design)
    missing = 3 - len(drawn.sizes)
    rules = [rule for rule in drawn.layer.rules((1, *drawn.sizes)) if isinstance(rule, Rule)]
    return {
        "operation": drawn.layer.kind[:-2],
        "axes": AXES[len(drawn.sizes) + 1][1:],
        "tracks": [
            {"cells": track.cells, "windows": track.windows, "unread": track.unread}
            for track in (_LINE,) * missing + drawn.tracks
        ],
        "steps": [_step(rule) for rule in rules],
        "source": _volume(drawn.source.int().tolist(), missing),
        "weights": None if drawn.weights is None else _volume(drawn.weights.int().tolist(), missing),
        "result": _volume(_texts(drawn), missing),
        "counted": getattr(drawn.layer, "count_include_pad", False),
        "smaller": smaller(design, drawn),
        "colours": {letter: f"light-dark({light}, {dark})" for letter, (light, dark) in COLOURS.items()},
    }


def _step(rule: Rule) -> dict[str, int]:
    """What says where a window stands: at place p it starts with sample p·stride − padding."""
    padding = rule.padding[0] if isinstance(rule, Window) else rule.padding
    return {"stride": rule.stride, "padding": padding, "dilation": rule.dilation}


def _volume(values: list[Any], missing: int) -> list[Any]:
    for _ in range(missing):
        values = [values]
    return values


def _texts(drawn: Example) -> list[Any]:
    """The results as people write them: whole numbers whole, others with two decimals."""

    def text(value: Any) -> Any:
        if isinstance(value, list):
            return [text(each) for each in value]
        return f"{value:.2f}".rstrip("0").rstrip(".").replace("-", "−").replace("inf", "∞")

    texts: list[Any] = text(drawn.result.tolist())
    return texts
