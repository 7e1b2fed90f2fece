"""Softmax against sigmoids, one for each class."""

import streamlit as st

from cnnviz.activations import class_probabilities
from cnnviz.charts.activation import probabilities_figure
from cnnviz.ui.widgets.chart import plotly_chart


def probabilities() -> None:
    """Draws three scores to move, and what either makes of them."""
    st.markdown(
        "Both turn scores into numbers between 0 and 1. The sigmoid looks at one score alone: use it where several "
        r"answers may be right at once. Softmax, $e^{x_i} / \sum_j e^{x_j}$, weighs all scores against each other, so "
        "its outputs sum to 1: use it where exactly one class is right. Raise one score, and watch the others."
    )
    columns = st.columns(3, gap="large")
    scores = [
        column.slider(f"Score of class {number}", -5.0, 5.0, start, 0.1, key=f"score-{number}")
        for number, (column, start) in enumerate(zip(columns, (2.0, 1.0, -1.0), strict=True), start=1)
    ]
    sigmoid, softmax = class_probabilities(scores)
    numbers = "; ".join(
        f"{name} {', '.join(f'{value:.2f}' for value in values)}"
        for name, values in (("sigmoid", sigmoid), ("softmax", softmax))
    )
    plotly_chart(probabilities_figure(scores), key="probabilities", alt=f"Outputs of three classes: {numbers}")
    st.caption(f"The outputs of the sigmoid sum to {sum(sigmoid):.2f}, those of softmax to {sum(softmax):.2f}.")
