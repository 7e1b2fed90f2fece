"""The settings that a preset was measured with, to be taken over by a click."""

from collections.abc import Container

import streamlit as st

from cnnviz.architecture import Architecture
from cnnviz.data.splitting import SPLIT_KINDS
from cnnviz.training.config import TrainConfig
from cnnviz.training.recommended import RecommendedTraining, recommended_trainings
from cnnviz.ui.state import current_config, save_config
from cnnviz.words import count_label


def recommended_settings(design: Architecture, config: TrainConfig, datasets: Container[str]) -> None:
    """Draws a button for each training that this net was measured with and whose settings are not the current ones."""
    trainings = [
        training
        for training in recommended_trainings(design)
        if training.config.dataset in datasets and training.settings_for(config) != config
    ]
    if not trainings:
        return
    with st.container(horizontal=True, key="recommended"):
        for training in trainings:
            st.button(
                f"Use settings {training.title}",
                key=f"recommended-{training.title}",
                icon=":material/tune:",
                help=f"Puts in what this net was measured with: {_description(training.config)}.",
                on_click=_take_over,
                args=(training,),
                width="stretch",
            )


def _description(config: TrainConfig) -> str:
    split = SPLIT_KINDS[config.split_kind].title.lower()
    return (
        f"{count_label(config.epochs, 'epoch')}, {config.optimizer}, {config.schedule} up to {config.learning_rate:g},"
        f" split {split}"
    )


def _take_over(training: RecommendedTraining) -> None:
    save_config(training.settings_for(current_config()))
