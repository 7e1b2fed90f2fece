"""The data set chosen on the Data page, and how it is split."""

import streamlit as st

from cnnviz.data import own_uploads
from cnnviz.data.arrays import SplitIndices
from cnnviz.data.content import Content
from cnnviz.data.dataset import Dataset
from cnnviz.data.splitting import PARTS, SPLIT_KINDS
from cnnviz.shapes import format_shape
from cnnviz.ui.data.content import cached_split
from cnnviz.ui.navigation import open_page
from cnnviz.ui.offers import offered_datasets
from cnnviz.ui.runs.labels import dataset_titles
from cnnviz.ui.state import choose_dataset, current_config, current_owner, dataset_choice_key, save_config
from cnnviz.ui.widgets.fields import escape_markdown


def use_dataset(name: str) -> None:
    """Opens a new data set on the Data page, chooses it for training, and says so."""
    choose_dataset(name)
    save_config(current_config().changed(dataset=name))
    dataset = own_uploads().datasets_of(current_owner()).get(name)
    if dataset:
        st.toast(
            f"“{escape_markdown(dataset_titles()[name])}” is ready and chosen for training:"
            f" {dataset.size:,} samples of {format_shape(dataset.shape)} in {len(dataset.classes):,} classes.",
            icon=":material/check:",
            duration="long",
        )


def dataset_picker() -> Dataset:
    """Draws the choice among data sets, and returns the chosen one; at first the one to train on."""
    datasets = offered_datasets()
    titles = {name: title for name, title in dataset_titles().items() if name in datasets}
    name = st.selectbox(
        "Data set",
        list(titles),
        format_func=titles.__getitem__,
        key=dataset_choice_key(datasets),
        persist_state="session",
        width=320,
    )
    return datasets[name]


def split_kind_picker(dataset: Dataset) -> str:
    """Draws the choice among ways to split, where there are several, and returns the chosen one."""
    if len(dataset.split_kinds) < 2:
        return dataset.split_kinds[0]
    picked = st.segmented_control(
        "Split",
        dataset.split_kinds,
        default=dataset.split_kind(current_config().split_kind),
        required=True,
        format_func=lambda name: SPLIT_KINDS[name].title,
        key=f"split-kind-{dataset.name}",
        persist_state="session",
    )
    return picked or dataset.split_kinds[0]


def train_button(dataset: Dataset, split_kind: str) -> None:
    """Draws the button that takes a data set and its split to the Train page."""
    if st.button("Train on it", icon=":material/show_chart:", key="train-on-it", width="content"):
        save_config(current_config().changed(dataset=dataset.name).changed(split_kind=split_kind))
        open_page("pages/train.py")


def dataset_summary(dataset: Dataset) -> None:
    """Draws the description of a data set and the shape of its samples."""
    axes = " × ".join(dataset.axes)
    st.markdown(
        f"{escape_markdown(dataset.description)}  \nOne sample is **{format_shape(dataset.shape)}**"
        + (f" ({axes})" if axes else "")
        + f", in one of **{len(dataset.classes)}** classes."
    )


def show_split(content: Content, split_kind: str) -> SplitIndices | None:
    """Draws the sizes and speakers of each part and what their scores tell; returns the sample indices.

    None, with the reason on the page, where the data cannot be split so.
    """
    result = cached_split(content, split_kind)
    if isinstance(result, str):
        st.warning(escape_markdown(result), icon=":material/call_split:")
        return None
    rows, speaker_counts = result
    sizes = ", ".join(f"**{len(part):,}** for {name}" for name, part in zip(PARTS, rows, strict=True))
    speaker_text = ""
    if speaker_counts:
        speaker_text = " Speakers: " + ", ".join(f"{count:,}" for count in speaker_counts)
        speaker_text += ", each in one part only." if split_kind == "speaker" else ", mixed among the parts."
    st.markdown(f"{sizes}.{speaker_text} *{SPLIT_KINDS[split_kind].question}*")
    return rows
