"""Runs: find, name and compare all runs."""

import streamlit as st

from cnnviz.runs.cluster import cluster
from cnnviz.ui.runs import actions, page
from cnnviz.ui.runs.import_run import import_run_form
from cnnviz.ui.runs.shared_runs import shared_with_me
from cnnviz.ui.state import current_owner
from cnnviz.ui.widgets.notice import show_notice

st.title("My runs")
show_notice()
if cluster().store.runs_of(current_owner()):
    page.runs_page()
else:
    st.info("All your runs will be listed here, ready to compare. Start the first one.", icon=":material/table_rows:")
    st.page_link("pages/train.py", label="Train", icon=":material/show_chart:")
    actions.deleted_runs()
shared_with_me()
import_run_form()
