"""Result: one run looked at closely."""

import streamlit as st

from cnnviz.ui.result.page import result_page
from cnnviz.ui.widgets.notice import show_notice

st.title("One run in detail")
show_notice()
result_page()
