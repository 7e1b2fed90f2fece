"""Data of a student's own as NumPy arrays: features and labels, as the lab has them."""

import streamlit as st

from cnnviz.errors import DataError
from cnnviz.imports.arrays_import import ArraysOrder, import_arrays
from cnnviz.ui.data.page import use_dataset
from cnnviz.ui.state import current_owner
from cnnviz.ui.widgets.notice import notify_errors
from cnnviz.ui.widgets.uploader import empty_uploaders, forget_files, received_path, uploader_key

ARRAYS_FORM = "arrays"
"""Name of the form of uploaders that is emptied when its files were taken."""


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
        st.file_uploader("feats.npy", type="npy", key=_key("feats"))
        st.file_uploader("labels.npy", type="npy", key=_key("labels"))
        st.file_uploader("or both in one .npz", type="npz", key=_key("npz"))
        st.text_input("Name", key=_key("title"), max_chars=60, placeholder="My data")
        st.form_submit_button("Use these files", key="use-files", on_click=_add_arrays)


def _add_arrays() -> None:
    feats, labels, npz = (st.session_state[_key(name)] for name in ("feats", "labels", "npz"))
    with notify_errors():
        owner, title = current_owner(), st.session_state[_key("title")].strip()
        if npz and not feats and not labels:
            order = ArraysOrder(owner=owner, title=title, feats=received_path(npz))
        elif feats and labels and not npz:
            order = ArraysOrder(owner=owner, title=title, feats=received_path(feats), labels=received_path(labels))
        else:
            raise DataError(
                "Choose both files, the features and their labels, or one .npz with both; then press “Use these files”."
            )
        name = import_arrays(order)
        forget_files(feats, labels, npz)
        use_dataset(name)
        empty_uploaders(ARRAYS_FORM)


def _key(name: str) -> str:
    return uploader_key(name, ARRAYS_FORM)
