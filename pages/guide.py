"""Guide: what every page does, and how."""

import streamlit as st

from cnnviz.ui.guide import guide_view

st.title("Guide for students")
guide_view()
