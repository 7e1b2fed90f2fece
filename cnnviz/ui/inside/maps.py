"""All maps: what every layer makes of the sample."""

import streamlit as st

from cnnviz.inside import Subject
from cnnviz.shapes import format_shape


def maps_view(subject: Subject) -> None:
    """Draws the shape of the sample."""
    st.caption(f"The net gets {format_shape(tuple(subject.sample.shape[1:]))}.")
