"""Runs: find, name and compare all runs."""

import streamlit as st

from cnnviz.runs.cluster import cluster
from cnnviz.ui.result import downloads
from cnnviz.ui.runs import actions, page
from cnnviz.ui.state import current_owner
from cnnviz.ui.widgets.notice import show_notice

st.title("My runs")
show_notice()
if cluster().store.runs_of(current_owner()):
    page.runs_page()
else:
    st.info("Here stands every run of yours, to be compared. Begin one.", icon=":material/table_rows:")
    st.page_link("pages/train.py", label="Train", icon=":material/show_chart:")
    actions.deleted_runs()
downloads.import_run_form()
