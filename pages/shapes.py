"""Shapes: one window taken apart, the inverse question, the sliding window, the chain, the lab's trace."""

import streamlit as st

from cnnviz.calculator.chain import SOURCE, chain
from cnnviz.calculator.operation import windows
from cnnviz.errors import ShapeError
from cnnviz.presets import PRESETS
from cnnviz.ui import calculator
from cnnviz.ui.chain import receptive_field
from cnnviz.ui.fields import distinct
from cnnviz.ui.lab import worked_trace
from cnnviz.ui.question import question
from cnnviz.ui.sliding import sliding
from cnnviz.ui.state import workbench

st.title("Shapes: the calculator")
st.markdown("How large is what comes out? One window, along each axis, with your own numbers.")
with st.container(border=True):
    calculator.controls()
calculator.result()

st.subheader("The window slides")
st.markdown("Whole numbers go in, and every output is what torch computes of them. Step, play, or click an output.")
design = calculator.calculator().architecture
try:
    windows(design)
except ShapeError:
    st.caption("It is drawn as soon as these numbers go together.")
else:
    sliding(design, key="sliding")

st.subheader("The other way round: which parameters give a wanted size?")
question()

st.subheader("The chain: the receptive field grows")
st.markdown(
    "What does one number deep in the net see of the input? Along each axis a layer with stride $s$ whose window spans "
    r"$e = d\,(k - 1) + 1$ samples makes the field $r$ wider, and the jump $j$ from one position to the next longer: "
    r"$r_{\text{out}} = r_{\text{in}} + (e - 1)\,j_{\text{in}}$ and $j_{\text{out}} = j_{\text{in}}\,s$. "
    f"[Araujo, Norris & Sim 2019]({SOURCE}) derive it."
)
titles = distinct({"": "Your design", **{name: preset.title for name, preset in PRESETS.items()}})
name = st.selectbox(
    "Net", list(titles), format_func=titles.__getitem__, key="chain-net", persist_state="session", width=320
)
net = PRESETS[name].architecture if name else workbench().architecture
if chain(net):
    receptive_field(net, key="chain")
else:
    st.info(
        "A chain needs samples with an axis behind the channels, and a first layer that fits.", icon=":material/link:"
    )

st.subheader("Worked through: the trace that the lab prints")
worked_trace()
