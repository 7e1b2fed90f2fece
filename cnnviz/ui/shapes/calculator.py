"""The calculator: the controls of one window operation, and its formula with numbers."""

from functools import partial

import streamlit as st

from cnnviz.architecture import MAX_SIZE, Architecture, trace
from cnnviz.calculator import formula
from cnnviz.calculator.operation import (
    DIMENSIONS,
    EXAMPLE_DESIGNS,
    OPERATIONS,
    WindowRule,
    operation_title,
    switch_operation,
    window_parameters,
    window_rules,
)
from cnnviz.errors import DesignError, ShapeError
from cnnviz.layers.window import collapse_equal, per_axis
from cnnviz.shapes import AXES, format_shape
from cnnviz.ui.state import current_calculator, save_calculator
from cnnviz.ui.widgets.fields import attempt, escape_markdown, field, format_size, parse_size, show_problem
from cnnviz.ui.workbench import FIRST_LAYER

FIELD_WIDTH = 116
SWITCH_WIDTHS = {"ceil_mode": 140, "count_include_pad": 200}
"""Widths in pixels: of a field, and of the switches whose names need more."""


def _css_rgb(colour: str) -> str:
    """Returns a colour as browsers write it in the style of an element."""
    return "rgb({}, {}, {})".format(*bytes.fromhex(colour[1:]))


DARK_MODE_STYLE = "".join(
    '.katex [style*="%s"] { color: light-dark(%s, %s) !important; }' % (_css_rgb(light), light, dark)  # noqa: UP031
    for light, dark in formula.PARAMETER_COLOURS.values()
).join(("<style>", "</style>"))
"""Style with the colours of the formula for light and dark pages; LaTeX itself knows one colour only."""


def controls() -> None:
    """Draws the fields for operation, dimensions, example, input size and every parameter of the window."""
    workbench = current_calculator()
    (layer,) = workbench.architecture.layers
    sizes = workbench.architecture.input_shape[1:]
    with st.container(horizontal=True, vertical_alignment="bottom", key="operation"):
        st.segmented_control(
            "Operation",
            list(OPERATIONS),
            default=operation_title(layer),
            required=True,
            key=f"operation-{workbench.revision}",
            on_change=partial(_switch_operation, workbench.revision),
        )
        st.segmented_control(
            "Dimensions",
            DIMENSIONS,
            default=len(sizes),
            required=True,
            format_func="{}-D".format,
            key=f"dimensions-{workbench.revision}",
            on_change=partial(_switch_operation, workbench.revision),
        )
        st.selectbox(
            "Example",
            list(EXAMPLE_DESIGNS),
            index=None,
            placeholder="Open an example …",
            key=f"example-{workbench.revision}",
            on_change=partial(_open_example, workbench.revision),
            width=230,
        )
    with st.container(horizontal=True, key="numbers"):
        with st.container(width=FIELD_WIDTH):
            key = f"sizes-{workbench.revision}"
            st.text_input(
                "Input size",
                format_size(collapse_equal(sizes)),
                key=key,
                help=f"Samples along {', '.join(AXES[len(sizes) + 1][1:])}: one number for all axes, or one per axis.",
                on_change=lambda: attempt(key, partial(_change_input_size, workbench.revision)),
                max_chars=40,
            )
            show_problem(key)
        for name in window_parameters(layer):
            with st.container(width=SWITCH_WIDTHS.get(name, FIELD_WIDTH)):
                field(
                    layer,
                    name,
                    key=f"window-{workbench.revision}-{name}",
                    on_change=partial(_change_parameter, workbench.revision),
                )


def result() -> None:
    """Draws the sizes and the rule with letters, or the reason why the window does not fit."""
    design = current_calculator().architecture
    (layer,) = design.layers
    try:
        rules = window_rules(design)
    except ShapeError as error:
        st.error(escape_markdown(f"{layer.kind}: {error}."), icon=":material/error:")
        _mend_buttons(design)
        return
    sizes, out = design.input_shape[1:], layer.output_shape(design.input_shape)[1:]
    st.html(DARK_MODE_STYLE)
    with st.container(border=True, key="rule"):
        st.markdown(f"### {format_shape(sizes)} → {format_shape(out)}")
        st.latex(formula.general_formula(rules[0]), width="content")
        st.markdown(f"{formula.letter_legend()}.{formula.textbook_note(rules[0])}")


def worked_axes() -> None:
    """Draws the rule with the student's numbers for every axis; nothing where the window does not fit."""
    design = current_calculator().architecture
    try:
        rules = window_rules(design)
    except ShapeError:
        return
    sizes = design.input_shape[1:]
    axes: dict[tuple[WindowRule, int], list[str]] = {}
    for rule, size, axis in zip(rules, sizes, AXES[len(design.input_shape)][1:], strict=True):
        axes.setdefault((rule, size), []).append(axis)
    with st.container(horizontal=True, key="axes"):
        for (rule, size), names in axes.items():
            with st.container(border=True):
                st.markdown(f"**{' and '.join(names).capitalize()}**: {size} → {rule.out_size(size)}")
                st.latex(rf"\small {formula.worked_formula(rule, size, names[0])}")
                st.caption(escape_markdown(formula.explain_rounding(rule, size, names[0])))


def _mend_buttons(design: Architecture) -> None:
    for mend in trace(design)[-1].mends:
        changed = mend.architecture
        if len(changed.layers) == 1 and changed.input_shape == design.input_shape:
            st.button(
                mend.text, key=f"mend-{mend.text}", icon=":material/build:", on_click=open_operation, args=(changed,)
            )


def open_operation(design: Architecture) -> None:
    """Opens a window with its input in the calculator."""
    save_calculator(current_calculator().restructure(design, FIRST_LAYER))


# A widget that has been replaced may still call back; its revision shows that it is outdated.


def _switch_operation(revision: int) -> None:
    workbench = current_calculator()
    if workbench.revision != revision:
        return
    title = st.session_state[f"operation-{workbench.revision}"]
    dimensions = st.session_state[f"dimensions-{workbench.revision}"]
    if title in OPERATIONS and dimensions in DIMENSIONS:
        open_operation(switch_operation(workbench.architecture, title, dimensions))


def _open_example(revision: int) -> None:
    workbench = current_calculator()
    if workbench.revision != revision:
        return
    design = EXAMPLE_DESIGNS.get(st.session_state[f"example-{workbench.revision}"])
    if design:
        open_operation(design)


def _change_input_size(revision: int, typed: object) -> None:
    workbench = current_calculator()
    if workbench.revision != revision:
        return
    sizes = parse_size(str(typed))
    axis_count = len(workbench.architecture.input_shape) - 1
    axis_names = AXES[axis_count + 1][1:]
    if not isinstance(sizes, int | tuple) or (isinstance(sizes, tuple) and len(sizes) != axis_count):
        raise DesignError(
            f"An input size is one whole number, or one per axis ({', '.join(axis_names)}), such as 99, 26."
        )
    if not all(1 <= size <= MAX_SIZE for size in per_axis(sizes, axis_count)):
        raise DesignError(f"Every axis of the input has 1 to {MAX_SIZE:,} samples (received {format_size(sizes)}).")
    shape = (workbench.architecture.input_shape[0], *per_axis(sizes, axis_count))
    save_calculator(workbench.edit(workbench.architecture.with_input_shape(shape)))


def _change_parameter(revision: int, name: str, value: object) -> None:
    workbench = current_calculator()
    if workbench.revision == revision:
        save_calculator(workbench.edit(workbench.architecture.update_layer(0, **{name: value})))
