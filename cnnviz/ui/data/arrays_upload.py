"""Data of a student's own as NumPy arrays: features and labels, as the lab has them."""

import numpy as np
import numpy.typing as npt
import streamlit as st

from cnnviz.charts.samples import thumbnail
from cnnviz.data.channels import ChannelPlace, describe_channels
from cnnviz.data.uploads import check_title
from cnnviz.errors import DataError
from cnnviz.imports.arrays_import import ArraysAnswer, ArraysOrder, import_arrays
from cnnviz.ui.data.chosen_dataset import use_dataset
from cnnviz.ui.state import current_owner, session_dict
from cnnviz.ui.widgets.fields import escape_markdown
from cnnviz.ui.widgets.notice import notify_errors, show_notice
from cnnviz.ui.widgets.uploader import (
    empty_uploaders,
    forget_files,
    kind_uploader,
    received_path,
    uploader_key,
    wrong_kind,
)

ARRAYS_FORM = "arrays"
"""Name of the form of uploaders that is emptied when its files were taken."""
FILES = {"feats": ("feats.npy", "npy"), "labels": ("labels.npy", "npy"), "npz": ("or both in one .npz", "npz")}
"""Label and kind of each file of the form."""
PREVIEW_PIXELS = 160
"""Longer side of a picture beside the question."""
QUESTION = "channels-question"
"""Session dict with the question about the files of the form, until it is answered or they are sent again."""


def arrays_upload() -> None:
    """Draws the form for features and labels as NumPy files."""
    st.markdown("**Arrays, as in the lab**")
    st.caption(
        "Two files written by `np.save`: features of shape (samples, height, width), as the lab has them, or with 2 to"
        " 5 axes, and one label per sample, a number or a text. Or both in one, written by"
        " `np.savez(file, feats=…, labels=…)`."
    )
    # In a form, a file that arrives does not run the page. Otherwise Streamlit 1.67 drops the address to which another
    # file is about to be sent, and that file never arrives.
    with st.form("own-data", border=False):
        for name, (label, kind) in FILES.items():
            kind_uploader(label, kind=kind, key=_key(name))
        st.text_input("Name", key=_key("title"), placeholder="My data")
        show_notice(ARRAYS_FORM)
        st.form_submit_button("Use these files", key="use-files", on_click=_add_arrays)
    with st.container():  # with or without a question, nothing below is drawn anew
        if answer := session_dict(QUESTION).get(_key("feats")):
            _channels_question(answer)


def _add_arrays(channels: ChannelPlace = "unknown") -> None:
    session_dict(QUESTION).clear()
    feats, labels, npz = files = [st.session_state[_key(name)] for name in FILES]
    if any(wrong_kind(file, kind) for file, (_, kind) in zip(files, FILES.values(), strict=True)):
        return
    with notify_errors(ARRAYS_FORM):
        owner, title = current_owner(), st.session_state[_key("title")].strip()
        check_title(title)
        if npz and not feats and not labels:
            order = ArraysOrder(owner=owner, title=title, feats=received_path(npz), channels=channels)
        elif feats and labels and not npz:
            paths = received_path(feats), received_path(labels)
            order = ArraysOrder(owner=owner, title=title, feats=paths[0], labels=paths[1], channels=channels)
        else:
            raise DataError(
                "Choose both files, the features and their labels, or one .npz with both; then press “Use these files”."
            )
        answer = import_arrays(order)
        if answer.question:
            session_dict(QUESTION)[_key("feats")] = answer
            return
        forget_files(feats, labels, npz)
        use_dataset(answer.name)
        empty_uploaders(ARRAYS_FORM)


def _channels_question(answer: ArraysAnswer) -> None:
    """Asks where the channels are, with the first sample in both ways."""
    st.warning(escape_markdown(answer.question), icon=":material/help:")
    sample = np.asarray(answer.sample, np.float32)
    low, high = float(sample.min()), float(sample.max())
    shown = (sample - low) / ((high - low) or 1)
    places: tuple[tuple[ChannelPlace, npt.NDArray[np.float32]], ...] = (
        ("last", np.moveaxis(shown, -1, 0)),
        ("first", shown),
    )
    for column, (place, picture) in zip(st.columns(2), places, strict=True):
        description = describe_channels(answer.shape, place)
        colours = picture if len(picture) == 3 else picture[:1]
        with column:
            st.button(description, key=f"channels-{place}", on_click=_add_arrays, args=(place,))
            st.caption(f"The first sample {'in colour' if len(picture) == 3 else 'in its first channel'}:")
            image = thumbnail(colours, _axes(colours), PREVIEW_PIXELS)
            height, width = image.shape[:2]
            st.image(image, width=max(PREVIEW_PIXELS * width // max(height, width), 1))


def _axes(sample: npt.NDArray[np.float32]) -> tuple[str, ...]:
    return ("channel", "height", "width") if sample.ndim == 3 else ("channel", "depth", "height", "width")


def _key(name: str) -> str:
    return uploader_key(name, ARRAYS_FORM)
