"""Shapes: one window in detail, the sliding window, the inverse question, the chain, and the lab's trace."""

import streamlit as st

from cnnviz.calculator.operation import window_rules
from cnnviz.calculator.receptive_field import SOURCE_URL, receptive_field_rows
from cnnviz.errors import ShapeError
from cnnviz.presets import PRESETS
from cnnviz.ui.shapes import calculator
from cnnviz.ui.shapes.inverse import inverse_view
from cnnviz.ui.shapes.lab_trace import lab_trace
from cnnviz.ui.shapes.receptive_field import receptive_field
from cnnviz.ui.shapes.sliding_window import sliding_window
from cnnviz.ui.state import current_workbench
from cnnviz.words import unique_labels

st.title("Shapes: the calculator")
st.markdown("How large is what comes out? One window, along each axis, with your own numbers.")
with st.container(horizontal=True, key="calculator"):
    with st.container(border=True, key="controls"):
        calculator.controls()
    calculator.result()
calculator.worked_axes()

st.subheader("The window slides")
st.markdown(
    "The input is whole numbers, and every output is what torch computes from them. Step, play, or click an output."
)
design = calculator.current_calculator().architecture
try:
    window_rules(design)
except ShapeError:
    st.caption("It is drawn as soon as the window fits the input.")
else:
    sliding_window(design, key="sliding")

st.subheader("The other way round: which parameters give a wanted size?")
inverse_view()

st.subheader("The chain: the receptive field grows")
st.markdown(
    "What does one number deep in the net see of the input? Along each axis a layer with stride $s$ whose window spans "
    r"$e = d\,(k - 1) + 1$ samples makes the field $r$ wider, and the jump $j$ from one position to the next longer: "
    r"$r_{\text{out}} = r_{\text{in}} + (e - 1)\,j_{\text{in}}$ and $j_{\text{out}} = j_{\text{in}}\,s$. "
    f"[Araujo, Norris & Sim 2019]({SOURCE_URL}) derive it."
)
titles = unique_labels({"": "Your design", **{name: preset.title for name, preset in PRESETS.items()}})
name = st.selectbox(
    "Net", list(titles), format_func=titles.__getitem__, key="chain-net", persist_state="session", width=320
)
net = PRESETS[name].architecture if name else current_workbench().architecture
if receptive_field_rows(net):
    receptive_field(net, key="chain")
else:
    st.info(
        "The chain needs samples with an axis after the channels, and a first layer that fits.", icon=":material/link:"
    )

st.subheader("Worked through: the trace that the lab prints")
lab_trace()
