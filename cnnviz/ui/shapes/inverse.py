"""The inverse question of the calculator: which parameters give a wanted size?"""

from collections.abc import Sequence
from functools import partial

import streamlit as st

from cnnviz.calculator import inverse
from cnnviz.calculator.operation import WindowRule, window_parameters, window_rules
from cnnviz.errors import ShapeError
from cnnviz.shapes import AXES
from cnnviz.ui.shapes.answers import MAX_ROWS, answer_list, picked_index
from cnnviz.ui.shapes.calculator import open_operation
from cnnviz.ui.state import current_calculator
from cnnviz.ui.widgets.fields import number

ANSWERS_KEY = "answers"


def inverse_view() -> None:
    """Draws every set of parameters that gives the wanted size along one axis; a click on one applies it."""
    design = current_calculator().architecture
    (layer,) = design.layers
    try:
        rules = window_rules(design)
    except ShapeError:
        st.caption("This works as soon as the window fits the input.")
        return
    axes = AXES[len(design.input_shape)][1:]
    names = [name for name in inverse.variable_parameters(rules[0]) if name in window_parameters(layer)]
    key_suffix = f"{layer.kind}-{current_calculator().revision}"
    with st.container(horizontal=True, vertical_alignment="bottom", key="question"):
        axis = st.segmented_control(
            "Axis", axes, default=axes[0], required=True, key=f"axis-{key_suffix}", persist_state="session"
        )
        axis_index = axes.index(axis or axes[0])
        rule, size = rules[axis_index], design.input_shape[1 + axis_index]
        with st.container(width=140):
            wanted = int(
                number(
                    "Wanted size",
                    rule.out_size(size),
                    whole=True,
                    bounds=(1, 2_000_000),
                    step=1,
                    key=f"wanted-{key_suffix}-{axis}",
                    persist_state="session",
                )
            )
        vary = st.pills(
            "What may change",
            names,
            selection_mode="multi",
            default=["stride", "padding"],
            key=f"vary-{key_suffix}",
            persist_state="session",
            help="The other parameters stay as they are.",
        )
    if not vary:
        st.info("Choose at least one parameter that may change.", icon=":material/touch_app:")
        return
    if any(map(inverse.has_unequal_padding, rules)):
        message = "padding='same' pads the two ends unequally here. Set padding to a number first."
        st.info(message, icon=":material/info:")
        return
    answers = inverse.find_design_answers(design, axis_index, wanted, frozenset(vary))
    st.markdown(_answer_text(answers, wanted, vary, axis or axes[0], size))
    if answers.rules:
        answer_list(
            answers.rules,
            rule,
            names,
            key=ANSWERS_KEY,
            on_pick=partial(_use_answer, axes.index(axis or axes[0]), answers.rules),
        )


def _answer_text(inverse_answers: inverse.Answers, wanted: int, vary: list[str], axis: str, size: int) -> str:
    what = " and ".join(f"`{name}`" for name in vary)
    tried = f"every {what} up to {inverse_answers.bound}"
    if inverse_answers.rules:
        count = len(inverse_answers.rules)
        listed = "" if count <= MAX_ROWS else f" The nearest {MAX_ROWS:,} are listed."
        answers = "**1 answer** turns" if count == 1 else f"**{count:,} answers** turn"
        return f"{answers} a {axis} of {size} into {wanted}, out of {tried}.{listed}"
    near = " or ".join(str(near) for near in (inverse_answers.nearest_below, inverse_answers.nearest_above) if near)
    return f"**No answer:** out of {tried}, none turns a {axis} of {size} into {wanted}." + (
        f" The nearest possible: {near}." if near else ""
    )


def _use_answer(axis: int, answers: Sequence[WindowRule]) -> None:
    index = picked_index(st.session_state[ANSWERS_KEY].get("pick"), len(answers))
    if index is not None:
        open_operation(inverse.apply_answer(current_calculator().architecture, axis, answers[index]))
