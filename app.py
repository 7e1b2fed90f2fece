"""cnnviz: the list of pages and the frame around them."""

import streamlit as st

st.title("cnnviz")
