"""The data set that the Data page shows: which one, how it is split, and its content."""

import numpy as np
import numpy.typing as npt
import streamlit as st

from cnnviz.data import available_datasets, own_uploads
from cnnviz.data.arrays import SplitIndices
from cnnviz.data.content import Content, PartView
from cnnviz.data.dataset import Dataset, ReportProgress
from cnnviz.data.overview import Histogram, class_mean, histograms_before_and_after
from cnnviz.data.scaling import Scale, fit_scale
from cnnviz.data.splitting import PARTS, SPLIT_KINDS
from cnnviz.errors import CnnvizError, DataError
from cnnviz.shapes import format_shape
from cnnviz.ui.data.cache import ContentCache, cached_result
from cnnviz.ui.navigation import open_page
from cnnviz.ui.runs.labels import dataset_titles
from cnnviz.ui.state import choose_dataset, current_config, current_owner, dataset_choice_key, save_config
from cnnviz.ui.widgets.fields import escape_markdown


def use_dataset(name: str) -> None:
    """Opens a new data set on the Data page, chooses it for training, and says so."""
    choose_dataset(name)
    save_config(current_config().changed(dataset=name))
    dataset = own_uploads().datasets_of(current_owner()).get(name)
    if dataset:
        st.toast(
            f"“{escape_markdown(dataset_titles()[name])}” is ready and chosen for training:"
            f" {dataset.size:,} samples of {format_shape(dataset.shape)} in {len(dataset.classes):,} classes.",
            icon=":material/check:",
            duration="long",
        )


def dataset_picker() -> Dataset:
    """Draws the choice among data sets, and returns the chosen one; at first the one to train on."""
    datasets = available_datasets(current_owner())
    titles = dataset_titles()
    name = st.selectbox(
        "Data set",
        list(titles),
        format_func=titles.__getitem__,
        key=dataset_choice_key(datasets),
        persist_state="session",
        width=320,
    )
    return datasets[name]


def split_kind_picker(dataset: Dataset) -> str:
    """Draws the choice among ways to split, where there are several, and returns the chosen one."""
    if len(dataset.split_kinds) < 2:
        return dataset.split_kinds[0]
    picked = st.segmented_control(
        "Split",
        dataset.split_kinds,
        default=dataset.split_kind(current_config().split_kind),
        required=True,
        format_func=lambda name: SPLIT_KINDS[name].title,
        key=f"split-kind-{dataset.name}",
        persist_state="session",
    )
    return picked or dataset.split_kinds[0]


def train_button(dataset: Dataset, split_kind: str) -> None:
    """Draws the button that takes a data set and its split to the Train page."""
    if st.button("Train on it", icon=":material/show_chart:", key="train-on-it", width="content"):
        save_config(current_config().changed(dataset=dataset.name).changed(split_kind=split_kind))
        open_page("pages/train.py")


def dataset_summary(dataset: Dataset) -> None:
    """Draws the description of a data set and the shape of its samples."""
    axes = " × ".join(dataset.axes)
    st.markdown(
        f"{escape_markdown(dataset.description)}  \nOne sample is **{format_shape(dataset.shape)}**"
        + (f" ({axes})" if axes else "")
        + f", in one of **{len(dataset.classes)}** classes."
    )


def load_content(dataset: Dataset) -> Content:
    """Returns the content of a data set, with a progress bar while it is read for the first time."""
    content = _content_cache.get(dataset)
    if content is None:
        placeholder = st.empty()
        bar = placeholder.progress(0.0, f"Reading “{escape_markdown(dataset.title)}” …")

        def report_progress(done: int, total: int) -> None:
            bar.progress(done / total, f"Reading “{escape_markdown(dataset.title)}”: {done:,} of {total:,}")

        try:
            content = read_content(dataset, report_progress)
        except CnnvizError as error:  # removed in this moment, from another tab
            placeholder.warning(escape_markdown(str(error)), icon=":material/delete:")
            st.stop()
        placeholder.empty()
    return content


def read_content(dataset: Dataset, report_progress: ReportProgress = lambda done, total: None) -> Content:
    """Returns the content of a data set, read unless it is cached; draws nothing, so that any thread may call it."""
    with _content_cache.reading(dataset):
        content = _content_cache.get(dataset)
        if content is None:
            content = dataset.load_content(report_progress)
            _content_cache.put(dataset, content)
    return content


def show_split(content: Content, split_kind: str) -> SplitIndices | None:
    """Draws the sizes and speakers of each part and what their scores tell; returns the sample indices.

    None, with the reason on the page, where the data cannot be split so.
    """
    result = _cached_split(content, split_kind)
    if isinstance(result, str):
        st.warning(escape_markdown(result), icon=":material/call_split:")
        return None
    rows, speaker_counts = result
    sizes = ", ".join(f"**{len(part):,}** for {name}" for name, part in zip(PARTS, rows, strict=True))
    speaker_text = ""
    if speaker_counts:
        speaker_text = " Speakers: " + ", ".join(f"{count:,}" for count in speaker_counts)
        speaker_text += ", each in one part only." if split_kind == "speaker" else ", mixed among the parts."
    st.markdown(f"{sizes}.{speaker_text} *{SPLIT_KINDS[split_kind].question}*")
    return rows


def split_indices(content: Content, split_kind: str) -> SplitIndices | None:
    """Returns the sample indices of each part; None where the data cannot be split in this way."""
    result = _cached_split(content, split_kind)
    return None if isinstance(result, str) else result[0]


def _cached_split(content: Content, split_kind: str) -> tuple[SplitIndices, tuple[int, ...]] | str:
    """Returns the sample indices and the number of speakers of each part, or why the data cannot be split so."""

    def compute() -> tuple[SplitIndices, tuple[int, ...]] | str:
        try:
            rows = content.split_indices(split_kind)
        except CnnvizError as error:
            return str(error)
        speakers = content.speakers or ()
        return rows, tuple(len({speakers[place] for place in part}) for part in rows) if speakers else ()

    return cached_result(content, ("split", split_kind), compute)


def cached_class_mean(content: Content, label: int) -> npt.NDArray[np.float32]:
    """Returns the mean sample of a class."""
    return cached_result(content, ("mean", label), lambda: class_mean(content, label))


def cached_scale(
    content: Content, split_kind: str, floor: float | None, normalization: str
) -> tuple[Scale, Histogram, Histogram]:
    """Returns the scale of the training part, and its values before and after; raises DataError without a split."""

    def compute() -> tuple[Scale, Histogram, Histogram]:
        result = _cached_split(content, split_kind)
        if isinstance(result, str):
            raise DataError(result)
        training = PartView(content.x, result[0][0])
        scale = fit_scale(training, floor, normalization)
        return scale, *histograms_before_and_after(training, scale)

    return cached_result(content, ("scale", split_kind, floor, normalization), compute)


def forget_dataset(name: str) -> None:
    """Drops a removed data set from the cache, which would keep its files on the disk."""
    _content_cache.drop(name)


_content_cache = ContentCache()
