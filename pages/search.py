"""Search: try nets like yours, one after another, until one reaches the goal."""

import streamlit as st

from cnnviz.ui.search.form import search_form
from cnnviz.ui.search.progress import search_progress
from cnnviz.ui.widgets.notice import show_notice

st.title("Search to the goal")
show_notice()
left, right = st.columns([3, 8], gap="large")
with left:
    search_form()
with right:
    search_progress()
