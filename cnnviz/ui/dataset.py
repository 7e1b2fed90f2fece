"""The data set that is looked at: which one, how it is split, and everything in it."""

import numpy as np
import numpy.typing as npt
import streamlit as st

from cnnviz.data import available
from cnnviz.data.base import Dataset, Rows
from cnnviz.data.content import Content, Part
from cnnviz.data.overview import Histogram, before_and_after, class_mean
from cnnviz.data.scaling import Scale, fitted
from cnnviz.data.splitting import PARTS, WAYS
from cnnviz.errors import CnnvizError, DataError
from cnnviz.shapes import show
from cnnviz.ui.fields import distinct, escaped
from cnnviz.ui.known import Known, remembered
from cnnviz.ui.navigation import open_page
from cnnviz.ui.state import config, keep_config
from cnnviz.ui.student import owner

VIEWED, WAY = "data-set", "way"
"""Keys of the widgets that choose the data set and the way to split it."""


def choose(name: str) -> None:
    """Make this the data set that is looked at."""
    st.session_state[VIEWED] = name


def brought(name: str) -> None:
    """Make what was just brought the data set that is looked at and trained on."""
    choose(name)
    keep_config(config().changed("dataset", name))


def chosen() -> Dataset:
    """The widget that chooses; at first what the student trains on."""
    datasets = available(owner())
    if st.session_state.get(VIEWED) not in datasets:
        settled = config().dataset
        choose(settled if settled in datasets else next(iter(datasets)))
    titles = distinct({name: dataset.title for name, dataset in datasets.items()})
    name = st.selectbox(
        "Data set", list(titles), format_func=titles.__getitem__, key=VIEWED, persist_state="session", width=320
    )
    return datasets[name]


def way(dataset: Dataset) -> str:
    """The widget that chooses the way to split, where there is a choice."""
    if len(dataset.splits) < 2:
        return dataset.splits[0]
    picked = st.segmented_control(
        "Split",
        dataset.splits,
        default=dataset.way(config().split),
        required=True,
        format_func=lambda name: WAYS[name].title,
        key=f"{WAY}-{dataset.name}",
        persist_state="session",
    )
    return picked or dataset.splits[0]


def train_button(dataset: Dataset, way: str) -> None:
    """Take data set and split over to the Train page."""
    if st.button("Train on it", icon=":material/show_chart:", key="train-on-it", width="content"):
        keep_config(config().changed("dataset", dataset.name).changed("split", way))
        open_page("pages/train.py")


def described(dataset: Dataset) -> None:
    """What it is, and the shape that a net gets."""
    axes = " × ".join(dataset.axes)
    st.markdown(
        f"{escaped(dataset.story)}  \nOne sample is **{show(dataset.shape)}**"
        + (f" ({axes})" if axes else "")
        + f", in one of **{len(dataset.classes)}** classes."
    )


def loaded(dataset: Dataset) -> Content:
    """Everything in it; with a progress bar while it is made for the first time."""
    content = _known.get(dataset)
    if content is None:
        place = st.empty()
        bar = place.progress(0.0, f"“{escaped(dataset.title)}” is being read …")

        def tell(done: int, total: int) -> None:
            bar.progress(done / total, f"“{escaped(dataset.title)}” is being read: {done:,} of {total:,}")

        try:
            content = dataset.content(tell)
        except CnnvizError as error:  # removed in this moment, from another tab
            place.warning(escaped(str(error)), icon=":material/delete:")
            st.stop()
        place.empty()
        _known.keep(dataset, content)
    return content


def split(content: Content, way: str) -> Rows | None:
    """The places of each part, with their sizes, who is heard in them, and which question their scores answer.

    None, with the reason on the page, where the data cannot be split so.
    """
    found = _split(content, way)
    if isinstance(found, str):
        st.warning(escaped(found), icon=":material/call_split:")
        return None
    rows, heard = found
    sizes = ", ".join(f"**{len(part):,}** for {name}" for name, part in zip(PARTS, rows, strict=True))
    voices = ""
    if heard:
        voices = " Speakers: " + ", ".join(f"{count:,}" for count in heard)
        voices += ", none in two parts." if way == "speaker" else ", mixed among the parts."
    st.markdown(f"{sizes}.{voices} *{WAYS[way].question}*")
    return rows


def rows_of(content: Content, way: str) -> Rows | None:
    """The places of each part; None where the data cannot be split so."""
    found = _split(content, way)
    return None if isinstance(found, str) else found[0]


def _split(content: Content, way: str) -> tuple[Rows, tuple[int, ...]] | str:
    """The parts and how many speakers are heard in each, or why there are none."""

    def made() -> tuple[Rows, tuple[int, ...]] | str:
        try:
            rows = content.rows(way)
        except CnnvizError as error:
            return str(error)
        speakers = content.speakers or ()
        return rows, tuple(len({speakers[place] for place in part}) for part in rows) if speakers else ()

    return remembered(content, ("split", way), made)


def mean_of(content: Content, label: int) -> npt.NDArray[np.float32]:
    """The mean sample of a class."""
    return remembered(content, ("mean", label), lambda: class_mean(content, label))


def scale_of(content: Content, way: str, floor: float | None, normalization: str) -> tuple[Scale, Histogram, Histogram]:
    """The scale by the training part alone, and its values before and after; the way must be one that does."""

    def made() -> tuple[Scale, Histogram, Histogram]:
        found = _split(content, way)
        if isinstance(found, str):
            raise DataError(found)
        training = Part(content.x, found[0][0])
        scale = fitted(training, floor, normalization)
        return scale, *before_and_after(training, scale)

    return remembered(content, ("scale", way, floor, normalization), made)


def forget(name: str) -> None:
    """Let go of a data set that was removed: its files take room on the disk as long as somebody holds them."""
    _known.drop(name)


_known = Known()
