"""The files of a run, written when they are asked for."""

from dataclasses import dataclass
from typing import Any

import streamlit as st

from cnnviz.data import available_datasets
from cnnviz.errors import CnnvizError
from cnnviz.runs.archives import read_archive
from cnnviz.runs.cluster import cluster
from cnnviz.runs.run import Run, Status
from cnnviz.settings import settings
from cnnviz.takehome.arrays import arrays_zip
from cnnviz.takehome.request import ALL_FILES, EVENTS_FILE, MLFLOW, export_run
from cnnviz.takehome.tracking import redact_address
from cnnviz.ui.data import page
from cnnviz.ui.state import current_owner, session_dict
from cnnviz.ui.training.run_history import export_buttons
from cnnviz.ui.widgets.fields import escape_markdown

FILES_KEY = "written-files"
"""Key of the files that were written last, by run and name: always the last one, and as many as the limit allows."""
MAX_FILES_BYTES = 16 * 2**20
"""Maximum size in bytes of the files that a session keeps, unless a single one is larger."""


@dataclass(frozen=True)
class Download:
    """A file of a run to download, with its description."""

    title: str
    description: str
    file: str
    icon: str


DOWNLOADS: dict[str, Download] = {
    ALL_FILES: Download(
        "Everything, one zip",
        "All the files below, and what another cnnviz needs to import this run. Hand it in, or open it elsewhere.",
        "run.zip",
        ":material/folder_zip:",
    ),
    "train.py": Download(
        "Training script",
        "The lab's notebook for this net and these settings, without cnnviz: it gives the same curve. Except for the"
        " digits, it reads the “Samples for the script” below.",
        "train.py",
        ":material/code:",
    ),
    "train.ipynb": Download(
        "Jupyter notebook",
        "The same in cells, with its results and charts.",
        "train.ipynb",
        ":material/book_2:",
    ),
    "report.html": Download(
        "Report",
        "One page to read, print and hand in: net, settings, curves, mistakes.",
        "report.html",
        ":material/article:",
    ),
    "model.onnx": Download(
        "Trained net as ONNX", "For onnxruntime, Netron and other frameworks.", "model.onnx", ":material/deployed_code:"
    ),
    EVENTS_FILE: Download(
        "TensorBoard",
        "An event file: put it into a folder and run `tensorboard --logdir` on that folder.",
        "events.out.tfevents.0.cnnviz",
        ":material/monitoring:",
    ),
}
"""What another process writes, by the name it knows."""


def downloads_view(run: Run) -> None:
    """Draws every file of a run that has ended."""
    if run.active or run.status == Status.PAUSED:
        st.info("Its files can be downloaded once it has ended.", icon=":material/hourglass_empty:")
        return
    with st.container(horizontal=True, gap="medium", key="forms"):
        for name, download in DOWNLOADS.items():
            with st.container(
                border=True, key=f"form-{download.file.partition('.')[0]}-{download.file[-4:].strip('.')}"
            ):
                _download_card(run, name, download)
    st.caption("Making a file takes a few seconds; then its download button appears here.")
    st.subheader("Single files", anchor=False)
    with st.container(horizontal=True, key="plain-forms"):
        _plain_downloads(run)
    if settings().mlflow_uri:
        _mlflow_button(run)


def _download_card(run: Run, name: str, download: Download) -> None:
    st.markdown(f"{download.icon} **{download.title}**  \n:small[{download.description}]")
    placeholder = st.empty()
    files: dict[tuple[object, ...], bytes] = session_dict(FILES_KEY)
    key = name, run.id, run.status, run.steps, run.finished, run.title  # trained further or renamed, it is another one
    if key not in files:
        if not placeholder.button("Make it", key=f"make-{name}-{run.id}", icon=":material/build:"):
            return
        try:
            with st.spinner("Writing the file …"):
                content = export_run(read_archive(cluster().store, run), name)
        except CnnvizError as error:
            st.warning(escape_markdown(str(error)), icon=":material/error:")
            return
        store_file(files, key, content)
    placeholder.download_button(
        f"Download {download.file}",
        files[key],
        download.file,
        key=f"get-{name}-{run.id}",
        icon=":material/download:",
        type="primary",
        on_click="ignore",
    )


def store_file(files: dict[tuple[object, ...], bytes], key: tuple[object, ...], content: bytes) -> None:
    """Adds a file, and drops the oldest ones where they take too much memory together.

    >>> files = {("a",): bytes(MAX_FILES_BYTES), ("b",): b"1"}
    >>> store_file(files, ("c",), b"2"); list(files)
    [('b',), ('c',)]
    """
    files[key] = content
    while len(files) > 1 and sum(map(len, files.values())) > MAX_FILES_BYTES:
        del files[next(iter(files))]


def _plain_downloads(run: Run) -> None:
    """Draws the downloads that need no preparation."""
    store = cluster().store
    button_args: dict[str, Any] = {"icon": ":material/download:", "on_click": "ignore"}
    if run.score.best_epoch:
        st.download_button(
            "Weights",
            lambda: store.weights(run.id) or b"",
            "weights.safetensors",
            key=f"weights-{run.id}",
            **button_args,
        )
    st.download_button("Design", run.architecture.to_json(), "design.json", key=f"design-{run.id}", **button_args)
    if run.config.dataset in available_datasets(current_owner()) and st.button(
        "Samples for the script",
        key=f"arrays-{run.id}",
        icon=":material/dataset:",
        help="feats.npy and labels.npy as in the lab, for the training script to read; the digits come with"
        " scikit-learn.",
    ):
        _samples_download(run)
    export_buttons(run.id)


def _samples_download(run: Run) -> None:
    run_dataset = available_datasets(current_owner())[run.config.dataset]
    try:
        with st.spinner("Writing the file …"):
            content = arrays_zip(
                page.load_content(run_dataset),
                run_dataset.split_kind(run.config.split_kind),
                settings().max_export_bytes,
            )
    except CnnvizError as error:
        st.warning(escape_markdown(str(error)), icon=":material/error:")
        return
    st.download_button(
        "Download samples.zip",
        content,
        "samples.zip",
        key=f"get-arrays-{run.id}",
        icon=":material/download:",
        type="primary",
        on_click="ignore",
    )


def _mlflow_button(run: Run) -> None:
    st.caption(
        f"Or send it to the MLflow server of this class, {escape_markdown(redact_address(settings().mlflow_uri))}:"
    )
    if st.button("Send it to MLflow", key=f"mlflow-{run.id}", icon=":material/cloud_upload:"):
        try:
            with st.spinner("Sending …"):
                name = export_run(read_archive(cluster().store, run), MLFLOW).decode()
        except CnnvizError as error:
            st.warning(escape_markdown(str(error)), icon=":material/error:")
        else:
            st.success(f"MLflow has it as run {escape_markdown(name)}.", icon=":material/check:")
