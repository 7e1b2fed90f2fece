"""The design room: the toolbar over the canvas, the canvas, and the panel of the selected layer."""

import secrets

import streamlit as st

from cnnviz.architecture import number, shape_before, trace
from cnnviz.errors import DesignError
from cnnviz.layers import PALETTE
from cnnviz.presets import PRESETS
from cnnviz.shapes import AXES
from cnnviz.ui.fields import attempt, axis_fields, field, parse, per_axis_names, show_problem, written
from cnnviz.ui.stack import Act, act, stack
from cnnviz.ui.state import keep_workbench, told, workbench
from cnnviz.ui.workbench import FIRST, Workbench

CANVAS = "stack"


def toolbar() -> None:
    """Preset and input shape."""
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
            width=280,
        )
        shape = f"input-{bench.revision}"
        st.text_input(
            "Input shape",
            written(bench.architecture.input_shape),
            key=shape,
            help="One sample without the batch: " + ", or ".join(f"({', '.join(axes)})" for axes in AXES.values()),
            on_change=lambda: attempt(shape, _change_input),
            max_chars=40,
            width=150,
        )
        for preset in PRESETS.values():
            if preset.architecture == bench.architecture:
                st.caption(f"**{preset.title}.** {preset.story}", width="stretch")
    show_problem(shape)


def canvas() -> None:
    """The stack with every shape, to edit by mouse and keyboard."""
    bench = workbench()
    mount = st.session_state.setdefault("mount", secrets.token_hex(8))
    stack(
        bench.architecture,
        bench.selected,
        key=CANVAS,
        on_act=_act,
        mount=mount,
        seq=st.session_state.get("seq", 0),
        version=bench.version,
        undo=bool(bench.past),
        redo=bool(bench.future),
        markdown="",
    )


def panel() -> None:
    """The parameters of the selected layer."""
    bench = workbench()
    if len(bench.selected) != 1:
        many = f"{len(bench.selected)} layers are selected: move, duplicate or delete them together."
        st.caption(many if bench.selected else "Select a layer to edit it.")
        return
    (path,) = bench.selected
    layer = bench.architecture.at(path)
    st.markdown(f"**{number(path)} · {layer.kind}**")
    st.caption(layer.summary)
    name = f"{bench.revision}-{number(path)}"
    sizes = per_axis_names(layer)
    apart = bool(sizes) and st.toggle(
        "Each axis apart",
        key=f"apart-{name}",
        value=any(isinstance(getattr(layer, size), tuple) for size in sizes),
        help="A number for each axis instead of one for all.",
    )
    with st.container(horizontal=True, key="fields"):
        for each in type(layer).model_fields:
            if each in ("kind", "layers", "projection", "branches"):
                continue
            if apart and each in sizes:
                axis_fields(layer, each, key=f"field-{name}-{each}", on_change=_change)
            else:
                with st.container(width=126):
                    field(layer, each, key=f"field-{name}-{each}", on_change=_change)


def _act() -> None:
    """Do what was done on the canvas."""
    with told():
        done = act(st.session_state[CANVAS].get("act"))
        if done is not None:
            st.session_state["seq"] = done.seq
            keep_workbench(_after(workbench(), done))


def _after(bench: Workbench, done: Act) -> Workbench:
    design = bench.architecture
    match done.op:
        case "select":
            return bench.select(done.selected)
        case "undo":
            return bench.undone()
        case "redo":
            return bench.redone()
        case "add" if done.kind in PALETTE and done.path:
            layer = PALETTE[done.kind].fresh(shape_before(design, done.path) or ())
            return bench.restructured(design.inserted(done.path, layer), [done.path])
        case "mend":
            mends = steps[-1].mends if (steps := trace(design)) else ()
            if done.index < len(mends):
                return bench.restructured(mends[done.index].architecture, bench.selected)
        case "edit" if done.design is not None:
            # edits of one canvas follow each other; any other change it must have seen before
            if bench.version not in (done.version, st.session_state.get("canvas-version")):
                raise DesignError(
                    "The net was changed elsewhere at the same moment, so this edit was left out. Try again."
                )
            edited = bench.restructured(done.design, done.selected)
            st.session_state["canvas-version"] = edited.version
            return edited
    return bench


def _change(name: str, value: object) -> None:
    bench = workbench()
    if len(bench.selected) == 1:
        keep_workbench(bench.edited(bench.architecture.replaced(bench.selected[0], **{name: value})))


def _change_input(typed: object) -> None:
    bench = workbench()
    parsed = parse(str(typed))
    shape = parsed if isinstance(parsed, tuple) else (parsed,)
    if not all(isinstance(size, int) for size in shape):
        raise DesignError("An input shape is one to four whole numbers, such as 1, 99, 26.")
    keep_workbench(bench.edited(bench.architecture.with_input(tuple(shape))))


def _load_preset() -> None:
    bench = workbench()
    preset = PRESETS.get(st.session_state[f"preset-{bench.revision}"])
    if preset:
        keep_workbench(bench.restructured(preset.architecture, FIRST))
