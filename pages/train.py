"""Train: choose data and settings, press Train, watch it learn."""

import streamlit as st

from cnnviz.ui.training import design_line, live_run, overfit, settings_form
from cnnviz.ui.widgets.notice import show_notice

with st.container(horizontal=True, vertical_alignment="bottom", key="training-title"):
    st.title("Train it and watch", width="content")
    design_line.design_line()
show_notice()
with st.container(horizontal=True, gap="medium", key="training"):
    with st.container(key="training-form"):
        settings_form.settings_form()
    with st.container(key="training-run"):
        overfit.overfit_result()
        live_run.live_run()
