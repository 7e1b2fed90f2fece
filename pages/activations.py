"""Activations: the curves, and what they do to a deep net, one chapter at a time."""

import streamlit as st

from cnnviz.ui.activations.page import activations_page

st.title("Activation functions")
activations_page()
