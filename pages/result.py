"""Result: one run looked at closely."""

import streamlit as st

from cnnviz.ui.result import result
from cnnviz.ui.state import show_notice

st.title("One run, looked at closely")
show_notice()
result()
