"""The calculator: the controls of one window operation, and its formula with numbers."""

from functools import partial

import streamlit as st

from cnnviz.architecture import MAX_SIZE, Architecture, trace
from cnnviz.calculator import formula
from cnnviz.calculator.operation import DIMENSIONS, EXAMPLES, OPERATIONS, Rule, operation, parameters, switched, windows
from cnnviz.errors import DesignError, ShapeError
from cnnviz.layers.window import alike, per_axis
from cnnviz.shapes import AXES, show
from cnnviz.ui.fields import attempt, escaped, field, parse, show_problem, written
from cnnviz.ui.workbench import FIRST, Workbench


def _rgb(colour: str) -> str:
    """A colour as browsers write it into the style of an element."""
    return "rgb({}, {}, {})".format(*bytes.fromhex(colour[1:]))


DARK = "".join(
    f'.katex [style*="{_rgb(light)}"] {{ color: light-dark({light}, {dark}) !important; }}'
    for light, dark in formula.COLOURS.values()
).join(("<style>", "</style>"))
"""The colours of the formula on a dark page: LaTeX knows one colour, whatever the page."""


def calculator() -> Workbench:
    """The calculator of this session: a bench with a design of one layer, at first the lab's convolution."""
    bench: Workbench = st.session_state.setdefault("calculator", Workbench(next(iter(EXAMPLES.values()))))
    return bench


def keep_calculator(bench: Workbench) -> None:
    """Make this the calculator of the session."""
    st.session_state["calculator"] = bench


def controls() -> None:
    """Example, operation, dimensions, input size and every parameter of the window."""
    bench = calculator()
    (layer,) = bench.architecture.layers
    sizes = bench.architecture.input_shape[1:]
    with st.container(horizontal=True, vertical_alignment="bottom", key="operation"):
        st.segmented_control(
            "Operation",
            list(OPERATIONS),
            default=operation(layer),
            required=True,
            key=f"operation-{bench.revision}",
            on_change=partial(_switch, bench.revision),
        )
        st.segmented_control(
            "Dimensions",
            DIMENSIONS,
            default=len(sizes),
            required=True,
            format_func="{}-D".format,
            key=f"dimensions-{bench.revision}",
            on_change=partial(_switch, bench.revision),
        )
        st.selectbox(
            "Example",
            list(EXAMPLES),
            index=None,
            placeholder="Open an example …",
            key=f"example-{bench.revision}",
            on_change=partial(_open, bench.revision),
            width=230,
        )
    with st.container(horizontal=True, key="numbers"):
        with st.container(width=136):
            key = f"sizes-{bench.revision}"
            st.text_input(
                "Input size",
                written(alike(sizes)),
                key=key,
                help=f"Samples along {', '.join(AXES[len(sizes) + 1][1:])}: one number for all, or one each.",
                on_change=lambda: attempt(key, partial(_resize, bench.revision)),
                max_chars=40,
            )
            show_problem(key)
        for name in parameters(layer):
            with st.container(width=200 if name == "count_include_pad" else 136):
                field(layer, name, key=f"window-{bench.revision}-{name}", on_change=partial(_change, bench.revision))


def result() -> None:
    """The formula with the student's numbers along each axis, or why the window does not fit."""
    design = calculator().architecture
    (layer,) = design.layers
    try:
        rules = windows(design)
    except ShapeError as error:
        st.error(escaped(f"{layer.kind}: {error}."), icon=":material/error:")
        _mends(design)
        return
    sizes, out = design.input_shape[1:], layer.output_shape(design.input_shape)[1:]
    st.html(DARK)
    with st.container(horizontal=True, vertical_alignment="center", gap="medium", key="result"):
        st.markdown(f"### {show(sizes)} → {show(out)}", width="content")
        st.latex(formula.general(rules[0]), width="content")
        st.markdown(formula.letters(), width="content")
    axes: dict[tuple[Rule, int], list[str]] = {}
    for rule, size, axis in zip(rules, sizes, AXES[len(design.input_shape)][1:], strict=True):
        axes.setdefault((rule, size), []).append(axis)
    with st.container(horizontal=True, key="axes"):
        for (rule, size), names in axes.items():
            with st.container(border=True, width=364 if len(axes) > 1 else 560):
                st.markdown(f"**{' and '.join(names).capitalize()}**: {size} → {rule.out(size)}")
                st.latex(rf"\small {formula.worked(rule, size, names[0])}")
                st.caption(escaped(formula.leftover(rule, size, names[0])))


def _mends(design: Architecture) -> None:
    for mend in trace(design)[-1].mends:
        changed = mend.architecture
        if len(changed.layers) == 1 and changed.input_shape == design.input_shape:
            st.button(mend.text, key=f"mend-{mend.text}", icon=":material/build:", on_click=_mend, args=(changed,))


def _mend(design: Architecture) -> None:
    keep_calculator(calculator().restructured(design, FIRST))


# As in the design room: a widget that was replaced meanwhile calls back as well, and its revision tells.


def _switch(revision: int) -> None:
    bench = calculator()
    if bench.revision != revision:
        return
    title = st.session_state[f"operation-{bench.revision}"]
    dimensions = st.session_state[f"dimensions-{bench.revision}"]
    if title in OPERATIONS and dimensions in DIMENSIONS:
        keep_calculator(bench.restructured(switched(bench.architecture, title, dimensions), FIRST))


def _open(revision: int) -> None:
    bench = calculator()
    if bench.revision != revision:
        return
    design = EXAMPLES.get(st.session_state[f"example-{bench.revision}"])
    if design:
        keep_calculator(bench.restructured(design, FIRST))


def _resize(revision: int, typed: object) -> None:
    bench = calculator()
    if bench.revision != revision:
        return
    sizes = parse(str(typed))
    axes = len(bench.architecture.input_shape) - 1
    named = AXES[axes + 1][1:]
    if not isinstance(sizes, int | tuple) or (isinstance(sizes, tuple) and len(sizes) != axes):
        raise DesignError(f"An input size is one whole number, or one each for {', '.join(named)}, such as 99, 26.")
    if not all(1 <= size <= MAX_SIZE for size in per_axis(sizes, axes)):
        raise DesignError(f"An input size is 1 to {MAX_SIZE:,} samples along each axis (received {written(sizes)}).")
    shape = (bench.architecture.input_shape[0], *per_axis(sizes, axes))
    keep_calculator(bench.edited(bench.architecture.with_input(shape)))


def _change(revision: int, name: str, value: object) -> None:
    bench = calculator()
    if bench.revision == revision:
        keep_calculator(bench.edited(bench.architecture.replaced(0, **{name: value})))
