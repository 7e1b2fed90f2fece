"""Samples that the next training on a data set leaves out: a box for each, and what is chosen so far."""

import streamlit as st

from cnnviz.data.content import Content
from cnnviz.data.dataset import Dataset
from cnnviz.training.config import TrainConfig
from cnnviz.ui.data.content import read_content, split_indices
from cnnviz.ui.navigation import open_page
from cnnviz.ui.state import current_config, save_config
from cnnviz.ui.widgets.notice import notify_errors
from cnnviz.words import count_label, format_list_start


def leave_out_box(dataset: Dataset, content: Content, index: int, *, key: str) -> None:
    """Draws the box that leaves a sample out of the next training; off for what that would not train on anyway."""
    config = current_config()
    if config.dataset != dataset.name:
        return
    rows = split_indices(content, dataset.split_kind(config.split_kind))
    is_trained_on = rows is None or bool((rows[0] == index).any())
    is_left_out = index in config.left_out
    st.checkbox(
        "Leave out" if is_trained_on else "Not trained on",
        value=is_left_out and is_trained_on,
        # another key in another state: a box keeps what it was, and the same sample may be shown twice
        key=f"leave-out-{key}-{index}-{is_left_out}",
        disabled=not is_trained_on,
        help="The next run on this data set is not trained on it."
        if is_trained_on
        else "It is kept for validation or test, which are never thinned out.",
        on_change=_change,
        args=(dataset, index),
    )


def left_out_summary(dataset: Dataset) -> None:
    """Draws how many samples the next training on a data set leaves out, and what to do to change that."""
    config = current_config()
    with st.container(horizontal=True, vertical_alignment="center", key="left-out"):
        if config.dataset != dataset.name:
            st.caption(
                "The Train page has another data set: choose this one there to leave samples out of a run.",
                width="content",
            )
            if st.button("Train on this data set", type="tertiary", key="left-out-train"):
                save_config(config.changed(dataset=dataset.name))
                open_page("pages/train.py")
        else:
            left_out_text(config)


def left_out_text(config: TrainConfig) -> None:
    """Draws which samples are left out of the training part, and the button that takes them in again."""
    if not config.left_out:
        return
    st.caption(
        f"**{count_label(len(config.left_out), 'sample')} left out** of the training part:"
        f" {format_list_start(config.left_out)}. Validation and test keep all of theirs.",
        width="content",
    )
    st.button("Take all in again", type="tertiary", icon=":material/undo:", key="take-in", on_click=_take_all_in)


def _change(dataset: Dataset, index: int) -> None:
    """Leaves a sample out or takes it in again; refuses to leave out the last training samples of a class."""
    config = current_config()
    with notify_errors():
        changed = config.changed(left_out=tuple({*config.left_out} ^ {index}))
        read_content(dataset).split_indices(dataset.split_kind(config.split_kind), changed.left_out)
        save_config(changed)


def _take_all_in() -> None:
    save_config(current_config().changed(left_out=()))
