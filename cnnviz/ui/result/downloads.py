"""The files of a run, written when they are asked for."""

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any

import streamlit as st

from cnnviz.data import available_datasets
from cnnviz.errors import CnnvizError, TrainingError
from cnnviz.runs.cluster import cluster
from cnnviz.runs.run import Run, Status
from cnnviz.runs.run_export import export_run
from cnnviz.settings import settings
from cnnviz.takehome.arrays import arrays_zip, samples_refusal
from cnnviz.takehome.request import ALL_FILES, EVENTS_FILE, MLFLOW, SCALING_ONNX
from cnnviz.takehome.tracking import redact_address
from cnnviz.ui.data.content import read_content
from cnnviz.ui.reruns import send_now
from cnnviz.ui.result.written_files import WrittenFile, store_file
from cnnviz.ui.state import current_owner, session_dict
from cnnviz.ui.training.run_history import export_buttons
from cnnviz.ui.widgets.fields import escape_markdown

FILES_KEY = "written-files"
"""Key of the files that were written in this session, by run and name."""


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
        "The script in cells, with the results and charts of the run.",
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
        "Trained net as ONNX",
        "For onnxruntime, Netron and other frameworks. It takes samples **scaled as in training**: floor, mean,"
        " deviation, classes and axes are in its metadata.",
        "model.onnx",
        ":material/deployed_code:",
    ),
    SCALING_ONNX: Download(
        "ONNX with the scaling",
        "The same net behind the scaling: it takes samples as the data set has them.",
        SCALING_ONNX,
        ":material/deployed_code_update:",
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
    damage = _weights_damage(run)
    with st.container(horizontal=True, key="plain-forms"):
        _plain_downloads(run, has_weights=bool(run.score.best_epoch) and damage is None)
    if damage:
        st.warning(escape_markdown(damage), icon=":material/error:")
    if settings().mlflow_uri:
        _mlflow_button(run)


def _download_card(run: Run, name: str, download: Download) -> None:
    st.markdown(f"{download.icon} **{download.title}**  \n:small[{download.description}]")
    placeholder = st.empty()
    files: dict[Hashable, WrittenFile] = session_dict(FILES_KEY)
    key = name, run.id, run.status, run.steps, run.finished, run.title  # trained further or renamed, it is another one
    if key not in files:
        if not placeholder.button("Make it", key=f"make-{name}-{run.id}", icon=":material/build:"):
            return
        try:
            send_now()
            with st.spinner("Writing the file …"):
                content = export_run(run.id, name)
                store_file(files, key, content, settings().data_dir / "cache")
        except CnnvizError as error:
            st.warning(escape_markdown(str(error)), icon=":material/error:")
            return
    placeholder.download_button(
        f"Download {download.file}",
        files[key].read,
        download.file,
        key=f"get-{name}-{run.id}",
        icon=":material/download:",
        type="primary",
        on_click="ignore",
    )


def _plain_downloads(run: Run, *, has_weights: bool) -> None:
    """Draws the downloads that need no preparation."""
    store = cluster().store
    button_args: dict[str, Any] = {"icon": ":material/download:", "on_click": "ignore"}
    if has_weights:
        st.download_button(
            "Weights",
            lambda: store.weights(run.id) or b"",
            "weights.safetensors",
            key=f"weights-{run.id}",
            **button_args,
        )
    st.download_button("Design", run.architecture.to_json(), "design.json", key=f"design-{run.id}", **button_args)
    _samples_download(run)
    export_buttons(run.id)


def _weights_damage(run: Run) -> str | None:
    """Returns why the weights cannot be downloaded; a browser would only be told that something failed."""
    try:
        cluster().store.weights(run.id)
    except TrainingError as error:
        return str(error)
    return None


def _samples_download(run: Run) -> None:
    """Draws the download of the samples, which are written while it is under way."""
    dataset = available_datasets(current_owner()).get(run.config.dataset)
    if dataset is None:
        return
    max_bytes = settings().max_export_bytes
    refusal = samples_refusal(dataset, max_bytes)

    def content() -> bytes:
        return arrays_zip(read_content(dataset), dataset.split_kind(run.config.split_kind), max_bytes)

    st.download_button(
        "Samples for the script",
        b"" if refusal else content,
        "samples.zip",
        key=f"arrays-{run.id}",
        icon=":material/dataset:",
        on_click="ignore",
        disabled=bool(refusal),
        help=refusal
        or "feats.npy and labels.npy as in the lab, for the training script to read; the digits come with"
        " scikit-learn.",
    )


def _mlflow_button(run: Run) -> None:
    st.caption(
        f"Or send it to the MLflow server of this class, {escape_markdown(redact_address(settings().mlflow_uri))}:"
    )
    if st.button("Send it to MLflow", key=f"mlflow-{run.id}", icon=":material/cloud_upload:"):
        try:
            send_now()
            with st.spinner("Sending …"):
                name = export_run(run.id, MLFLOW).decode()
        except CnnvizError as error:
            st.warning(escape_markdown(str(error)), icon=":material/error:")
        else:
            st.success(f"MLflow has it as run {escape_markdown(name)}.", icon=":material/check:")
