"""Train: choose data and settings, press Train, watch it learn."""

import streamlit as st

from cnnviz.architecture import trace
from cnnviz.shapes import format_shape
from cnnviz.ui.state import current_workbench
from cnnviz.ui.training import live_run, settings_form
from cnnviz.ui.widgets.notice import show_notice

st.title("Train it and watch")
show_notice()
left, right = st.columns([1, 2], gap="large")
with left:
    design = current_workbench().architecture
    parameters = sum(step.parameters for step in trace(design))
    st.caption(
        f"Your design: {len(design.layers)} layers for {format_shape(design.input_shape)}, {parameters:,} parameters."
    )
    settings_form.settings_form()
    st.page_link("pages/data.py", label="Look at data or bring your own", icon=":material/graphic_eq:")
with right:
    live_run.live_run()
