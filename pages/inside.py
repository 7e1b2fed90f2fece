"""Inside: what a net makes of one sample, layer by layer."""

import streamlit as st

from cnnviz.ui.inside.page import inside_page

st.title("Inside the net")
inside_page()
