"""Search: let nets like yours be tried, one after another, until one reaches the goal."""

import streamlit as st

from cnnviz.ui.search import page
from cnnviz.ui.state import show_notice

st.title("Search to the goal")
show_notice()
left, right = st.columns([1, 2], gap="large")
with left:
    page.search_form()
with right:
    page.search_progress()
