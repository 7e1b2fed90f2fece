"""The design room: the toolbar over the stack, and the panel of the selected layer."""

import streamlit as st

from cnnviz.architecture import trace
from cnnviz.errors import DesignError
from cnnviz.layers import PALETTE
from cnnviz.presets import PRESETS
from cnnviz.shapes import AXES
from cnnviz.ui.fields import attempt, field, parse, show_problem, written
from cnnviz.ui.stack import act, stack
from cnnviz.ui.state import keep_workbench, told, workbench


def toolbar() -> None:
    """Preset, input shape, new layers, undo and redo."""
    bench = workbench()
    with st.container(horizontal=True, vertical_alignment="bottom", key="toolbar"):
        st.selectbox(
            "Load a preset",
            list(PRESETS),
            index=None,
            format_func=lambda name: PRESETS[name].title,
            placeholder="Choose a net …",
            key=f"preset-{bench.revision}",
            on_change=_load_preset,
            width=200,
        )
        shape = f"input-{bench.revision}"
        st.text_input(
            "Input shape",
            written(bench.architecture.input_shape),
            key=shape,
            help="One sample without the batch: " + ", or ".join(f"({', '.join(axes)})" for axes in AXES.values()),
            on_change=lambda: attempt(shape, _change_input),
            max_chars=40,
            width=120,
        )
        st.selectbox(
            "Add a layer",
            list(PALETTE),
            index=None,
            placeholder="Behind selected …",
            key=f"add-{bench.revision}",
            on_change=_add,
            width=180,
        )
        st.button("Undo", icon=":material/undo:", key="undo", on_click=_undo, disabled=not bench.past)
        st.button("Redo", icon=":material/redo:", key="redo", on_click=_redo, disabled=not bench.future)
    show_problem(shape)


def layers() -> None:
    """The list of layers with every shape, and the sum of all parameters."""
    bench = workbench()
    if not bench.architecture.layers:
        st.info("An empty net: add a layer above, or load a preset.", icon=":material/layers:")
        return
    for preset in PRESETS.values():
        if preset.architecture == bench.architecture:
            st.caption(f"**{preset.title}.** {preset.story}")
    last = len(bench.architecture.layers) - 1
    with st.container(horizontal=True, key="actions"):
        _action("Up", ":material/arrow_upward:", "up", disabled=bench.selected in (0, None))
        _action("Down", ":material/arrow_downward:", "down", disabled=bench.selected in (last, None))
        _action("Duplicate", ":material/content_copy:", "duplicate")
        _action("Delete", ":material/delete:", "delete")
    stack(bench.architecture, bench.selected, key="stack", on_act=_act)
    steps = trace(bench.architecture)
    total = sum(step.parameters for step in steps)
    reached = "" if steps[-1].error is None else " up to the layer that refuses"
    st.caption(f"**{total:,}** trainable parameters{reached}")


def panel() -> None:
    """The parameters of the selected layer, and what can be done with it."""
    bench = workbench()
    if bench.selected is None or not bench.architecture.layers:
        st.caption("Select a layer to edit it.")
        return
    index = bench.selected
    layer = bench.architecture.layers[index]
    st.selectbox(
        "Selected layer",
        range(len(bench.architecture.layers)),
        index=index,
        format_func=[f"{i} · {each.kind}" for i, each in enumerate(bench.architecture.layers, 1)].__getitem__,
        key=f"selected-{bench.revision}-{index}",
        on_change=_select,
    )
    st.caption(layer.summary)
    with st.container(horizontal=True, key="fields"):
        for name in type(layer).model_fields:
            if name != "kind":
                with st.container(width=136):
                    field(layer, name, key=f"field-{bench.revision}-{index}-{name}", on_change=_change)


def _action(label: str, icon: str, op: str, *, disabled: bool = False) -> None:
    st.button(label, icon=icon, key=op, on_click=_do, args=(op,), disabled=disabled)


def _do(op: str) -> None:
    bench = workbench()
    design, index = bench.architecture, bench.selected
    if index is None or index >= len(design.layers):
        return
    with told():
        match op:
            case "up" if index > 0:
                bench = bench.restructured(design.moved(index, index - 1), index - 1)
            case "down" if index < len(design.layers) - 1:
                bench = bench.restructured(design.moved(index, index + 1), index + 1)
            case "duplicate":
                bench = bench.restructured(design.duplicated(index), index + 1)
            case "delete":
                bench = bench.restructured(design.removed(index), index)
    keep_workbench(bench)


def _act() -> None:
    bench = workbench()
    done = act(st.session_state["stack"].get("act"), len(bench.architecture.layers))
    if done is None:
        return
    if done.op == "select":
        keep_workbench(bench.select(done.index))
        return
    step = trace(bench.architecture)[-1]
    if step.mend:
        keep_workbench(bench.restructured(step.mend.architecture, done.index))


def _select() -> None:
    bench = workbench()
    keep_workbench(bench.select(st.session_state[f"selected-{bench.revision}-{bench.selected}"]))


def _change(name: str, value: object) -> None:
    bench = workbench()
    if bench.selected is not None:
        keep_workbench(bench.edited(bench.architecture.replaced(bench.selected, **{name: value})))


def _change_input(typed: object) -> None:
    bench = workbench()
    parsed = parse(str(typed))
    shape = parsed if isinstance(parsed, tuple) else (parsed,)
    if not all(isinstance(size, int) for size in shape):
        raise DesignError("An input shape is one to four whole numbers, such as 1, 99, 26.")
    keep_workbench(bench.edited(bench.architecture.with_input(tuple(shape))))


def _add() -> None:
    bench = workbench()
    kind = st.session_state[f"add-{bench.revision}"]
    if kind not in PALETTE:
        return
    at = 0 if bench.selected is None or not bench.architecture.layers else bench.selected + 1
    with told():
        keep_workbench(bench.restructured(bench.architecture.inserted(at, PALETTE[kind].fresh()), at))


def _load_preset() -> None:
    bench = workbench()
    preset = PRESETS.get(st.session_state[f"preset-{bench.revision}"])
    if preset:
        keep_workbench(bench.restructured(preset.architecture, 0))


def _undo() -> None:
    keep_workbench(workbench().undone())


def _redo() -> None:
    keep_workbench(workbench().redone())
