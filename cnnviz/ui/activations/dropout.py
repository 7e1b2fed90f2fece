"""The same sample through Dropout, ten times."""

import streamlit as st

from cnnviz.charts.experiments import dropout_figure
from cnnviz.experiments.dropout import drop
from cnnviz.ui.widgets.chart import plotly_chart


def dropout() -> None:
    """Draws what training mode makes of one sample, again and again, and what evaluation mode does."""
    columns = st.columns([2, 1, 3], gap="large", vertical_alignment="bottom")
    p = columns[0].slider("Probability p of being dropped", 0.0, 0.9, 0.5, 0.05, key="drop-p")
    seed = columns[1].number_input("Draw number", 0, 999, 0, key="drop-seed")
    result = drop(p, seed=seed)
    plotly_chart(
        dropout_figure(result.sample, result.in_training),
        key="drop",
        alt=f"One sample ten times through Dropout with p = {p:g}",
    )
    st.markdown(
        f"In **training**, each value is 0 with probability {p:g}; what is left is divided by 1 − p = {1 - p:g}, so "
        "that the mean stays what it was. In **evaluation**, nothing happens: the same sample has the same answer."
    )
    st.caption(f"{(result.in_training == 0).mean():.0%} of the {result.in_training.size} values were dropped.")
