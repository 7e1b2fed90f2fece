"""Occlusion for the page: computed by a process of its own, and kept for this session."""

import hashlib
from collections.abc import Sequence

import numpy as np
import streamlit as st

from cnnviz.inside import Subject
from cnnviz.inside.net_request import NetRequest
from cnnviz.inside.occlusion import affordable_window, window_masks
from cnnviz.inside.occlusion_process import occlude
from cnnviz.inside.relevance import Question, Relevance
from cnnviz.ui.inside.own_results import own_results
from cnnviz.ui.inside.samples import net_digest
from cnnviz.ui.state import session_dict
from cnnviz.ui.widgets.job_progress import job_progress
from cnnviz.words import count_label

KEPT = "occlusion-maps"
"""Session dict with the maps of the last questions, by what was asked."""
MAX_KEPT = 12
MAX_KEPT_BYTES = 16 * 2**20
"""Questions, and bytes of their maps, that are kept; the last one is kept always."""


def occlusion_maps(subject: Subject, question: Question, seeds: Sequence[int] = ()) -> list[Relevance]:
    """Returns the map of a subject's net, or one for the same design with the initial weights of each seed.

    Draws a bar meanwhile. Raises LimitError and CnnvizError as `occlude` does.
    """
    shape = tuple(subject.sample.shape[1:])
    windows = affordable_window(shape, question.window or shape[1:])
    placeholder = st.empty()
    key = _digest(subject, repr((question.label, windows, question.cover, list(seeds))))
    kept: dict[str, list[Relevance]] = own_results().setdefault(KEPT, {}) if subject.own else session_dict(KEPT)
    if key not in kept:
        weights = {} if seeds else subject.build().state_dict()
        samples = np.asarray(subject.raw_sample[None], np.float32)
        request = NetRequest(subject.architecture, weights, subject.scale, samples)
        text = f"Covering {count_label(len(window_masks(shape, *windows)), 'window')}, one after the other"
        text += f", in {count_label(len(seeds), 'net')} with random weights …" if seeds else " …"
        with job_progress(placeholder, text) as report:
            maps = occlude(
                request, label=question.label, windows=windows, cover=question.cover, seeds=seeds, on_progress=report
            )
        kept[key] = maps
        _drop_oldest(kept)
    return kept[key]


def _drop_oldest(kept: dict[str, list[Relevance]]) -> None:
    while len(kept) > 1 and (
        len(kept) > MAX_KEPT or sum(one.nbytes for maps in kept.values() for one in maps) > MAX_KEPT_BYTES
    ):
        del kept[next(iter(kept))]


def _digest(subject: Subject, asked: str) -> str:
    digest = hashlib.blake2b(f"{net_digest(subject)} {asked}".encode(), digest_size=16)
    digest.update(np.ascontiguousarray(subject.raw_sample).tobytes())
    return digest.hexdigest()
