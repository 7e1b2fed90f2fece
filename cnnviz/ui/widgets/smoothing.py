"""The slider for how smooth a curve is drawn."""

import math
from typing import Any

import streamlit as st

MAX_SMOOTHING = 0.99


def smoothing_slider(label: str, *, key: str, meaning: str, **options: Any) -> float:
    """Draws the slider, and returns the weight of earlier values in an exponential moving average, 0 to MAX_SMOOTHING.

    A browser may send any number, or none, whatever the slider shows.
    """
    value = st.slider(label, 0.0, MAX_SMOOTHING, step=0.01, key=key, persist_state="session", help=meaning, **options)
    return min(max(float(value), 0.0), MAX_SMOOTHING) if math.isfinite(value) else 0.0
