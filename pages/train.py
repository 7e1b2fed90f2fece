"""Train: choose data and settings, press Train, watch it learn."""

import streamlit as st

from cnnviz.architecture import trace
from cnnviz.shapes import show
from cnnviz.ui import live, training
from cnnviz.ui.state import show_notice, workbench

st.title("Train it and watch")
show_notice()
left, right = st.columns([1, 2], gap="large")
with left:
    design = workbench().architecture
    parameters = sum(step.parameters for step in trace(design))
    st.caption(f"Your design: {len(design.layers)} layers for {show(design.input_shape)}, {parameters:,} parameters.")
    training.desk()
    st.page_link("pages/data.py", label="See or bring data", icon=":material/graphic_eq:")
with right:
    live.runs()
