"""Gradients on their way back through a deep net: a real backward pass, and the slopes alone."""

import streamlit as st

from cnnviz.activations import ACTIVATIONS
from cnnviz.charts.activation import vanishing_gradient_figure
from cnnviz.charts.experiments import gradients_by_layer_figure
from cnnviz.experiments.gradient_flow import INITIALIZATIONS, LINEAR, NORMALIZATIONS, DeepNet
from cnnviz.ui.widgets.chart import plotly_chart

NET, SLOPES = "A deep net", "The slopes alone"


def gradient_flow() -> None:
    """Draws the gradients of a deep net layer by layer, or what the slopes of activations leave of one."""
    view = st.segmented_control(
        "Experiment", [NET, SLOPES], default=NET, required=True, key="gradient-view", label_visibility="collapsed"
    )
    (_deep_net if view == NET else _slopes)()


@st.cache_data(show_spinner=False, max_entries=500)
def _gradient_norms(net: str) -> list[float]:
    return DeepNet.model_validate_json(net).gradient_norms()


def _deep_net() -> None:
    columns = st.columns(5, gap="medium", vertical_alignment="bottom")
    net = DeepNet(
        depth=columns[0].slider("Hidden layers", 1, 50, 20, key="flow-depth"),
        width=columns[1].select_slider("Width", [2, 4, 8, 16, 32, 64, 128, 256], 64, key="flow-width"),
        activation=columns[2].selectbox("Activation", [*ACTIVATIONS, LINEAR], key="flow-activation"),
        initialization=columns[3].selectbox("Start of the weights", list(INITIALIZATIONS), key="flow-init"),
        normalization=columns[4].selectbox("Normalization", list(NORMALIZATIONS), key="flow-norm"),
    )
    norms = _gradient_norms(net.model_dump_json())
    names = [str(number) for number in range(1, len(norms) + 1)]
    plotly_chart(gradients_by_layer_figure(norms, names), key="flow", alt=f"Gradient by layer. {_verdict(norms)}")
    st.markdown(_verdict(norms))
    st.caption(
        "One backward pass of the cross-entropy on 64 random samples: the norm of the gradient of every Linear layer's "
        "weights. Of a run of your own, the Train page shows the same under **Gradients**."
    )


def _verdict(norms: list[float]) -> str:
    first, last = norms[0], norms[-1]
    if first == 0:
        return "**Nothing arrives:** the gradient of the first layer is exactly 0; it cannot learn."
    ratio = first / last if last else float("inf")
    text = f"First layer {first:.2g}, last layer {last:.2g}: a ratio of {ratio:.2g}. "
    if ratio < 1e-2:
        return text + "**The gradient vanishes:** the first layers hardly learn."
    if ratio > 1e2:
        return text + "**The gradient explodes:** the first layers are thrown about."
    return text + "All layers learn at a similar pace."


def _slopes() -> None:
    st.markdown(
        "On its way back through the net, a gradient is multiplied by the slope of every activation it passes. Even at "
        "its steepest, at x = 0, the sigmoid lets only a quarter through; tanh fades as soon as its input leaves 0; "
        "ReLU hands on everything as long as its input is positive, and nothing where it is negative."
    )
    names = st.pills(
        "Functions",
        list(ACTIVATIONS),
        selection_mode="multi",
        default=["Sigmoid", "Tanh", "ReLU"],
        key="slope-functions",
    )
    if not names:
        st.info("Choose at least one function.", icon=":material/touch_app:")
        return
    left, right = st.columns(2, gap="large")
    depth = left.slider("Activations on its way", 2, 30, 10, key="depth")
    x = right.slider("Input x of each activation", -5.0, 5.0, 1.0, 0.1, key="input")
    plotly_chart(
        vanishing_gradient_figure(names, depth, x), key="fading", alt=f"Share of a gradient left after {depth} slopes"
    )
    if dead := [name for name in names if ACTIVATIONS[name].slope(x) == 0]:
        st.markdown(
            f"**Dead at x = {x:g}: {', '.join(dead)}.** The slope is 0 there, so no line is drawn: nothing of a "
            "gradient gets through. A unit whose input is there for every sample gets no gradient, and its weights "
            "stay as they are."
        )
