"""Why a net needs something non-linear between its layers."""

import numpy as np
import pandas as pd
import streamlit as st

from cnnviz.charts.experiments import collapsed_figure, loss_figure, spiral_figure
from cnnviz.errors import CnnvizError
from cnnviz.experiments.linear_stack import LinearLayer, multiply_out, stack_output
from cnnviz.experiments.spirals import REACH, SpiralsAnswer, SpiralsQuestion, train_spirals
from cnnviz.ui.widgets.chart import plotly_chart
from cnnviz.ui.widgets.dataframe import dataframe, number_editor

START_LAYERS = (
    LinearLayer(((1.0, 0.5), (-1.0, 1.0)), (0.5, -0.5)),
    LinearLayer(((1.0, -1.0), (0.5, 1.0)), (0.0, 1.0)),
    LinearLayer(((2.0, 1.0), (1.0, -1.0)), (-0.5, 0.0)),
)
COLUMNS = ["w₁", "w₂", "bias"]
ALONG = np.linspace(-3, 3, 241)
SPIRALS, MULTIPLIED = "On two spirals", "Multiplied out"


def nonlinearity() -> None:
    """Draws two spirals that only one of two nets can tell apart, or a stack of Linears multiplied out."""
    view = st.segmented_control(
        "Experiment",
        [SPIRALS, MULTIPLIED],
        default=SPIRALS,
        required=True,
        key="nonlinearity-view",
        label_visibility="collapsed",
    )
    (_spirals if view == SPIRALS else _multiplied)()


@st.cache_data(show_spinner=False, max_entries=200)
def _trained(question: str) -> SpiralsAnswer:
    return train_spirals(SpiralsQuestion.model_validate_json(question))


def _spirals() -> None:
    columns = st.columns([1, 1, 1, 1], gap="large", vertical_alignment="bottom")
    hidden_layers = columns[0].slider("Hidden layers", 1, 5, 3, key="spiral-layers")
    width = columns[1].slider("Width", 2, 32, 16, key="spiral-width")
    noise = columns[2].slider("Noise of the points", 0.0, 0.2, 0.02, 0.01, key="spiral-noise")
    seed = columns[3].number_input("Seed", 0, 999, 0, key="spiral-seed")
    question = SpiralsQuestion(hidden_layers=hidden_layers, width=width, noise=noise, seed=seed)
    try:
        with st.spinner("Both nets are training: about a second."):
            answer = _trained(question.model_dump_json())
    except CnnvizError as error:
        st.error(str(error), icon=":material/error:")
        return
    pictures = st.columns(2, gap="large")
    stacks = {"Linear layers alone": answer.without_relu, "ReLU between them": answer.with_relu}
    for column, (number, (title, stack)) in zip(pictures, enumerate(stacks.items()), strict=True):
        with column:
            st.markdown(f"**{title[0].upper()}{title[1:]}**: {stack.accuracy:.0%} of the points right")
            plotly_chart(
                spiral_figure(answer.points, answer.labels, stack.probabilities, REACH),
                key=f"spiral-{number}",
                alt=f"Two spirals, {title}: {stack.accuracy:.0%} right",
            )
    st.caption(
        "The deeper a colour, the surer the net. Both have the same layers, first weights, points and steps. Without a "
        "ReLU the boundary is a straight line, however many layers there are: they multiply out to one."
    )
    plotly_chart(
        loss_figure({title: stack.losses for title, stack in stacks.items()}),
        key="spiral-losses",
        alt="Loss of both nets",
    )


def _multiplied() -> None:
    st.markdown(
        "$W_2(W_1 x + b_1) + b_2 = (W_2 W_1)\\,x + (W_2 b_1 + b_2)$: two Linear layers are one, and so is any number "
        "of them. Change the weights. Then put a ReLU between the layers: no single Linear bends like that."
    )
    controls = st.columns(3, gap="large", vertical_alignment="bottom")
    count = controls[0].slider("Linear layers", 2, len(START_LAYERS), 2, key="linear-count")
    x2 = controls[1].slider("x₂", -3.0, 3.0, 1.0, 0.1, key="linear-x2")
    relu = controls[2].toggle("ReLU between them", key="linear-relu")
    layers = []
    columns = st.columns(count + 1, gap="medium")
    for number, (column, start) in enumerate(zip(columns[:count], START_LAYERS[:count], strict=True), start=1):
        with column:
            st.markdown(f"Layer {number}")
            layers.append(_edited_layer(start, key=f"linear-{number}"))
    one = multiply_out(layers)
    with columns[-1]:
        st.markdown("**Multiplied out**")
        dataframe(_layer_frame(one), key="linear-product")
    x = np.stack((ALONG, np.full_like(ALONG, x2)), axis=1)
    stack, line = stack_output(layers, x, relu=relu)[:, 0], stack_output([one], x)[:, 0]
    difference = float(np.abs(stack - line).max())
    alt = f"The stack and the one Linear: {difference:.2g} apart at most"
    plotly_chart(collapsed_figure(ALONG, stack, line), key="linear-lines", alt=alt)
    st.caption(
        f"Largest difference between the stack and the one Linear: {difference:.2g}"
        + (" (rounding)." if 0 < difference < 1e-9 else ".")
    )


def _edited_layer(start: LinearLayer, *, key: str) -> LinearLayer:
    """Draws a layer's weights to edit, and returns them as they are; an empty cell counts as 0."""
    numbers = {name: st.column_config.NumberColumn(step=0.1, min_value=-100, max_value=100) for name in COLUMNS}
    frame = number_editor(_layer_frame(start), key=key, column_config=numbers).fillna(0.0)
    rows = frame[COLUMNS].to_numpy(dtype=float).tolist()
    return LinearLayer(tuple((row[0], row[1]) for row in rows), tuple(row[2] for row in rows))


def _layer_frame(layer: LinearLayer) -> pd.DataFrame:
    rows = [[*weights, bias] for weights, bias in zip(layer.weight, layer.bias, strict=True)]
    return pd.DataFrame(rows, columns=COLUMNS, index=[f"out {number}" for number in range(1, len(rows) + 1)])
