"""A run taken home: files that are written when they are asked for, and a run brought from elsewhere."""

from dataclasses import dataclass
from typing import Any

import streamlit as st

from cnnviz.data import available
from cnnviz.errors import CnnvizError
from cnnviz.runs.cluster import cluster
from cnnviz.runs.parcels import parcel
from cnnviz.runs.run import Run, Status
from cnnviz.settings import settings
from cnnviz.takehome.arrays import arrays
from cnnviz.takehome.request import ALL, EVENTS, TRACKED, to_file
from cnnviz.takehome.tracking import shown_address
from cnnviz.takehome.unpack import unpack
from cnnviz.ui import dataset
from cnnviz.ui.fields import attempt, escaped, show_problem
from cnnviz.ui.followed import exports
from cnnviz.ui.named import run_name
from cnnviz.ui.state import choose_run
from cnnviz.ui.student import owner

MADE = "made"
"""The files that were made last, by run and name: as many as MOST_MADE bytes of memory hold, and always the last."""
MOST_MADE = 16 * 2**20
"""Bytes of made files of a session."""
MOST_ZIP = 200
"""Megabytes of a zip that is brought."""


@dataclass(frozen=True)
class Form:
    """A form of a run: what a student is told of it, and its file."""

    title: str
    story: str
    file: str
    icon: str


FORMS: dict[str, Form] = {
    ALL: Form(
        "Everything, one zip",
        "All that follows, and what another cnnviz needs to have this run: hand it in, or import it elsewhere.",
        "run.zip",
        ":material/folder_zip:",
    ),
    "train.py": Form(
        "Training script",
        "The lab's notebook for this net and these settings, without cnnviz: it gives the same curve. But for the"
        " digits, it reads the “Samples for the script” below.",
        "train.py",
        ":material/code:",
    ),
    "train.ipynb": Form(
        "Jupyter notebook",
        "The same in cells, with what came of it and the charts.",
        "train.ipynb",
        ":material/book_2:",
    ),
    "report.html": Form(
        "Report",
        "One page to read, print and hand in: net, settings, curves, mistakes.",
        "report.html",
        ":material/article:",
    ),
    "model.onnx": Form(
        "Trained net as ONNX", "For onnxruntime, Netron and other frameworks.", "model.onnx", ":material/deployed_code:"
    ),
    EVENTS: Form(
        "TensorBoard",
        "An event file: put it into a folder, and `tensorboard --logdir` that.",
        "events.out.tfevents.0.cnnviz",
        ":material/monitoring:",
    ),
}
"""What another process writes, by the name it knows."""


def home(run: Run) -> None:
    """Every form of a run that has ended."""
    if run.active or run.status == Status.PAUSED:
        st.info("Once it has ended, it can be taken home.", icon=":material/hourglass_empty:")
        return
    with st.container(horizontal=True, gap="medium", key="forms"):
        for name, form in FORMS.items():
            with st.container(border=True, key=f"form-{form.file.partition('.')[0]}-{form.file[-4:].strip('.')}"):
                _form(run, name, form)
    st.caption("A file takes some seconds to be made, and waits here then.")
    st.subheader("As it is", anchor=False)
    with st.container(horizontal=True, key="plain-forms"):
        _plain(run)
    if settings().mlflow_uri:
        _mlflow(run)


def _form(run: Run, name: str, form: Form) -> None:
    st.markdown(f"{form.icon} **{form.title}**  \n:small[{form.story}]")
    place = st.empty()
    made: dict[tuple[object, ...], bytes] = st.session_state.setdefault(MADE, {})
    key = name, run.id, run.status, run.steps, run.finished, run.title  # trained further or renamed, it is another one
    if key not in made:
        if not place.button("Make it", key=f"make-{name}-{run.id}", icon=":material/build:"):
            return
        try:
            with st.spinner("Being written …"):
                content = to_file(parcel(cluster().store, run), name)
        except CnnvizError as error:
            st.warning(escaped(str(error)), icon=":material/error:")
            return
        keep_made(made, key, content)
    place.download_button(
        f"Download {form.file}",
        made[key],
        form.file,
        key=f"get-{name}-{run.id}",
        icon=":material/download:",
        type="primary",
        on_click="ignore",
    )


def keep_made(made: dict[tuple[object, ...], bytes], key: tuple[object, ...], content: bytes) -> None:
    """Put a file behind the others, of which the oldest give way.

    >>> made = {("a",): bytes(MOST_MADE), ("b",): b"1"}
    >>> keep_made(made, ("c",), b"2"); list(made)
    [('b',), ('c',)]
    """
    made[key] = content
    while len(made) > 1 and sum(map(len, made.values())) > MOST_MADE:
        del made[next(iter(made))]


def _plain(run: Run) -> None:
    """What is there already."""
    store = cluster().store
    kind: dict[str, Any] = {"icon": ":material/download:", "on_click": "ignore"}
    if run.score.best_epoch:
        st.download_button(
            "Weights", lambda: store.weights(run.id) or b"", "weights.safetensors", key=f"weights-{run.id}", **kind
        )
    st.download_button("Design", run.architecture.to_json(), "design.json", key=f"design-{run.id}", **kind)
    if run.config.dataset in available(owner()) and st.button(
        "Samples for the script",
        key=f"arrays-{run.id}",
        icon=":material/dataset:",
        help="feats.npy and labels.npy, as in the lab, which the training script reads; the digits come with"
        " scikit-learn.",
    ):
        _arrays(run)
    exports(run.id)


def _arrays(run: Run) -> None:
    learned = available(owner())[run.config.dataset]
    try:
        with st.spinner("Being written …"):
            content = arrays(dataset.loaded(learned), learned.way(run.config.split), settings().max_export_bytes)
    except CnnvizError as error:
        st.warning(escaped(str(error)), icon=":material/error:")
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


def _mlflow(run: Run) -> None:
    st.caption(f"Or keep it at the MLflow server of this class, {escaped(shown_address(settings().mlflow_uri))}:")
    if st.button("Hand it to MLflow", key=f"mlflow-{run.id}", icon=":material/cloud_upload:"):
        try:
            with st.spinner("On its way …"):
                name = to_file(parcel(cluster().store, run), TRACKED).decode()
        except CnnvizError as error:
            st.warning(escaped(str(error)), icon=":material/error:")
        else:
            st.success(f"MLflow has it as run {escaped(name)}.", icon=":material/check:")


def bring() -> None:
    """A zip of another installation, as a run of this student."""
    with st.expander("Bring a run from elsewhere", icon=":material/upload:"):
        st.caption("The zip that “Everything, one zip” on a Result page has made, of this cnnviz or another.")
        generation = st.session_state.setdefault("zip-generation", 0)
        key = f"zip-{generation}"
        st.file_uploader("run.zip", type="zip", key=key, on_change=_brought, args=(key,), max_upload_size=MOST_ZIP)
        show_problem(key)


def _brought(key: str) -> None:
    if st.session_state[key] is not None:
        attempt(key, lambda file: _adopt(file.getvalue()))  # type: ignore[attr-defined]


def _adopt(content: bytes) -> None:
    run = cluster().shelf.adopt(owner(), next(iter(cluster().devices)), unpack(content, settings()))
    st.session_state["zip-generation"] += 1  # an empty uploader: the file is not kept
    choose_run(run.id)
    st.toast(f"{escaped(run_name(run))} is among your runs.", icon=":material/check:")
