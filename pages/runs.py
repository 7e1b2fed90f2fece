"""Runs: find, name and compare all runs."""

import streamlit as st

from cnnviz.runs.cluster import cluster
from cnnviz.ui import home, results, shelf
from cnnviz.ui.state import show_notice
from cnnviz.ui.student import owner

st.title("My runs")
show_notice()
if cluster().store.of(owner()):
    results.live()
else:
    st.info("Here stands every run of yours, to be compared. Begin one.", icon=":material/table_rows:")
    st.page_link("pages/train.py", label="Train", icon=":material/show_chart:")
    shelf.away()
home.bring()
