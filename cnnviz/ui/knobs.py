"""The knobs of a training configuration, wherever they stand."""

from functools import partial

import streamlit as st

from cnnviz.data.augmentation import Augmentation, Places
from cnnviz.data.base import Dataset
from cnnviz.data.scaling import NORMALIZATIONS
from cnnviz.training.config import OPTIMIZERS, TrainConfig
from cnnviz.ui.fields import field, problem
from cnnviz.ui.state import config, keep_config, knob_key

OPTIONS = {
    "optimizer": {name: name for name in OPTIMIZERS},
    "normalization": {name: way.title if way else "none" for name, way in NORMALIZATIONS.items()},
}
"""What a knob offers, value → label, where that is always the same."""


def knob(settled: TrainConfig, name: str, options: dict[str, str] | None = None) -> None:
    """One field of the configuration; a refused value has its reason below it."""
    with st.container():
        key = knob_key(name)
        field(settled, name, key=key, on_change=partial(_change, key), options=options or OPTIONS.get(name))


def augmentation(settled: TrainConfig, dataset: Dataset) -> None:
    """The fields of the augmentation that change such samples."""
    for name in Places(dataset.axes, len(dataset.shape)).fields:
        with st.container():
            key = knob_key(f"augmentation-{name}")
            field(settled.augmentation, name, key=key, on_change=partial(_augment, key))


def refused_knobs() -> list[str]:
    """Titles of the knobs in which something stands that was refused."""
    fields = {name: info.title for name, info in TrainConfig.model_fields.items()}
    fields |= {f"augmentation-{name}": info.title for name, info in Augmentation.model_fields.items()}
    return [title or name for name, title in fields.items() if problem(knob_key(name))]


def _change(key: str, name: str, value: object) -> None:
    if key == knob_key(name):  # the knobs that were there before call back, too, when they are replaced
        keep_config(config().changed(name, value), by_knob=True)


def _augment(key: str, name: str, value: object) -> None:
    if key == knob_key(f"augmentation-{name}"):
        keep_config(config().augmented(name, value), by_knob=True)
