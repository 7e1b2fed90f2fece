"""Fields of the training settings, on whatever page they are."""

from functools import partial

import streamlit as st

from cnnviz.data.augmentation import Augmentation, AugmentationAxes
from cnnviz.data.dataset import Dataset
from cnnviz.data.scaling import NORMALIZATIONS
from cnnviz.training.config import OPTIMIZERS, TrainConfig
from cnnviz.ui.state import current_config, knob_key, save_config
from cnnviz.ui.widgets.fields import field, problem

KNOB_OPTIONS = {
    "optimizer": {name: name for name in OPTIMIZERS},
    "normalization": {
        name: normalization.title if normalization else "none" for name, normalization in NORMALIZATIONS.items()
    },
}
"""What a knob offers, value → label, where that is always the same."""


def knob(config: TrainConfig, name: str, options: dict[str, str] | None = None) -> None:
    """Draws one field of the settings; the reason for a refused value is below it."""
    with st.container():
        key = knob_key(name)
        field(config, name, key=key, on_change=partial(_change_config, key), options=options or KNOB_OPTIONS.get(name))


def augmentation_knobs(config: TrainConfig, dataset: Dataset) -> None:
    """Draws the fields of those augmentations that apply to the samples of a data set."""
    for name in AugmentationAxes(dataset.axes, len(dataset.shape)).applicable_fields:
        with st.container():
            key = knob_key(f"augmentation-{name}")
            field(config.augmentation, name, key=key, on_change=partial(_change_augmentation, key))


def refused_knob_titles() -> list[str]:
    """Returns the titles of the knobs whose value was refused."""
    fields = {name: info.title for name, info in TrainConfig.model_fields.items()}
    fields |= {f"augmentation-{name}": info.title for name, info in Augmentation.model_fields.items()}
    return [title or name for name, title in fields.items() if problem(knob_key(name))]


def _change_config(key: str, name: str, value: object) -> None:
    if key == knob_key(name):  # the knobs that were there before call back, too, when they are replaced
        save_config(current_config().changed(**{name: value}), by_knob=True)


def _change_augmentation(key: str, name: str, value: object) -> None:
    if key == knob_key(f"augmentation-{name}"):
        save_config(current_config().with_augmentation(**{name: value}), by_knob=True)
