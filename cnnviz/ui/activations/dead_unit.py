"""A unit whose inputs can be pushed to where its activation is flat."""

import streamlit as st

from cnnviz.activations import ACTIVATIONS
from cnnviz.charts.experiments import unit_figure
from cnnviz.experiments.dead_unit import SAMPLES, unit_state
from cnnviz.ui.widgets.chart import plotly_chart


def dead_unit() -> None:
    """Draws weight, bias and activation to choose, where the inputs lie, and the gradient that is left."""
    st.markdown(
        "A unit computes f(w·x + b). Push its bias down, as one step with too large a learning rate does: once **no** "
        f"sample is on the sloping side, the gradient is exactly 0 and no further step can bring it back. {SAMPLES} "
        "samples x, normally distributed."
    )
    columns = st.columns(3, gap="large")
    name = columns[0].selectbox(
        "Activation", list(ACTIVATIONS), index=list(ACTIVATIONS).index("ReLU"), key="unit-activation"
    )
    weight = columns[1].slider("Weight w", -3.0, 3.0, 1.0, 0.1, key="unit-weight")
    bias = columns[2].slider("Bias b", -8.0, 8.0, 0.0, 0.1, key="unit-bias")
    state = unit_state(name, weight=weight, bias=bias)
    columns = st.columns(3, gap="large")
    columns[0].metric("Samples without a slope", f"{state.flat_share:.0%}")
    columns[1].metric("Gradient of w (of the mean output)", f"{state.weight_gradient:.4g}")
    columns[2].metric("Gradient of b", f"{state.bias_gradient:.4g}")
    plotly_chart(
        unit_figure(name, state.inputs),
        key="unit",
        alt=f"{name}: {state.flat_share:.0%} of the samples without a slope",
    )
    if state.is_dead:
        st.warning(
            f"**Dead.** The slope of {name} is 0 for every sample, so weight and bias get no gradient and stay as they "
            "are. Try LeakyReLU or ELU at the same place.",
            icon=":material/sentiment_sad:",
        )
