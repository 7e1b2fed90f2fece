"""A gallery of test samples: pictures and sounds, each with the answers of the net."""

from dataclasses import dataclass

import streamlit as st

from cnnviz.data.content import Content
from cnnviz.data.dataset import Dataset
from cnnviz.insight.confusion import SampleIndices, top_classes
from cnnviz.insight.predictions import Predictions
from cnnviz.training.config import TrainConfig
from cnnviz.ui.data.sample_card import PICTURE_WIDTH, sample_card
from cnnviz.ui.navigation import open_page
from cnnviz.ui.state import look_inside_later
from cnnviz.ui.widgets.counter import count_up, counter
from cnnviz.ui.widgets.fields import escape_markdown

SAMPLES_PER_PAGE = 12
"""Samples that are shown before More is pressed."""


@dataclass(frozen=True, eq=False)
class TestedRun:
    """The predictions of a run and, where the data set still has them, the samples."""

    run_id: str
    predictions: Predictions
    dataset: Dataset | None = None
    content: Content | None = None
    indices: SampleIndices | None = None
    """(N,): where in the content each sample is."""
    config: TrainConfig | None = None
    """The settings of the run, where the samples are there."""

    @property
    def speakers(self) -> list[str] | None:
        """Who is heard in each sample, where that is known."""
        if self.content is None or self.indices is None or self.content.speakers is None:
            return None
        return [self.content.speakers[place] for place in self.indices]


def sample_gallery(tested: TestedRun, rows: SampleIndices, name: str) -> None:
    """Draws the first of these samples with the classes that the net found most likely; more when More is pressed."""
    if not len(rows):
        st.caption("No samples.")
        return
    key = f"{name}-{tested.run_id}"
    limit = SAMPLES_PER_PAGE * (1 + counter(f"more-{key}"))
    with st.container(horizontal=True, gap="medium", key=f"samples-{key}"):
        for row in rows[:limit]:
            with st.container(width=PICTURE_WIDTH, gap="small"):
                _sample_card(tested, int(row), name)
    if len(rows) > limit:
        st.button(
            f"More of {len(rows):,}",
            key=f"go-{key}",
            icon=":material/expand_more:",
            on_click=count_up,
            args=(f"more-{key}",),
        )
    if tested.content is None:
        st.caption("The samples themselves cannot be shown: their data set was changed or removed.")


def _sample_card(tested: TestedRun, row: int, name: str) -> None:
    predictions = tested.predictions
    if tested.indices is not None:
        names = [predictions.classes[int(labels[row])] for labels in (predictions.y, predictions.predicted)]
        draw_sample(
            tested,
            int(tested.indices[row]),
            alt=f"test sample: is {names[0]}, answered {names[1]}",
            key=f"inside-{name}-{row}",
        )
    right = int(predictions.y[row])
    texts = [f"is **{escape_markdown(predictions.classes[right])}**"]
    for number, probability in top_classes(predictions, row):
        mark = ":green" if number == right else ":red" if number == predictions.predicted[row] else ":gray"
        texts.append(f"{mark}[{escape_markdown(predictions.classes[number])} {probability:.1%}]")
    lines = "  \n".join(texts)
    st.markdown(f":small[{lines}]")


def draw_sample(tested: TestedRun, index: int, *, alt: str, key: str) -> None:
    """Draws a sample of the data set as a picture, with its sound and a button that opens it on the Inside page."""
    if tested.content is None or tested.dataset is None:
        return
    sample_card(tested.content, tested.dataset, index, alt=alt)
    if st.button("Look inside at this one", type="tertiary", icon=":material/biotech:", key=key):
        look_inside_later(tested.run_id, index)
        open_page("pages/inside.py")
