"""Assignment: what is asked for, how far a net is, and handing it in."""

import streamlit as st

from cnnviz.ui.assignment.page import assignment_page
from cnnviz.ui.widgets.notice import show_notice

st.title("Assignment")
show_notice()
assignment_page()
