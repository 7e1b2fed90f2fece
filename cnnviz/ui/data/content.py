"""Content of the data sets that pages show, and what is computed from it: read and computed once for all."""

import numpy as np
import numpy.typing as npt
import streamlit as st

from cnnviz.charts.samples import encode_picture, thumbnail
from cnnviz.data.arrays import SplitIndices
from cnnviz.data.content import Content, PartView
from cnnviz.data.dataset import Dataset, ReportProgress
from cnnviz.data.overview import Histogram, class_mean, histograms_before_and_after
from cnnviz.data.scaling import Scale, fit_scale
from cnnviz.errors import CnnvizError, DataError
from cnnviz.ui.data.cache import PICTURES, RESULTS, ContentCache
from cnnviz.ui.reruns import send_now
from cnnviz.ui.widgets.fields import escape_markdown


def load_content(dataset: Dataset) -> Content:
    """Returns the content of a data set, with a progress bar while it is read for the first time."""
    content = _content_cache.get(dataset)
    if content is None:
        send_now()
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


def split_indices(content: Content, split_kind: str, left_out: tuple[int, ...] = ()) -> SplitIndices | None:
    """Returns the sample indices of each part; None where the data cannot be split in this way."""
    result = cached_split(content, split_kind, left_out)
    return None if isinstance(result, str) else result[0]


def cached_split(
    content: Content, split_kind: str, left_out: tuple[int, ...] = ()
) -> tuple[SplitIndices, tuple[int, ...]] | str:
    """Returns the sample indices and the number of speakers of each part, or why the data cannot be split so."""

    def compute() -> tuple[SplitIndices, tuple[int, ...]] | str:
        try:
            rows = content.split_indices(split_kind, left_out)
        except CnnvizError as error:
            return str(error)
        speakers = content.speakers or ()
        return rows, tuple(len({speakers[place] for place in part}) for part in rows) if speakers else ()

    return RESULTS.get(content, ("split", split_kind, left_out), compute)


def cached_picture(content: Content, axes: tuple[str, ...], index: int, width: int) -> bytes:
    """Returns a sample as a picture file `width` pixels wide, for `st.image`."""
    return PICTURES.get(
        content, (axes, index, width), lambda: encode_picture(thumbnail(content.x[index], axes, width), width)
    )


def cached_class_mean(content: Content, label: int) -> npt.NDArray[np.float32]:
    """Returns the mean sample of a class."""
    return RESULTS.get(content, ("mean", label), lambda: class_mean(content, label))


def cached_scale(
    content: Content, split_kind: str, floor: float | None, normalization: str, left_out: tuple[int, ...] = ()
) -> tuple[Scale, Histogram, Histogram]:
    """Returns the scale of the training part, and its values before and after; raises DataError without a split."""

    def compute() -> tuple[Scale, Histogram, Histogram]:
        result = cached_split(content, split_kind, left_out)
        if isinstance(result, str):
            raise DataError(result)
        training = PartView(content.x, result[0][0])
        scale = fit_scale(training, floor, normalization)
        return scale, *histograms_before_and_after(training, scale)

    return RESULTS.get(content, ("scale", split_kind, floor, normalization, left_out), compute)


def forget_dataset(name: str) -> None:
    """Drops a removed data set from the cache, which would keep its files on the disk."""
    _content_cache.drop(name)


_content_cache = ContentCache()
