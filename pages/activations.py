"""Activations: the curves, their slopes, and why gradients vanish."""

import streamlit as st

from cnnviz.activations import ACTIVATIONS, class_probabilities
from cnnviz.charts.activation import activation_figure, probabilities_figure, vanishing_gradient_figure
from cnnviz.ui.widgets.chart import plotly_chart

st.title("Activation functions")
st.markdown(
    "A stack of linear layers alone is one linear layer: $f_3(f_2(f_1(x)))$ of linear functions is linear again. "
    "What makes depth worthwhile is a nonlinear function in between."
)
names = st.pills(
    "Functions", list(ACTIVATIONS), selection_mode="multi", default=["Sigmoid", "Tanh", "ReLU"], key="functions"
)
if not names:
    st.info("Choose at least one function.", icon=":material/touch_app:")
    st.stop()

left, right = st.columns(2, gap="large")
with left:
    st.subheader("Value")
    plotly_chart(activation_figure(names, derivative=False), key="values")
with right:
    st.subheader("Slope (derivative)")
    plotly_chart(activation_figure(names, derivative=True), key="slopes")

with st.container(horizontal=True, gap="medium", key="cards"):
    for name in names:
        activation = ACTIVATIONS[name]
        with st.container(border=True):
            st.subheader(name)
            st.latex(activation.formula)
            st.latex(activation.derivative)
            st.markdown(f"Values in **{activation.range}**. {activation.description}")

st.subheader("The vanishing gradient")
st.markdown(
    "On its way back through the net, a gradient is multiplied by the slope of every activation it passes. Even at its "
    "steepest, at x = 0, the sigmoid lets only a quarter through; tanh fades as soon as its input leaves 0; ReLU hands "
    "on everything as long as its input is positive, and nothing where it is negative."
)
left, right = st.columns(2, gap="large")
depth = left.slider("Activations on its way", 2, 30, 10, key="depth")
x = right.slider("Input x of each activation", -5.0, 5.0, 1.0, 0.1, key="input")
plotly_chart(vanishing_gradient_figure(names, depth, x), key="fading")
if dead := [name for name in names if ACTIVATIONS[name].slope(x) == 0]:
    st.markdown(
        f"**Dead at x = {x:g}: {', '.join(dead)}.** The slope is 0 there, so no line is drawn: nothing of a gradient "
        "gets through. A unit whose input is there for every sample gets no gradient, and its weights stay as they are."
    )

st.subheader("Softmax and sigmoid")
st.markdown(
    "Both turn scores into numbers between 0 and 1. The sigmoid looks at one score alone: use it where several answers "
    r"may be right at once. Softmax, $e^{x_i} / \sum_j e^{x_j}$, weighs all scores against each other, so its outputs "
    "sum to 1: use it where exactly one class is right. Raise one score, and watch the others."
)
columns = st.columns(3, gap="large")
scores = [
    column.slider(f"Score of class {number}", -5.0, 5.0, start, 0.1, key=f"score-{number}")
    for number, (column, start) in enumerate(zip(columns, (2.0, 1.0, -1.0), strict=True), start=1)
]
plotly_chart(probabilities_figure(scores), key="probabilities")
sigmoid, softmax = class_probabilities(scores)
st.caption(f"The outputs of the sigmoid sum to {sum(sigmoid):.2f}, those of softmax to {sum(softmax):.2f}.")
