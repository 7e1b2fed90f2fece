"""A run brought from elsewhere: the zip that a Result page has written."""

from pathlib import Path

import streamlit as st

from cnnviz.runs.cluster import cluster
from cnnviz.ui.runs.labels import run_name
from cnnviz.ui.state import choose_run, current_owner
from cnnviz.ui.widgets.fields import escape_markdown
from cnnviz.ui.widgets.uploader import instant_uploader

MAX_ZIP_MB = 200
"""Megabytes of a zip."""


def import_run_form() -> None:
    """Draws the uploader that takes the zip of a run, of this installation or another, as a run of this student."""
    with st.expander("Import a run", icon=":material/upload:"):
        st.caption("The zip that “Everything, one zip” on the Result page makes, here or in another cnnviz.")
        instant_uploader("run.zip", name="run-zip", kind="zip", max_megabytes=MAX_ZIP_MB, read=_import_zip)


def _import_zip(path: Path) -> None:
    run = cluster().library.import_zip(current_owner(), next(iter(cluster().devices)), path)
    choose_run(run.id)
    st.toast(f"{escape_markdown(run_name(run))} is now one of your runs.", icon=":material/check:")
