"""The curves of the activations, with a point to move along them."""

import numpy as np
import pandas as pd
import streamlit as st

from cnnviz.activations import ACTIVATIONS
from cnnviz.charts.activation import FARTHEST_INPUT, SHOWN_INPUTS, activation_figure, gallery_figure
from cnnviz.ui.widgets.chart import plotly_chart
from cnnviz.ui.widgets.dataframe import dataframe

ALL = "all"


def curves() -> None:
    """Draws the chosen functions with their slopes, or all of them in small, and what is told of each."""
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium", key="curve-axes"):
        x_range = st.slider("Axis of x", -FARTHEST_INPUT, FARTHEST_INPUT, SHOWN_INPUTS, 1.0, key="x-range", width=260)
        if x_range[0] == x_range[1]:
            x_range = (x_range[0] - 1, x_range[1] + 1)
        point = st.slider("Point at x", *x_range, min(max(1.0, x_range[0]), x_range[1]), 0.05, key="point", width=260)
        show_all = st.toggle("All in small", key="all-functions")
        y_range = None
        if not show_all and st.toggle("Choose the value axis", key="choose-y"):
            low, high = st.slider("Axis of the values", -20.0, 20.0, (-2.0, 4.0), 0.5, key="y-range", width=260)
            y_range = (low, high) if low < high else (low - 1, high + 1)
    if show_all:
        plotly_chart(gallery_figure(x_range, point), key="gallery", alt="Value and slope of every activation")
        _point_table(list(ACTIVATIONS), point)
        return
    names = st.pills(
        "Functions", list(ACTIVATIONS), selection_mode="multi", default=["Sigmoid", "Tanh", "ReLU"], key="functions"
    )
    if not names:
        st.info("Choose at least one function.", icon=":material/touch_app:")
        return
    chosen = ", ".join(names)
    left, right = st.columns(2, gap="large")
    with left:
        st.subheader("Value, with the tangent")
        plotly_chart(
            activation_figure(names, derivative=False, x_range=x_range, y_range=y_range, point=point),
            key="values",
            alt=f"Values of {chosen}, with their tangents",
        )
    with right:
        st.subheader("Slope (derivative)")
        plotly_chart(
            activation_figure(names, derivative=True, x_range=x_range, point=point),
            key="slopes",
            alt=f"Slopes of {chosen}",
        )
    _point_table(names, point)
    with st.container(horizontal=True, gap="medium", key="cards"):
        for name in names:
            activation = ACTIVATIONS[name]
            with st.container(border=True):
                st.subheader(name)
                st.latex(activation.formula)
                st.latex(activation.derivative)
                st.markdown(f"Values in **{activation.range}**. {activation.description}")


def _point_table(names: list[str], x: float) -> None:
    """Draws value, slope and tangent of each function at the point, as torch computes them."""
    rows = []
    for name in names:
        value, slope = (float(curve[0]) for curve in ACTIVATIONS[name].curve(np.array([x])))
        rows.append(
            {
                "function": name,
                f"value at {x:g}": f"{value:.4f}",
                "slope": f"{slope:.4f}",
                "tangent": f"y = {slope:.4g}·x {'−' if value - slope * x < 0 else '+'} {abs(value - slope * x):.4g}",
            }
        )
    dataframe(pd.DataFrame(rows), hide_index=True, key="point-values")
