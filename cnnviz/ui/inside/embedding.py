"""Samples as points, as the net has them before its last layer, and the nearest training samples of one."""

from collections.abc import Sequence
from html import escape

import numpy as np
import numpy.typing as npt
import streamlit as st

from cnnviz.charts.embedding import MAX_HIGHLIGHTED, EmbeddedSamples, embedding_figure, nearest_classes
from cnnviz.data.content import Content
from cnnviz.data.dataset import Dataset
from cnnviz.data.splitting import PARTS
from cnnviz.errors import DataError
from cnnviz.inside import Subject
from cnnviz.inside.embedding import Embedding, Method, check_width, embed_samples
from cnnviz.ui.data.content import split_indices
from cnnviz.ui.inside.samples import Places, choose_places, computed, net_request, sample_cards, samples_of
from cnnviz.ui.inside.subject_choice import LEFT_OUT
from cnnviz.ui.widgets.chart import selectable_plotly_chart
from cnnviz.ui.widgets.fields import escape_markdown
from cnnviz.words import count_label

MAX_SAMPLES = 6_000
"""Samples that are embedded."""
MAX_DRAWN = 1_500
"""Samples that are drawn."""
MAX_CARDS = 12
MAX_NEIGHBOURS = 6
"""Nearest training samples that are shown."""
METHODS: tuple[Method, ...] = ("PCA", "t-SNE")
PART_NAMES = (*PARTS, LEFT_OUT)
EXPLANATIONS = {
    "PCA": "Each axis is a direction along which the samples differ most; distances are true, as far as two axes go.",
    "t-SNE": "Keeps neighbours together. Sizes of groups and distances between them mean nothing (t-SNE, 2008).",
}


def embedding_view(subject: Subject) -> None:
    """Draws the samples as points, those that are selected, and the nearest ones of the sample at hand."""
    known = samples_of(subject)
    if known is None:
        return
    if subject.index is None:
        st.info("The embedding shows samples of the data set: choose one above.", icon=":material/info:")
        return
    check_width(subject.architecture)
    dataset, content = known
    with st.container(horizontal=True, vertical_alignment="bottom", key="embedding-controls"):
        method = st.segmented_control("Drawn by", METHODS, default="PCA", required=True, key="embedding-method")
    places = choose_places(subject, content, MAX_SAMPLES)
    parts = part_numbers(subject, content)
    embedding = embed_places(subject, content, places, method or "PCA")
    samples = _embedded(embedding, subject, content, places, parts, dataset.classes, method or "PCA")
    highlighted = _choose_classes(samples, dataset.classes, int(content.y[subject.index]))
    selected = selectable_plotly_chart(
        embedding_figure(samples, [escape(name) for name in dataset.classes], highlighted, subject.index),
        key=f"embedding-{dataset.name}-{method}-{len(highlighted)}",
        alt=f"{len(samples.points):,} samples before layer {embedding.title}, by {method}; highlighted:"
        f" {', '.join(dataset.classes[label] for label in highlighted)}",
    )
    st.caption(
        f"{len(samples.points):,} of {len(content.y):,} samples by the {count_label(embedding.width, 'number')} that"
        f" layer {embedding.title} gets of each. {EXPLANATIONS[method or 'PCA']} **Hover** names a sample, a **click**"
        " opens it; the **lasso** and the box at the upper right open several."
    )
    if subject.index not in samples.indices:
        st.caption(f"Sample {subject.index:,} is not among those that t-SNE has arranged; PCA draws it.")
    if selected:
        _selected(dataset, content, parts, selected)
    _neighbours(subject, dataset, content, places, embedding)


def part_numbers(subject: Subject, content: Content) -> npt.NDArray[np.int8]:
    """Returns the number of each sample's part in PART_NAMES; all are trained on where they cannot be split."""
    rows = split_indices(content, subject.split_kind, subject.left_out)
    if rows is None:
        return np.zeros(len(content.y), np.int8)
    parts = np.full(len(content.y), len(PARTS), np.int8)
    for number, places in enumerate(rows):
        parts[places] = number
    return parts


def embed_places(subject: Subject, content: Content, places: Places, method: Method) -> Embedding:
    """Returns the embedding of these samples by the net of a subject, whose own sample is one of them."""
    drawn = np.arange(len(places)) if method == "PCA" else _random_places(len(places))
    training = np.flatnonzero(part_numbers(subject, content)[places] == 0)
    if not len(training):
        raise DataError("These samples are too large: none of those that can be compared are of the training part.")
    return computed(
        subject,
        content,
        f"embedding-{method}-{subject.split_kind}-{subject.left_out}",
        places,
        lambda report: embed_samples(
            net_request(subject, content, places), method=method, drawn=drawn, training=training, on_progress=report
        ),
        text=f"Showing it {len(places):,} samples" + (", then arranging them …" if method == "t-SNE" else " …"),
    )


def _random_places(count: int) -> npt.NDArray[np.intp]:
    """Returns up to MAX_DRAWN of so many places, always the same ones, in order."""
    return np.sort(np.random.default_rng(1).permutation(count)[:MAX_DRAWN])


def _embedded(
    embedding: Embedding,
    subject: Subject,
    content: Content,
    places: Places,
    parts: npt.NDArray[np.int8],
    classes: Sequence[str],
    method: Method,
) -> EmbeddedSamples:
    """Returns the samples to draw: at most MAX_DRAWN, and the one at hand where it has a point."""
    shown = _random_places(len(embedding.drawn))
    own = np.flatnonzero(places[embedding.drawn] == subject.index)
    shown = np.union1d(shown, own)
    indices = places[embedding.drawn[shown]]
    labels = np.asarray(content.y)[indices]
    texts = [
        f"{escape(classes[int(label)])}, sample {index:,}, {PART_NAMES[parts[index]]}"
        for index, label in zip(indices, labels, strict=True)
    ]
    names = [
        f"component {number}, {share:.0%} of the variance" if method == "PCA" else f"t-SNE {number}"
        for number, share in enumerate(embedding.explained, 1)
    ]
    return EmbeddedSamples(embedding.points[shown], indices, labels, texts, (names[0], names[1]))


def _choose_classes(samples: EmbeddedSamples, classes: Sequence[str], label: int) -> list[int]:
    if len(classes) <= MAX_HIGHLIGHTED:
        return list(range(len(classes)))
    return st.multiselect(
        "Classes in colour",
        range(len(classes)),
        default=nearest_classes(samples, label),
        format_func=lambda number: escape_markdown(classes[number]),
        max_selections=MAX_HIGHLIGHTED,
        key=f"embedding-classes-{len(classes)}-{label}",
        help="At first the class of the sample at hand, and those whose centres are nearest to its own.",
    )


def _selected(dataset: Dataset, content: Content, parts: npt.NDArray[np.int8], indices: Sequence[int]) -> None:
    st.subheader(f"{count_label(len(indices), 'sample')} selected", anchor=False)
    cards = [(index, PART_NAMES[parts[index]]) for index in indices[:MAX_CARDS] if 0 <= index < len(content.y)]
    sample_cards(dataset, content, cards, key="embedding-selected", with_boxes=True)
    if len(indices) > MAX_CARDS:
        st.caption(f"The first {MAX_CARDS} are shown; select fewer to see others.")


def _neighbours(subject: Subject, dataset: Dataset, content: Content, places: Places, embedding: Embedding) -> None:
    place = int(np.flatnonzero(places == subject.index)[0])
    nearest, distances = embedding.nearest[place][:MAX_NEIGHBOURS], embedding.distances[place][:MAX_NEIGHBOURS]
    labels = [int(content.y[places[other]]) for other in nearest]
    same = sum(label == subject.label for label in labels)
    st.subheader("Its nearest training samples", anchor=False)
    st.markdown(
        f"{same} of {len(labels)} are labelled **{escape_markdown(dataset.classes[int(subject.label or 0)])}**, as"
        f" sample {subject.index:,} is."
    )
    cards = [
        (int(places[other]), f"distance {distance:.3g}") for other, distance in zip(nearest, distances, strict=True)
    ]
    sample_cards(dataset, content, cards, key="embedding-nearest", with_boxes=True)
    st.caption(
        f"Of all training samples among {len(places):,}, by their distance over all"
        f" {count_label(embedding.width, 'number')}, not by that in the picture. Where most have another label, either"
        " this label is doubtful, or the net sees what they have in common."
    )
