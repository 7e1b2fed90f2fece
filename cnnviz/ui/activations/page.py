"""The choice among the chapters of the Activations page, and the chosen one."""

from collections.abc import Callable

import streamlit as st

from cnnviz.ui.activations.curves import curves
from cnnviz.ui.activations.dead_unit import dead_unit
from cnnviz.ui.activations.dropout import dropout
from cnnviz.ui.activations.gradient_flow import gradient_flow
from cnnviz.ui.activations.nonlinearity import nonlinearity
from cnnviz.ui.activations.normalization import normalization
from cnnviz.ui.activations.probabilities import probabilities

VIEWS: dict[str, Callable[[], None]] = {
    "Curves": curves,
    "Why non-linear": nonlinearity,
    "The vanishing gradient": gradient_flow,
    "Dead ReLU": dead_unit,
    "Softmax and sigmoid": probabilities,
    "Batch normalization": normalization,
    "Dropout": dropout,
}
"""Chapters by their titles."""


def activations_page() -> None:
    """Draws the choice, and the chosen chapter."""
    chosen = st.segmented_control(
        "Chapter",
        list(VIEWS),
        default=next(iter(VIEWS)),
        required=True,
        key="chapter",
        persist_state="session",
        label_visibility="collapsed",
    )
    VIEWS[str(chosen)]()
