"""The maps of one layer as the page draws them: which channels and slices, with the names of their axes."""

import numpy as np
import streamlit as st
from torch import Tensor

from cnnviz.charts.maps import MapStrip, Values, describe_values, features_figure, maps_figure
from cnnviz.inside import Subject
from cnnviz.ui.widgets.chart import plotly_chart

MAX_MAPS = 16
"""Channels of a layer that are drawn at a time."""
MAX_SLICES = 8
"""Slices of a volume that are drawn beside each other."""
MAX_SIDE = {1: 2000, 2: 96, 3: 48}
"""Number of axes behind the channels → samples along each that are drawn; of more, every second one, third one, …"""


def axis_names(subject: Subject, axes: int) -> tuple[str, ...]:
    """Returns the names of the axes behind the channels, as the data set has them where a layer has kept them."""
    names = subject.axis_names
    if len(names) == axes + 1:
        return names[1:]
    return {1: ("position",), 2: ("height", "width"), 3: ("depth", "height", "width")}[axes]


def strip_of(subject: Subject, values: Tensor, titles: list[str]) -> MapStrip:
    """Returns a strip of maps (C, *sizes); each number in it is one of the layer's."""
    axes = values.dim() - 1
    names = axis_names(subject, axes)
    step = [max(1, -(-size // MAX_SIDE[axes])) for size in values.shape[1:]]
    array: Values = values[(slice(None), *(slice(None, None, s) for s in step))].numpy()
    if axes == 1:
        return MapStrip(tuple(titles), tuple(array), names[0], steps=(1, step[0]))
    if axes == 3:
        places = np.unique(np.linspace(0, array.shape[1] - 1, min(MAX_SLICES, array.shape[1])).round().astype(int))
        slices = [(f"{title}, {names[0]} {place * step[0]}", array[number, place]) for number, title in
                  enumerate(titles) for place in places]  # fmt: skip
        return MapStrip(
            tuple(title for title, _ in slices),
            tuple(picture for _, picture in slices),
            names[2],
            names[1],
            steps=(step[1], step[2]),
        )
    if names == ("time", "band"):  # as everywhere in the app: time to the right, high bands at the top
        pictures = tuple(picture.T for picture in array)
        return MapStrip(tuple(titles), pictures, "time", "band", upwards=True, steps=(step[1], step[0]))
    return MapStrip(tuple(titles), tuple(array), names[1], names[0], steps=(step[0], step[1]))


def draw_maps(subject: Subject, values: Tensor, titles: list[str], *, key: str, alt: str, own_scale: bool) -> None:
    """Draws maps (C, *sizes), or the values of a flat layer (F,), with their main numbers as the alternative text."""
    numbers = describe_values(values.numpy())
    if values.dim() == 1:
        plotly_chart(features_figure(values.numpy(), titles), key=key, alt=f"{alt}: {numbers}")
        return
    strip = strip_of(subject, values, titles)
    columns = MAX_SLICES if values.dim() == 4 else 8
    figure = maps_figure(strip, own_scale=own_scale, columns=min(columns, max(1, len(strip.maps))))
    plotly_chart(figure, key=key, alt=f"{alt}: {numbers}")
    if max(strip.steps) > 1:
        st.caption(f"Every {max(strip.steps)}th value along an axis is drawn.")
