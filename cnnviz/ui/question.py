"""The inverse question of the calculator: which parameters give a wanted size?"""

import streamlit as st

from cnnviz.calculator import inverse
from cnnviz.calculator.operation import parameters, windows
from cnnviz.errors import ShapeError
from cnnviz.shapes import AXES
from cnnviz.ui.answers import MAX_ROWS, answer_list, picked
from cnnviz.ui.calculator import calculator, keep_calculator
from cnnviz.ui.fields import number
from cnnviz.ui.workbench import FIRST


def question() -> None:
    """Which parameters give a wanted size along one axis? Every answer, each to be used with a click."""
    design = calculator().architecture
    (layer,) = design.layers
    try:
        rules = windows(design)
    except ShapeError:
        st.caption("The question can be asked as soon as these numbers go together.")
        return
    axes = AXES[len(design.input_shape)][1:]
    pool = "Pool" in layer.kind
    names = [name for name in inverse.varying(rules[0]) if name in parameters(layer)]
    asked = f"{layer.kind}-{calculator().revision}"
    with st.container(horizontal=True, vertical_alignment="bottom", key="question"):
        axis = st.segmented_control(
            "Axis", axes, default=axes[0], required=True, key=f"axis-{asked}", persist_state="session"
        )
        rule, size = rules[axes.index(axis or axes[0])], design.input_shape[1 + axes.index(axis or axes[0])]
        with st.container(width=140):
            wanted = int(
                number(
                    "Wanted size",
                    rule.out(size),
                    whole=True,
                    bounds=(1, 2_000_000),
                    step=1,
                    key=f"wanted-{asked}-{axis}",
                    persist_state="session",
                )
            )
        vary = st.pills(
            "What may change",
            names,
            selection_mode="multi",
            default=["stride", "padding"],
            key=f"vary-{asked}",
            persist_state="session",
            help="The other parameters stay as they are.",
        )
    if not vary:
        st.info("Choose at least one parameter that may change.", icon=":material/touch_app:")
        return
    if any(map(inverse.lopsided, rules)):
        told = "padding='same' pads the two ends unequally here. Give padding a number, then ask."
        st.info(told, icon=":material/info:")
        return
    found = inverse.answers(rule, size, wanted, frozenset(vary), pool=pool)
    st.session_state["answered"] = (axes.index(axis or axes[0]), found.found)
    st.markdown(_told(found, wanted, vary, axis or axes[0], size))
    if found.found:
        answer_list(found.found, rule, names, key="answers", on_pick=_pick)


def _told(found: inverse.Answers, wanted: int, vary: list[str], axis: str, size: int) -> str:
    what = " and ".join(f"`{name}`" for name in vary)
    tried = f"every {what} up to {found.bound}"
    if found.found:
        count = len(found.found)
        listed = "" if count <= MAX_ROWS else f" The nearest {MAX_ROWS:,} are listed."
        answers = "**1 answer** turns" if count == 1 else f"**{count:,} answers** turn"
        return f"{answers} a {axis} of {size} into {wanted}, of {tried}.{listed}"
    near = " or ".join(str(near) for near in (found.below, found.above) if near)
    return f"**No answer:** of {tried}, none turns a {axis} of {size} into {wanted}." + (
        f" The nearest that can be had: {near}." if near else ""
    )


def _pick() -> None:
    axis, found = st.session_state["answered"]
    number = picked(st.session_state["answers"].get("pick"), len(found))
    if number is None:
        return
    bench = calculator()
    keep_calculator(bench.restructured(inverse.applied(bench.architecture, axis, found[number]), FIRST))
