"""Samples of the data set that a net is looked into with: which of them, as a request, and as cards."""

import hashlib
from collections.abc import Callable, Sequence
from typing import TypeVar

import numpy as np
import numpy.typing as npt
import streamlit as st

from cnnviz.data import available_datasets
from cnnviz.data.content import Content
from cnnviz.data.dataset import Dataset
from cnnviz.inside import Subject
from cnnviz.inside.net_request import NetRequest
from cnnviz.processes.one_shot import OnProgress
from cnnviz.shapes import numel
from cnnviz.ui.data.cache import RESULTS
from cnnviz.ui.data.content import load_content
from cnnviz.ui.data.left_out import leave_out_box
from cnnviz.ui.data.sample_card import PICTURE_WIDTH, sample_card
from cnnviz.ui.state import current_owner, open_sample_later
from cnnviz.ui.widgets.fields import escape_markdown
from cnnviz.ui.widgets.job_progress import WAITING, job_progress

MAX_REQUEST_BYTES = 64 * 2**20
"""Most bytes of samples that a process gets."""
T = TypeVar("T")
Places = npt.NDArray[np.intp]


def samples_of(subject: Subject) -> tuple[Dataset, Content] | None:
    """Returns the data set of a subject and its samples; None, with the reason, where no data set has such samples."""
    dataset = available_datasets(current_owner()).get(subject.dataset)
    if dataset is None:
        st.info("No data set has such samples, so there is nothing to show this net.", icon=":material/info:")
        return None
    return dataset, load_content(dataset)


def choose_places(subject: Subject, content: Content, limit: int) -> Places:
    """Returns the indices of up to `limit` samples, in order: the same ones for all, and the subject's own.

    Fewer are taken where samples are large.
    """
    count = min(limit, len(content.y), max(MAX_REQUEST_BYTES // (4 * numel(content.shape)), 2))
    places = np.random.default_rng(0).permutation(len(content.y))[:count]
    if subject.index is not None and subject.index not in places:
        places[-1] = subject.index
    return np.asarray(np.sort(places), np.intp)


def net_request(subject: Subject, content: Content, places: Places) -> NetRequest:
    """Returns the net of a subject with these samples, for a process of its own."""
    samples = np.array(content.x[places], np.float32)
    return NetRequest(subject.architecture, subject.build().state_dict(), subject.scale, samples)


def computed(
    subject: Subject, content: Content, name: str, places: Places, compute: Callable[[OnProgress], T], *,
    text: str,
) -> T:  # fmt: skip
    """Returns what a process computes of a net and samples, once for all; with a progress bar meanwhile."""
    placeholder = st.empty()

    def with_progress() -> T:
        with job_progress(placeholder, text) as report:
            return compute(report)

    def on_wait() -> None:
        placeholder.progress(0.0, f"{text} {WAITING}")

    key = (name, net_digest(subject), places.tobytes())
    try:
        return RESULTS.get(content, key, with_progress, on_wait)
    finally:
        placeholder.empty()


def sample_cards(
    dataset: Dataset, content: Content, cards: Sequence[tuple[int, str]], *, key: str, with_boxes: bool = False
) -> None:
    """Draws samples by their index, each with a text below its name, and a button that opens it on this page.

    With boxes, each can be left out of the next training.
    """
    with st.container(horizontal=True, gap="medium", key=key):
        for number, (index, text) in enumerate(cards):
            name = dataset.classes[int(content.y[index])]
            with st.container(width=PICTURE_WIDTH, gap="small"):
                sample_card(content, dataset, index, alt=f"sample {index:,}, {name}; {text}")
                st.markdown(f":small[**{escape_markdown(name)}**, {escape_markdown(text)}]")
                st.button(
                    f"Open sample {index:,}",
                    type="tertiary",
                    key=f"{key}-{number}-{index}",
                    help="Open this sample above.",
                    on_click=open_sample_later,
                    args=(index,),
                )
                if with_boxes:
                    leave_out_box(dataset, content, index, key=key)


def net_digest(subject: Subject) -> str:
    """Returns what tells one net, its weights and its scaling from others."""
    digest = hashlib.blake2b(subject.architecture.to_json().encode(), digest_size=16)
    digest.update(f"{subject.seed if subject.weights is None else ''} {subject.scale.to_dict()}".encode())
    for name, value in sorted((subject.weights or {}).items()):
        digest.update(name.encode())
        digest.update(value.contiguous().numpy().tobytes())
    return digest.hexdigest()
