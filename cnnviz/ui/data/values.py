"""A data set as a whole: class counts, class means, and its values before and after scaling."""

import numpy as np
import streamlit as st

from cnnviz.charts.overview import class_counts_figure, histogram_figure
from cnnviz.charts.samples import thumbnail
from cnnviz.data.arrays import SplitIndices
from cnnviz.data.content import Content
from cnnviz.data.dataset import Dataset
from cnnviz.data.overview import Histogram, class_counts
from cnnviz.data.scaling import NORMALIZATIONS, Scale
from cnnviz.data.splitting import PARTS
from cnnviz.ui.data.content import cached_class_mean, cached_scale
from cnnviz.ui.state import current_config
from cnnviz.ui.training.knobs import knob
from cnnviz.ui.widgets.chart import plotly_chart
from cnnviz.ui.widgets.fields import escape_markdown

MAX_MEANS = 40
PICTURE_WIDTH = 130


def classes_view(dataset: Dataset, content: Content, rows: SplitIndices) -> None:
    """Draws how many samples of each class are in each part, and the mean of each class."""
    plotly_chart(
        class_counts_figure(dataset.classes, PARTS, class_counts(content.y, rows, len(dataset.classes))), key="counts"
    )
    st.subheader("The mean of each class", anchor=False)
    st.markdown("What the samples of a class have in common stays sharp; what differs between them is blurred.")
    subset = content.x[: dataset.size : max(1, dataset.size // 50)]
    bounds = float(subset.min()), float(subset.max())  # of single samples, so that a mean looks as weak as it is
    with st.container(horizontal=True, gap="small", key="means"):
        for label, name in enumerate(dataset.classes[:MAX_MEANS]):
            with st.container(width=PICTURE_WIDTH, gap=None):
                st.image(
                    thumbnail(np.asarray(cached_class_mean(content, label)), dataset.axes, PICTURE_WIDTH, bounds),
                    width=PICTURE_WIDTH,
                    alt=f"mean of the class {name}",
                )
                st.caption(escape_markdown(name))
    if len(dataset.classes) > MAX_MEANS:
        st.caption(f"The first {MAX_MEANS} of {len(dataset.classes):,} classes.")


def values_view(content: Content, split_kind: str) -> None:
    """Draws the fields for floor and normalisation, and what they do to the values."""
    st.markdown(
        "A net learns best from values around 0 with a standard deviation of about 1. Mean and deviation come from the"
        " **training"
        " part alone**: validation and test samples must not influence what the net sees."
    )
    with st.container(horizontal=True, vertical_alignment="top", key="scaling"):
        for name in ("floor", "normalization"):
            with st.container(width=260):
                knob(current_config(), name)
    config = current_config()
    scale, before, after = cached_scale(content, split_kind, config.floor, config.normalization)
    histograms = {"as they are": before}
    if config.floor is not None or config.normalization != "none":
        histograms["as the net gets them"] = after
    plotly_chart(
        histogram_figure({name: (histogram.edges, histogram.shares) for name, histogram in histograms.items()}),
        key="values",
    )
    st.markdown("  \n".join(_histogram_text(name, histogram) for name, histogram in histograms.items()))
    st.caption(_scale_text(scale))


def _histogram_text(name: str, histogram: Histogram) -> str:
    mean = 0.0 if abs(histogram.mean) < 1e-4 * histogram.std else histogram.mean  # what float32 leaves of a mean of 0
    return (
        f"Values {name}, of {histogram.samples:,} training samples: from {histogram.low:.4g} to {histogram.high:.4g},"
        f" mean {mean:.4g},"
        f" standard deviation {histogram.std:.4g}."
    )


def _scale_text(scale: Scale) -> str:
    if scale.mean is None or scale.std is None:
        return "The values are not scaled."
    if scale.mean.size == 1:
        return (
            f"The mean {scale.mean.item():.4g} is subtracted from every value, which is then divided by"
            f" {scale.std.item():.4g}."
        )
    normalization = NORMALIZATIONS[current_config().normalization]
    title = normalization.title if normalization else ""
    return f"{scale.mean.size} means and deviations, {title}; they are stored with each run."
