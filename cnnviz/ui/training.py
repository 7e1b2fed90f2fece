"""The training room's desk: what to train on and how, your own data, and the Train button."""

from functools import partial

import streamlit as st

from cnnviz.architecture import Architecture
from cnnviz.data import available, uploads
from cnnviz.data.base import Dataset
from cnnviz.data.pair import read_npz, read_pair
from cnnviz.data.splitting import WAYS
from cnnviz.data.uploads import About
from cnnviz.errors import CnnvizError, DataError
from cnnviz.presets import PRESETS
from cnnviz.runs.cluster import cluster
from cnnviz.settings import settings
from cnnviz.shapes import show
from cnnviz.training.config import OPTIMIZERS, TrainConfig
from cnnviz.training.readiness import adapted, check
from cnnviz.ui.fields import escaped, field, problem
from cnnviz.ui.state import choose_run, config, keep_config, keep_workbench, knob_key, told, workbench
from cnnviz.ui.student import owner
from cnnviz.ui.workbench import FIRST


def desk() -> None:
    """Data set and every knob of a run, and the Train button; says why when it cannot be pressed."""
    datasets = available(owner())
    settled = config()
    if settled.dataset not in datasets:  # removed meanwhile
        settled = settled.model_copy(update={"dataset": next(iter(datasets))})
        keep_config(settled)
    dataset = datasets[settled.dataset]
    _knob(settled, "dataset", options={name: choice.title for name, choice in datasets.items()})
    st.caption(escaped(dataset.story))
    way = settled.split if settled.split in dataset.splits else dataset.splits[0]
    if len(dataset.splits) > 1:
        _knob(settled, "split", options={name: WAYS[name].title for name in dataset.splits})
    st.caption(f"80 / 10 / 10. {WAYS[way].question}")
    with st.container(horizontal=True, key="knobs"):
        _knob(settled, "epochs")
        _knob(settled, "batch_size")
        _knob(settled, "optimizer", options={name: name for name in OPTIMIZERS})
        _knob(settled, "learning_rate")
        if settled.optimizer == "SGD":
            _knob(settled, "momentum")
        _knob(settled, "loss")
        _knob(settled, "seed")
    with st.container():  # of however many elements, they are one to those below
        _button(settled, dataset)


def own_data() -> None:
    """Upload of a feats.npy + labels.npy pair as the lab has them, and the uploads so far."""
    mine = uploads().of(owner())
    with st.expander("Bring your own data", icon=":material/upload_file:"):
        st.caption(
            "Two files written by `np.save`: features of shape (samples, height, width), as the lab has them, or with 2"
            " to 5 axes, and one label per sample, a number or a text. Or both in one file, written by"
            " `np.savez(file, feats=…, labels=…)`."
        )
        generation = st.session_state.setdefault("upload-generation", 0)
        # In a form, a file that arrives does not run the page: a page that starts to run throws away the address to
        # which another file was about to be sent (Streamlit 1.67), and that file never comes.
        with st.form("own-data", border=False):
            st.file_uploader("feats.npy", type="npy", key=f"feats-{generation}")
            st.file_uploader("labels.npy", type="npy", key=f"labels-{generation}")
            st.file_uploader("or both in one .npz", type="npz", key=f"npz-{generation}")
            st.text_input("Name", key=f"title-{generation}", max_chars=60, placeholder="My data")
            st.form_submit_button("Use these files", key="use-files", on_click=_upload)
        for name, dataset in mine.items():
            with st.container(horizontal=True, vertical_alignment="center"):
                st.caption(f"**{escaped(dataset.title)}**: {dataset.size:,} × {show(dataset.shape)}")
                st.button("Remove", key=f"remove-{name}", on_click=_remove, args=(name,), type="tertiary")


def _knob(settled: TrainConfig, name: str, options: dict[str, str] | None = None) -> None:
    with st.container():  # a refused value has its reason below it
        key = knob_key(name)
        field(settled, name, key=key, on_change=partial(_change, key), options=options)


def _change(key: str, name: str, value: object) -> None:
    if key == knob_key(name):  # the knobs that were there before call back, too, when they are replaced
        keep_config(config().changed(name, value), by_knob=True)


def _button(settled: TrainConfig, dataset: Dataset) -> None:
    design = workbench().architecture
    refused = [info.title for name, info in TrainConfig.model_fields.items() if problem(knob_key(name))]
    try:
        if refused:
            raise DataError(
                f"What stands in {' and '.join(map(str, refused))} cannot be used; the reason stands below it."
            )
        check(design, settled, dataset, settings())
    except CnnvizError as error:
        st.button("Train", key="train", type="primary", icon=":material/play_arrow:", disabled=True, width="stretch")
        st.warning(escaped(str(error)), icon=":material/build:")
        if not refused:
            _ways_out(design, dataset)
    else:
        st.button("Train", key="train", type="primary", icon=":material/play_arrow:", on_click=_train, width="stretch")


def _ways_out(design: Architecture, dataset: Dataset) -> None:
    fitted = adapted(design, dataset)
    if fitted and fitted != design:
        st.button(
            f"Fit my design to {show(dataset.shape)} and {len(dataset.classes)} classes",
            key="fit",
            on_click=_open,
            args=(fitted,),
        )
    if dataset.preset:
        preset = PRESETS[dataset.preset]
        st.button(f"Open “{preset.title}”", key="open-preset", on_click=_open, args=(preset.architecture,))
    st.caption("Undo on the Design page brings your net back.")


def _open(design: Architecture) -> None:
    with told():
        keep_workbench(workbench().restructured(design, FIRST))


def _train() -> None:
    with told():
        choose_run(cluster().submit(owner(), workbench().architecture, config()).id)


def _upload() -> None:
    generation = st.session_state["upload-generation"]
    feats, labels, npz = (st.session_state[f"{name}-{generation}"] for name in ("feats", "labels", "npz"))
    with told():
        if npz and not feats and not labels:
            pair = read_npz(npz.getvalue(), settings().max_upload_bytes)
        elif feats and labels and not npz:
            pair = read_pair(feats.getvalue(), labels.getvalue(), settings().max_upload_bytes)
        else:
            raise DataError(
                "Choose both files, the features and their labels, or one .npz with both; then press “Use these files”."
            )
        dataset = uploads().add(owner(), pair, About(st.session_state[f"title-{generation}"].strip()))
        keep_config(config().changed("dataset", dataset.name))
        st.session_state["upload-generation"] = generation + 1  # empty uploaders


def _remove(name: str) -> None:
    uploads().remove(owner(), name)
