"""The progress of imports: of the zip of a student, and of the archives that a teacher has put on the server."""

import streamlit as st

from cnnviz.imports.import_job import ImportProgress
from cnnviz.runs.cluster import cluster
from cnnviz.ui.state import current_owner, open_dataset_later
from cnnviz.ui.widgets.counter import is_news
from cnnviz.ui.widgets.fields import escape_markdown

REFRESH_SECONDS = 0.5
"""Seconds between two looks at an import."""


@st.fragment(run_every=REFRESH_SECONDS)
def import_progress() -> None:
    """Draws how far the student's import is, and what came of it."""
    progress = cluster().imports.progress_of(current_owner())
    if progress is None:
        st.rerun()
        return
    if progress.active:
        st.progress(progress.done / progress.total if progress.total else 0.0, _progress_text(progress))
        st.button("Cancel", icon=":material/close:", on_click=_cancel_import, key="cancel-import")
        return
    if is_news("ended-import", progress.name):  # the list below and the data sets above have changed
        if progress.status == "done" and cluster().imports.claim_result(current_owner()):
            open_dataset_later(progress.name)
        st.rerun()
    if progress.status == "done":
        st.success(
            f"“{escape_markdown(progress.title)}” is ready. {escape_markdown(progress.message)}",
            icon=":material/check:",
        )
    elif progress.status == "cancelled":
        st.info(escape_markdown(progress.message), icon=":material/cancel:")
    else:
        st.warning(escape_markdown(progress.message), icon=":material/error:")
    st.button("Import another one", on_click=_dismiss_import, key="dismiss-import")


@st.fragment(run_every=REFRESH_SECONDS)
def import_status_line() -> None:
    """Draws one line about an import that is running while another view is open."""
    progress = cluster().imports.progress_of(current_owner())
    if progress and progress.active:
        st.caption(f":material/folder_zip: {_progress_text(progress)}; see “Bring your own”.")
    elif progress:
        st.rerun()


def _progress_text(progress: ImportProgress) -> str:
    title = escape_markdown(progress.title)
    if progress.status == "waiting":
        return f"“{title}” is waiting for another import to end"
    if not progress.total:
        return f"Opening “{title}” …"
    return f"Reading “{title}”: {progress.done:,} of {progress.total:,} files"


def _cancel_import() -> None:
    cluster().imports.cancel(current_owner())


def _dismiss_import() -> None:
    cluster().imports.dismiss(current_owner())


def class_imports() -> None:
    """Draws how far the archives of the teacher are, and why one was refused."""
    for progress in cluster().imports.class_imports():
        if progress.active:
            st.progress(progress.done / progress.total if progress.total else 0.0, _progress_text(progress))
        elif progress.status == "refused":
            st.warning(
                f"“{escape_markdown(progress.title)}”: {escape_markdown(progress.message)}",
                icon=":material/folder_off:",
            )
