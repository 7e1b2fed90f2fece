"""A data set as a whole: counts, mean samples, and its values before and after they are brought to a common scale."""

import numpy as np
import streamlit as st

from cnnviz.charts.overview import counts_figure, values_figure
from cnnviz.charts.samples import thumbnail
from cnnviz.data.base import Dataset, Rows
from cnnviz.data.content import Content
from cnnviz.data.overview import Histogram, counts
from cnnviz.data.scaling import NORMALIZATIONS, Scale
from cnnviz.data.splitting import PARTS
from cnnviz.ui.chart import plot
from cnnviz.ui.dataset import mean_of, scale_of
from cnnviz.ui.fields import escaped
from cnnviz.ui.knobs import knob
from cnnviz.ui.state import config

MOST_MEANS = 40
WIDTH = 130


def classes(dataset: Dataset, content: Content, rows: Rows) -> None:
    """How many samples of each class are in each part, and what they are like on average."""
    plot(counts_figure(dataset.classes, PARTS, counts(content.y, rows, len(dataset.classes))), key="counts")
    st.subheader("The mean of each class", anchor=False)
    st.markdown("What all samples of a class have in common stays; what differs from one to the next is smeared.")
    some = content.x[: dataset.size : max(1, dataset.size // 50)]
    bounds = float(some.min()), float(some.max())  # of single samples, so that a mean looks as weak as it is
    with st.container(horizontal=True, gap="small", key="means"):
        for label, name in enumerate(dataset.classes[:MOST_MEANS]):
            with st.container(width=WIDTH, gap=None):
                st.image(thumbnail(np.asarray(mean_of(content, label)), dataset.axes, WIDTH, bounds), width=WIDTH)
                st.caption(escaped(name))
    if len(dataset.classes) > MOST_MEANS:
        st.caption(f"The first {MOST_MEANS} of {len(dataset.classes):,} classes.")


def values(content: Content, way: str) -> None:
    """Floor and normalisation, and what they do to the values."""
    st.markdown(
        "A net learns best from values around 0 that spread by about 1. Mean and deviation come from the **training"
        " part alone**: validation and test must not have a say in what the net gets to see."
    )
    with st.container(horizontal=True, vertical_alignment="top", key="scaling"):
        for name in ("floor", "normalization"):
            with st.container(width=260):
                knob(config(), name)
    settled = config()
    scale, before, after = scale_of(content, way, settled.floor, settled.normalization)
    drawn = {"as they are": before}
    if settled.floor is not None or settled.normalization != "none":
        drawn["as the net gets them"] = after
    plot(values_figure({name: (told.edges, told.shares) for name, told in drawn.items()}), key="values")
    st.markdown("  \n".join(_told(name, histogram) for name, histogram in drawn.items()))
    st.caption(_numbers(scale))


def _told(name: str, told: Histogram) -> str:
    mean = 0.0 if abs(told.mean) < 1e-4 * told.std else told.mean  # what float32 leaves of a mean of 0
    return (
        f"Values {name}, of {told.samples:,} training samples: from {told.low:.4g} to {told.high:.4g}, mean {mean:.4g},"
        f" standard deviation {told.std:.4g}."
    )


def _numbers(scale: Scale) -> str:
    if scale.mean is None or scale.std is None:
        return "Nothing is subtracted and nothing divided."
    if scale.mean.size == 1:
        return (
            f"From every value the mean {scale.mean.item():.4g} is subtracted, then it is divided by"
            f" {scale.std.item():.4g}."
        )
    ways = NORMALIZATIONS[config().normalization]
    return f"{scale.mean.size} means and deviations, {ways.title if ways else ''}; they are kept with each run."
