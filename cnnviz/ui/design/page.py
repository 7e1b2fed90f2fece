"""The Design page: the toolbar above the canvas, the canvas, and the panel of the selected layer."""

import secrets
from contextlib import suppress
from functools import partial

import streamlit as st

from cnnviz.architecture import LayerPath, layer_number
from cnnviz.errors import CnnvizError, DesignError
from cnnviz.presets import PRESETS
from cnnviz.shapes import AXES
from cnnviz.ui.design.advice_cards import remarks_on
from cnnviz.ui.design.canvas import draw_canvas
from cnnviz.ui.design.canvas.actions import apply_action
from cnnviz.ui.design.canvas.messages import ApplyAdvice, read_actions
from cnnviz.ui.design.canvas.state import canvas_state
from cnnviz.ui.offers import offered_presets
from cnnviz.ui.state import current_workbench, open_design, save_workbench, session_dict
from cnnviz.ui.widgets.fields import (
    FIELD_WIDTH,
    attempt,
    axis_fields,
    escape_markdown,
    field,
    format_size,
    parse_size,
    per_axis_names,
    show_problem,
)
from cnnviz.ui.widgets.notice import notify_errors
from cnnviz.words import count_label

CANVAS_KEY, NET_NAME_KEY, EXCHANGE_KEY = "stack", "net-name", "exchange"
"""Keys of the parts of the page that follow the design."""
CANVAS_STATE = "canvas"
"""Session dict of the canvas."""
OPENED_COUNT = "opened"
"""In that dict: how many designs have been opened below the canvas, where nobody sees it change."""
EXCHANGE_VIEW_KEY = "view"
"""Key of the choice among the views of the exchange panel."""


def toolbar() -> None:
    """Preset and input shape, and beside them which net is open."""
    workbench = current_workbench()
    with st.container(horizontal=True, vertical_alignment="bottom", key="toolbar"):
        st.selectbox(
            "Load a preset",
            offered_presets(),
            index=None,
            format_func=lambda name: PRESETS[name].title,
            placeholder="Choose a net …",
            key=(preset_key := f"preset-{workbench.revision}"),
            on_change=lambda: _load_preset(workbench.revision, st.session_state[preset_key]),
            width=280,
        )
        shape_key = f"input-{workbench.revision}"
        st.text_input(
            "Input shape",
            format_size(workbench.architecture.input_shape),
            key=shape_key,
            help="One sample without the batch: " + ", or ".join(f"({', '.join(axes)})" for axes in AXES.values()),
            on_change=lambda: attempt(shape_key, partial(_change_input_shape, workbench.revision)),
            max_chars=40,
            width=150,
        )
        _open_net()
    show_problem(shape_key)


@st.fragment(key=NET_NAME_KEY)
def _open_net() -> None:
    """The name of the net that is open, and what is known of it."""
    design = current_workbench().architecture
    preset = next((preset for preset in PRESETS.values() if preset.architecture == design), None)
    with st.container(key="open-net"):
        if preset:
            st.markdown(f"**Open: {escape_markdown(preset.title)}.**\n\n{escape_markdown(preset.description)}")
        else:
            st.markdown(f"**Open: a net of your own** of {count_label(len(design.layers), 'layer')}.")


@st.fragment(key=CANVAS_KEY)
def canvas() -> None:
    """The layers with every shape, edited by mouse and keyboard, and the advice on them."""
    workbench = current_workbench()
    kept = session_dict(CANVAS_STATE)
    mount = kept.setdefault("mount", secrets.token_hex(8))
    state = canvas_state(workbench, remarks_on(workbench.architecture), mount=mount, opened=kept.get(OPENED_COUNT, 0))
    draw_canvas(state, key=CANVAS_KEY, on_message=_apply_canvas_actions)


@st.fragment(key="panel")
def layer_panel() -> None:
    """The parameters of the selected layer."""
    workbench = current_workbench()
    if len(workbench.selected) != 1:
        message = f"{len(workbench.selected)} layers are selected: move, duplicate or delete them together."
        st.caption(message if workbench.selected else "Select a layer to edit it.")
        return
    (path,) = workbench.selected
    layer = workbench.architecture.layer_at(path)
    st.markdown(f"**{layer_number(path)} · {layer.kind}**  \n:gray[{escape_markdown(layer.summary)}]")
    st.button("Close", icon=":material/close:", type="tertiary", key="close", on_click=_deselect)
    name = f"{workbench.revision}-{layer_number(path)}"
    sizes, on_change = per_axis_names(layer), partial(_change_parameter, workbench.revision, path)
    per_axis = bool(sizes) and st.toggle(
        "Set each axis separately",
        key=f"apart-{name}",
        value=any(isinstance(getattr(layer, size), tuple) for size in sizes),
        help="A number for each axis instead of one for all.",
    )
    # sizes after the rest: where each has a field for every axis, they begin a line of their own
    names = sorted(layer.parameter_names(), key=lambda name: per_axis and name in sizes)
    with st.container(horizontal=True, key="fields"):
        for field_name in names:
            if per_axis and field_name in sizes:
                axis_fields(
                    layer,
                    field_name,
                    key=f"field-{name}-{field_name}",
                    on_change=on_change,
                    after_change=_redraw_after_change,
                )
            else:
                field(
                    layer,
                    field_name,
                    key=f"field-{name}-{field_name}",
                    on_change=on_change,
                    after_change=_redraw_after_change,
                    width=FIELD_WIDTH,
                )


def _apply_canvas_actions() -> None:
    """Applies what the student did on the canvas; a refused action is acknowledged with its reason."""
    before = workbench = current_workbench()
    for action in read_actions(st.session_state[CANVAS_KEY].get("message"), workbench.acknowledged_seq):
        try:
            remarks = remarks_on(workbench.architecture) if isinstance(action, ApplyAdvice) else ()
            workbench = apply_action(workbench, action, remarks).acknowledge(action.seq)
        except CnnvizError as error:
            workbench = workbench.acknowledge(action.seq, str(error))
    with suppress(DesignError):  # the canvas shows the reason
        save_workbench(workbench)
    if current_workbench().version == before.version:
        st.rerun([CANVAS_KEY, "panel"])
    st.rerun()


def count_opened_design() -> None:
    """Has the canvas scroll into view: a design was opened from below it."""
    kept = session_dict(CANVAS_STATE)
    kept[OPENED_COUNT] = kept.get(OPENED_COUNT, 0) + 1


def _deselect() -> None:
    save_workbench(current_workbench().select(()))
    st.rerun([CANVAS_KEY, "panel"])


def _redraw_after_change(had_problem: bool) -> None:
    """Draws the fragments that show the design, and the panel only where an error appears or disappears.

    The fewer fragments are drawn, the sooner the page answers.
    """
    if current_workbench().refusal_reason:  # another tab changed the net: everything on the page may be out of date
        st.rerun()
    exchange_keys = [EXCHANGE_KEY] if st.session_state.get(EXCHANGE_VIEW_KEY) else []
    st.rerun([CANVAS_KEY, NET_NAME_KEY, *exchange_keys, *(["panel"] if had_problem else [])])


# A browser sends the values of all widgets that it still shows. To Streamlit, widgets that the page has replaced in the
# meantime look changed, so their callbacks run. The revision tells that such a value belongs to an earlier design.


def _change_parameter(revision: int, path: LayerPath, name: str, value: object) -> None:
    workbench = current_workbench()
    if workbench.revision == revision:
        save_workbench(workbench.edit(workbench.architecture.update_layer(path, **{name: value})))


def _change_input_shape(revision: int, typed: object) -> None:
    workbench = current_workbench()
    if workbench.revision != revision:
        return
    parsed = parse_size(str(typed))
    shape = parsed if isinstance(parsed, tuple) else (parsed,)
    if not all(isinstance(size, int) for size in shape):
        raise DesignError("An input shape is one to four whole numbers, such as 1, 99, 26.")
    save_workbench(workbench.edit(workbench.architecture.with_input_shape(tuple(shape))))


def _load_preset(revision: int, name: object) -> None:
    if isinstance(name, str) and name in PRESETS and current_workbench().revision == revision:
        with notify_errors():
            open_design(PRESETS[name].architecture)
