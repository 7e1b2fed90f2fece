"""What every layer makes of the chosen sample: computed for the page."""

import numpy as np
import streamlit as st
import torch
from torch import Tensor

from cnnviz.data import available_datasets
from cnnviz.errors import ShapeError
from cnnviz.inside import Subject
from cnnviz.inside.feature_maps import LayerMaps, record_maps
from cnnviz.inside.subject import scaled_batch
from cnnviz.seeding import seeded
from cnnviz.ui.data.content import load_content
from cnnviz.ui.state import current_owner
from cnnviz.words import unique_labels

BATCH_SIZE = 32
"""Samples in the batch with which training mode is shown."""


def sample_maps(subject: Subject) -> tuple[LayerMaps, ...]:
    """Returns the maps of the sample in evaluation mode."""
    return record_maps(subject.architecture, subject.build(), subject.sample)


def training_maps(subject: Subject) -> tuple[LayerMaps, ...]:
    """Returns the maps in training mode: the sample is the first of a batch, whose statistics the norms use."""
    model = subject.build().train()
    with seeded(subject.seed):  # the same dropout every time
        try:
            return record_maps(subject.architecture, model, _batch_around(subject))
        except ValueError as error:  # a norm with too few values to take a mean of
            raise ShapeError(f"This net cannot run in training mode. torch says: {error}.") from None


def _batch_around(subject: Subject) -> Tensor:
    """Returns a batch that begins with the sample, with others of its data set behind it, or noise."""
    random = np.random.default_rng(subject.seed)
    dataset = available_datasets(current_owner()).get(subject.dataset)
    if dataset is None or dataset.shape != subject.architecture.input_shape:
        others = random.normal(size=(BATCH_SIZE - 1, *subject.architecture.input_shape)).astype(np.float32)
    else:
        content = load_content(dataset)
        places = np.sort(random.choice(len(content.y), min(BATCH_SIZE - 1, len(content.y)), replace=False))
        others = content.x[places]
    return torch.cat([subject.sample, *(scaled_batch(subject.scale, other) for other in others)])


def choose_layer(maps: list[LayerMaps], *, key: str) -> LayerMaps:
    """Draws the choice among layers, and returns the chosen one."""
    labels = unique_labels({str(number): record.title for number, record in enumerate(maps)})
    number = st.selectbox(
        "Layer", list(labels), format_func=labels.__getitem__, key=f"{key}-{len(maps)}", persist_state="session",
        width=260,
    )  # fmt: skip
    return maps[int(number)]
