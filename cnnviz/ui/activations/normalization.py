"""What BatchNorm does to one channel, in training and in evaluation."""

import streamlit as st

from cnnviz.charts.experiments import histograms_figure, running_mean_figure
from cnnviz.experiments.normalization import ChannelQuestion, normalize_channel
from cnnviz.ui.widgets.chart import plotly_chart


def normalization() -> None:
    """Draws the histograms of a channel before and after, and the running mean on its way."""
    columns = st.columns(5, gap="medium", vertical_alignment="bottom")
    mean = columns[0].slider("Mean of the values", -10.0, 10.0, 3.0, 0.5, key="norm-mean")
    deviation = columns[1].slider("Their standard deviation", 0.5, 10.0, 2.0, 0.5, key="norm-deviation")
    batch_size = columns[2].select_slider("Batch size", [2, 4, 8, 16, 32, 64, 128, 256], 32, key="norm-batch")
    batches = columns[3].slider("Batches so far", 1, 200, 40, key="norm-batches")
    momentum = columns[4].select_slider("momentum", [0.01, 0.05, 0.1, 0.3, 1.0], 0.1, key="norm-momentum")
    channel = normalize_channel(
        ChannelQuestion(mean=mean, deviation=deviation, batch_size=batch_size, batches=batches, momentum=momentum)
    )
    left, right = st.columns(2, gap="large")
    with left:
        st.subheader("One channel, before and after")
        histograms = {
            "before": channel.before,
            "after, training": channel.in_training,
            "after, evaluation": channel.in_evaluation,
        }
        plotly_chart(histograms_figure(histograms), key="norm-histograms", alt="One channel before and after BatchNorm")
    with right:
        st.subheader("The running mean converges")
        plotly_chart(
            running_mean_figure(channel.batch_means, channel.running_means, mean),
            key="norm-means",
            alt=f"Running mean {channel.running_means[-1]:.3g} after {batches} batches",
        )
    st.markdown(
        "In **training**, each batch is scaled by its own mean and variance. In **evaluation**, every sample is scaled "
        "by the running ones, so that its answer does not depend on its neighbours: before enough batches have gone "
        "through, these are still near 0 and 1 and the answers are off. `momentum` is the weight of the newest batch."
    )
    if batch_size == 2:
        st.info(
            "**A batch of 2:** the larger of two values always becomes +1 and the smaller −1, whatever they are. What "
            "the values were is lost; use larger batches, GroupNorm or LayerNorm.",
            icon=":material/info:",
        )
    st.caption(
        f"After {batches} batches: running mean {channel.running_means[-1]:.3f}, running variance "
        f"{channel.running_variances[-1]:.3f}; of all values there are, {mean:.3f} and {deviation**2:.3f}."
    )
