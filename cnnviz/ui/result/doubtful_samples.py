"""Samples of the data set that deserve a look: likely wrong labels, near duplicates, samples unlike all others."""

from collections.abc import Callable, Sequence

import numpy as np
import streamlit as st

from cnnviz.data.splitting import PARTS
from cnnviz.errors import CnnvizError
from cnnviz.insight.label_issues import find_label_issues
from cnnviz.insight.near_samples import Neighbours, SamplePair, compare_samples
from cnnviz.shapes import numel
from cnnviz.ui.data.cache import RESULTS
from cnnviz.ui.data.content import cached_scale, split_indices
from cnnviz.ui.data.left_out import leave_out_box, left_out_summary
from cnnviz.ui.data.sample_card import PICTURE_WIDTH
from cnnviz.ui.inside.samples import MAX_REQUEST_BYTES
from cnnviz.ui.result.gallery import TestedRun, draw_sample, sample_gallery
from cnnviz.ui.result.training_labels import training_labels_view
from cnnviz.ui.widgets.fields import escape_markdown
from cnnviz.ui.widgets.job_progress import job_progress
from cnnviz.words import count_label

MAX_COMPARED = 6_000
"""Samples that are compared with each other: those of the test part first."""
MAX_PAIRS = 12
NEAR = 0.2
"""Share of the usual distance below which two samples are near duplicates."""


def doubtful_samples_view(tested: TestedRun) -> None:
    """Draws the choice among the reasons to doubt a sample, and the samples."""
    names = list(VIEWS)
    chosen = st.segmented_control(
        "Doubt", names, default=names[0], required=True, key="doubt-view", label_visibility="collapsed"
    )
    if tested.dataset is not None:
        left_out_summary(tested.dataset)
    VIEWS[chosen or names[0]](tested)


def _labels_view(tested: TestedRun) -> None:
    predictions = tested.predictions
    issues = find_label_issues(predictions.probabilities, predictions.y)
    wrong = issues.wrong
    accuracy = float((predictions.predicted == predictions.y).mean())
    count = len(predictions.y)
    st.subheader(f"{count_label(len(wrong), 'label')} of {count:,} to look at", anchor=False)
    st.caption(
        "Of these, the net is sure of another class, by what is usual for that class. Below are all of its mistakes,"
        " the label that it finds least probable first. Either the label is wrong or the net is: it is right in"
        f" {accuracy:.1%} of the test samples, and the better a net, the more of these labels are wrong. This covers"
        " the test part alone: a net may know the labels of the other parts by heart; for those see Training labels"
        " ([Northcutt et al. 2021](https://arxiv.org/abs/1911.00068))."
    )
    sample_gallery(tested, issues.doubted, "labels")


def _duplicates_view(tested: TestedRun) -> None:
    neighbours = _neighbours(tested)
    if neighbours is None:
        return
    near = int(sum(pair.distance < NEAR for pair in neighbours.pairs(len(neighbours.indices))))
    st.subheader(f"{count_label(near, 'pair')} nearer than a fifth of the usual distance", anchor=False)
    st.caption(
        f"The {MAX_PAIRS} nearest pairs. {_coverage(tested, neighbours)} A test sample with a double in the training"
        " part is no test."
    )
    _pairs(tested, neighbours.pairs(MAX_PAIRS), "near")


def _outliers_view(tested: TestedRun) -> None:
    neighbours = _neighbours(tested)
    if neighbours is None:
        return
    st.subheader("The samples farthest from all others", anchor=False)
    st.caption(
        f"Each beside its nearest neighbour. {_coverage(tested, neighbours)} Damaged samples are here, and rare ones."
    )
    _pairs(tested, neighbours.farthest(MAX_PAIRS), "far")


def _neighbours(tested: TestedRun) -> Neighbours | None:
    """Returns the neighbours of the samples; None, with the reason, where the data set has them no longer."""
    content, dataset, config = tested.content, tested.dataset, tested.config
    if content is None or dataset is None or config is None:
        st.caption("The samples themselves cannot be shown: their data set was changed or removed.")
        return None
    split_kind = dataset.split_kind(config.split_kind)

    placeholder = st.empty()

    def compute() -> Neighbours:
        training, validation, test = content.split_indices(split_kind)
        limit = min(MAX_COMPARED, max(MAX_REQUEST_BYTES // (4 * numel(content.shape)), 2))
        indices = np.sort(np.concatenate([test, training, validation])[:limit])
        scale = cached_scale(content, split_kind, config.floor, config.normalization)[0]
        with job_progress(placeholder, "Comparing the samples …") as report:
            return compare_samples(content.x, indices, scale, report)

    try:
        return RESULTS.get(content, ("neighbours", split_kind, config.floor, config.normalization), compute)
    except CnnvizError as error:
        st.warning(escape_markdown(str(error)), icon=":material/error:")
        return None


def _coverage(tested: TestedRun, neighbours: Neighbours) -> str:
    total = 0 if tested.content is None else len(tested.content.y)
    count = len(neighbours.indices)
    which = f"All {count:,} samples" if count == total else f"{count:,} of {total:,} samples, those of the test first,"
    return (
        f"{which} are compared value by value, scaled as for the net; 1 is the median distance between a sample and its"
        " neighbour."
    )


def _pairs(tested: TestedRun, pairs: Sequence[SamplePair], name: str) -> None:
    """Draws pairs of samples, each with its label and part."""
    with st.container(horizontal=True, gap="large", key=f"pairs-{name}-{tested.run_id}"):
        for number, pair in enumerate(pairs):
            with st.container(width=2 * PICTURE_WIDTH + 20, gap="small", border=True):
                same = "the same, value for value" if pair.distance == 0 else f"distance {pair.distance:.3g}"
                st.markdown(f":small[**{same}**]")
                with st.container(horizontal=True, gap="small"):
                    for index in (pair.first, pair.second):
                        with st.container(width=PICTURE_WIDTH - 10, gap="small"):
                            text = _describe(tested, index)
                            key = f"{name}-{number}-{index}"
                            draw_sample(tested, index, alt=f"sample {index}: {text}", key=f"inside-{key}")
                            st.markdown(f":small[{escape_markdown(text)}]")
                            _box(tested, index, key)


def _box(tested: TestedRun, index: int, key: str) -> None:
    if tested.dataset is not None and tested.content is not None:
        leave_out_box(tested.dataset, tested.content, index, key=key)


def _describe(tested: TestedRun, index: int) -> str:
    """Returns the class and the part of a sample."""
    content, dataset, config = tested.content, tested.dataset, tested.config
    if content is None or dataset is None or config is None:
        return ""
    rows = split_indices(content, dataset.split_kind(config.split_kind)) or ()
    part = next((name for name, places in zip(PARTS, rows, strict=False) if np.any(places == index)), "")
    return f"{content.classes[int(content.y[index])]}, {part}"


VIEWS: dict[str, Callable[[TestedRun], None]] = {
    "Labels": _labels_view,
    "Training labels": training_labels_view,
    "Near duplicates": _duplicates_view,
    "Unlike the others": _outliers_view,
}
"""Every reason to doubt a sample."""
