"""The design room: the toolbar over the canvas, the canvas, and the panel of the selected layer."""

import secrets
from contextlib import suppress
from functools import partial

import streamlit as st

from cnnviz.advice import Remark
from cnnviz.architecture import Path, number
from cnnviz.errors import CnnvizError, DesignError
from cnnviz.presets import PRESETS
from cnnviz.shapes import AXES
from cnnviz.ui.counsel import remarks
from cnnviz.ui.fields import WIDTH, attempt, axis_fields, escaped, field, parse, per_axis_names, show_problem, written
from cnnviz.ui.stack import stack
from cnnviz.ui.stack.act import acts, after
from cnnviz.ui.state import keep_workbench, told, workbench
from cnnviz.ui.workbench import FIRST

CANVAS, EXCHANGE = "stack", "exchange"
"""Keys of the parts of the page that follow the design."""
VIEW = "view"
"""Key of the choice among the ways in and out."""


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
            key=(preset := f"preset-{bench.revision}"),
            on_change=lambda: _load_preset(bench.revision, st.session_state[preset]),
            width=280,
        )
        shape = f"input-{bench.revision}"
        st.text_input(
            "Input shape",
            written(bench.architecture.input_shape),
            key=shape,
            help="One sample without the batch: " + ", or ".join(f"({', '.join(axes)})" for axes in AXES.values()),
            on_change=lambda: attempt(shape, partial(_change_input, bench.revision)),
            max_chars=40,
            width=150,
        )
    show_problem(shape)


@st.fragment(key=CANVAS)
def canvas() -> None:
    """The stack with every shape, to edit by mouse and keyboard, and what a teacher would say about it."""
    bench = workbench()
    design = bench.architecture
    mount = st.session_state.setdefault("mount", secrets.token_hex(8))
    stack(
        design,
        bench.selected,
        key=CANVAS,
        on_act=_act,
        mount=mount,
        seq=bench.answered,
        version=bench.version,
        undo=bool(bench.past),
        redo=bool(bench.future),
        refused=bench.refused,
        advice=[_card(remark) for remark in remarks(design)],
        about=next((f"{each.title}. {each.story}" for each in PRESETS.values() if each.architecture == design), ""),
    )


@st.fragment(key="panel")
def panel() -> None:
    """The parameters of the selected layer."""
    bench = workbench()
    if len(bench.selected) != 1:
        many = f"{len(bench.selected)} layers are selected: move, duplicate or delete them together."
        st.caption(many if bench.selected else "Select a layer to edit it.")
        return
    (path,) = bench.selected
    layer = bench.architecture.at(path)
    st.markdown(f"**{number(path)} · {layer.kind}**  \n:gray[{escaped(layer.summary)}]")
    st.button("Close", icon=":material/close:", type="tertiary", key="close", on_click=_close)
    name = f"{bench.revision}-{number(path)}"
    sizes, change = per_axis_names(layer), partial(_change, bench.revision, path)
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
                axis_fields(layer, each, key=f"field-{name}-{each}", on_change=change, settled=_settled)
            else:
                field(layer, each, key=f"field-{name}-{each}", on_change=change, settled=_settled, width=WIDTH)


def _act() -> None:
    """Do what was done on the canvas."""
    before = bench = workbench()
    for each in acts(st.session_state[CANVAS].get("act"), bench.answered):
        try:
            found = remarks(bench.architecture) if each.op == "heed" else ()
            bench = after(bench, each, found).answer(each.seq)
        except CnnvizError as error:
            bench = bench.answer(each.seq, str(error))  # refused or not, it is answered
    with suppress(DesignError):  # told on the canvas
        keep_workbench(bench)
    if workbench().version == before.version:
        st.rerun([CANVAS, "panel"])
    st.rerun()


def _close() -> None:
    keep_workbench(workbench().select(()))
    st.rerun([CANVAS, "panel"])


def _card(remark: Remark) -> dict[str, object]:
    """A remark as the canvas draws it."""
    return {
        "path": remark.path,
        "number": "" if remark.path is None else number(remark.path),
        "title": remark.title,
        "text": f"{remark.text} {remark.reason}",
        "more": remark.link.text,
        "url": remark.link.url,
        "mend": remark.mend.text if remark.mend else "",
    }


def _settled(reason: bool) -> None:
    """Draw what follows the design, and the panel itself only where a reason comes or goes: the less, the sooner."""
    if (
        workbench().refused
    ):  # what another tab has made of the net is taken over: all that is drawn may be of another one
        st.rerun()
    shown = [EXCHANGE] if st.session_state.get(VIEW) else []
    st.rerun([CANVAS, *shown, *(["panel"] if reason else [])])


# A browser sends the values of all widgets that it still shows. Those that the page has replaced meanwhile look changed
# to Streamlit, and call back: what they say is about a stack that is no longer there, which its revision tells.


def _change(revision: int, path: Path, name: str, value: object) -> None:
    bench = workbench()
    if bench.revision == revision:
        keep_workbench(bench.edited(bench.architecture.replaced(path, **{name: value})))


def _change_input(revision: int, typed: object) -> None:
    bench = workbench()
    if bench.revision != revision:
        return
    parsed = parse(str(typed))
    shape = parsed if isinstance(parsed, tuple) else (parsed,)
    if not all(isinstance(size, int) for size in shape):
        raise DesignError("An input shape is one to four whole numbers, such as 1, 99, 26.")
    keep_workbench(bench.edited(bench.architecture.with_input(tuple(shape))))


def _load_preset(revision: int, name: object) -> None:
    if isinstance(name, str) and name in PRESETS and workbench().revision == revision:
        with told():
            keep_workbench(workbench().restructured(PRESETS[name].architecture, FIRST))
