"""Data of a student's own: a zip of folders or arrays, and every data set that was brought so far."""

import streamlit as st

from cnnviz.data import own_uploads
from cnnviz.runs.cluster import cluster
from cnnviz.shapes import format_shape
from cnnviz.ui.data.arrays_upload import arrays_upload
from cnnviz.ui.data.content import forget_dataset
from cnnviz.ui.data.import_progress import class_imports
from cnnviz.ui.data.zip_upload import zip_upload
from cnnviz.ui.runs.labels import dataset_titles
from cnnviz.ui.state import current_owner
from cnnviz.ui.widgets.fields import escape_markdown


def upload_view() -> None:
    """Draws both ways to bring data, the student's own data sets, and the imports of the class."""
    zipped, arrays = st.columns(2, gap="large")
    with zipped, st.container(border=True):
        zip_upload()
    with arrays, st.container(border=True):
        arrays_upload()
    _own_datasets()
    class_imports()


def _own_datasets() -> None:
    datasets = own_uploads().datasets_of(current_owner())
    if datasets:
        st.subheader("Your data sets", anchor=False)
    titles = dataset_titles()
    for name, dataset in datasets.items():
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(
                f"**{escape_markdown(titles[name])}**: {dataset.size:,} × {format_shape(dataset.shape)}",
                width="content",
            )
            st.button("Remove", key=f"remove-{name}", on_click=_remove_dataset, args=(name,), type="tertiary")


def _remove_dataset(name: str) -> None:
    own_uploads().remove(current_owner(), name)
    forget_dataset(name)
    progress = cluster().imports.progress_of(current_owner())
    if progress and progress.name == name:  # what its import had to say is past, too
        cluster().imports.dismiss(current_owner())
