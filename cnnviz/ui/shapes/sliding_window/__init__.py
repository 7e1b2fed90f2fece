"""A step-by-step drawing of the window sliding over a small input: a component without an iframe.

All numbers come from here (the input, the weights and the output that torch computes); the browser only draws.
"""

from pathlib import Path
from typing import Any

import streamlit as st

from cnnviz.architecture import Architecture
from cnnviz.calculator.axis_layout import AxisLayout
from cnnviz.calculator.example import Example, build_example, describe_reductions
from cnnviz.calculator.formula import PARAMETER_COLOURS
from cnnviz.calculator.operation import WindowRule
from cnnviz.shapes import AXES
from cnnviz.ui.shapes.stepper import STEPPER_CSS, STEPPER_JS
from cnnviz.windows import Window

_HERE = Path(__file__).parent
_component = st.components.v2.component(
    "cnnviz_sliding",
    html="<div class='sliding'></div>\n<!-- sliding.js draws here -->\n",
    css=STEPPER_CSS + (_HERE / "sliding.css").read_text(encoding="utf-8"),
    js=STEPPER_JS + (_HERE / "sliding.js").read_text(encoding="utf-8"),
)
_MISSING_AXIS = AxisLayout((0,), (((0, 0),),))
"""Stand-in for an axis that the input lacks: one cell, read by one position."""


def sliding_window(design: Architecture, *, key: str) -> None:
    """Draws the operation; raises ShapeError when the window does not fit the input."""
    draw_window(component_data(design), key=key)


def draw_window(data: dict[str, Any], *, key: str) -> None:
    """Draws what `component_data` or another page made of a window and its numbers.

    Besides the fields of `component_data`, `rest` is a text for each position that is added to its sum, and `first` the
    position along each axis that the drawing begins with, where it shows a part of the output.
    """
    colours = {letter: f"light-dark({light}, {dark})" for letter, (light, dark) in PARAMETER_COLOURS.items()}
    _component(key=key, data={**data, "colours": colours})


def component_data(design: Architecture) -> dict[str, Any]:
    """Returns what the browser draws: three axes (missing ones have one cell), nested numbers, results as text."""
    worked_example = build_example(design)
    missing_axes = 3 - len(worked_example.sizes)
    rules = [
        rule for rule in worked_example.layer.axis_rules((1, *worked_example.sizes)) if isinstance(rule, WindowRule)
    ]
    return {
        "operation": worked_example.layer.kind[:-2],
        "axes": AXES[len(worked_example.sizes) + 1][1:],
        "tracks": [
            {"cells": track.cells, "windows": track.taps, "unread": track.unread_cells}
            for track in (_MISSING_AXIS,) * missing_axes + worked_example.axis_layouts
        ],
        "steps": [_window_step(rule) for rule in rules],
        "source": add_axes(worked_example.input_values.int().tolist(), missing_axes),
        "weights": None
        if worked_example.weights is None
        else add_axes(worked_example.weights.int().tolist(), missing_axes),
        "result": add_axes(_result_texts(worked_example), missing_axes),
        "counted": getattr(worked_example.layer, "count_include_pad", False),
        "divisor": getattr(worked_example.layer, "divisor_override", None),
        "smaller": describe_reductions(design, worked_example),
    }


def _window_step(rule: WindowRule) -> dict[str, int]:
    """Returns the numbers that place a window: at position p it starts at sample p·stride − padding."""
    padding = rule.padding[0] if isinstance(rule, Window) else rule.padding
    return {"stride": rule.stride, "padding": padding, "dilation": rule.dilation}


def add_axes(values: list[Any], missing_axes: int) -> list[Any]:
    """Returns nested numbers with further axes of one place in front."""
    for _ in range(missing_axes):
        values = [values]
    return values


def _result_texts(worked_example: Example) -> list[Any]:
    """Returns the results as text: whole numbers without decimals, others with at most two."""

    def format_value(value: Any) -> Any:
        if isinstance(value, list):
            return [format_value(item) for item in value]
        return f"{value:.2f}".rstrip("0").rstrip(".").replace("-", "−").replace("inf", "∞")

    texts: list[Any] = format_value(worked_example.output_values.tolist())
    return texts
