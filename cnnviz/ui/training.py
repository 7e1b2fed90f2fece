"""The training room's desk: what to train on and how, and the Train button."""

import streamlit as st

from cnnviz.architecture import Architecture
from cnnviz.charts.schedule import rates_figure
from cnnviz.data import available
from cnnviz.data.base import Dataset
from cnnviz.data.splitting import WAYS
from cnnviz.errors import CnnvizError, DataError
from cnnviz.presets import PRESETS
from cnnviz.runs.cluster import cluster
from cnnviz.runs.run import FIND, TRAIN
from cnnviz.settings import settings
from cnnviz.shapes import show
from cnnviz.training.config import TrainConfig
from cnnviz.training.readiness import adapted, check
from cnnviz.training.schedule import SCHEDULES, rates
from cnnviz.training.trainer import steps_per_epoch
from cnnviz.ui.chart import plot
from cnnviz.ui.fields import escaped
from cnnviz.ui.knobs import augmentation, knob, refused_knobs
from cnnviz.ui.state import choose_run, config, keep_config, keep_workbench, told, workbench
from cnnviz.ui.student import owner
from cnnviz.ui.workbench import FIRST

MOST_DRAWN = 1000
"""Steps of a schedule that are drawn; of longer trainings, fewer in each epoch."""


def desk() -> None:
    """Data set and every knob of a run, and the Train button; says why when it cannot be pressed."""
    datasets = available(owner())
    settled = config()
    if settled.dataset not in datasets:  # removed meanwhile
        settled = settled.model_copy(update={"dataset": next(iter(datasets))})
        keep_config(settled)
    dataset = datasets[settled.dataset]
    knob(settled, "dataset", options={name: choice.title for name, choice in datasets.items()})
    st.caption(escaped(dataset.story))
    way = dataset.way(settled.split)
    if len(dataset.splits) > 1:
        knob(settled, "split", options={name: WAYS[name].title for name in dataset.splits})
    alone = f"Split {WAYS[way].title.lower()}, " if len(dataset.splits) == 1 else ""  # else it stands in the knob above
    st.caption(f"{alone}{'80 / 10 / 10. ' if way == 'random' else ''}{WAYS[way].question}")
    with st.expander("Prepare and augment", icon=":material/tune:"):
        with st.container(horizontal=True, key="preparation"):
            knob(settled, "floor")
            knob(settled, "normalization")
            augmentation(settled, dataset)
        st.page_link("pages/data.py", label="See what they do", icon=":material/graphic_eq:")
    with st.container(horizontal=True, key="knobs"):
        knob(settled, "epochs")
        knob(settled, "batch_size")
        knob(settled, "optimizer")
        knob(settled, "learning_rate")
        if settled.optimizer in ("SGD", "RMSprop"):
            knob(settled, "momentum")
        knob(settled, "loss")
        knob(settled, "seed")
    _schedule(settled, dataset)
    with st.expander("Finer settings", icon=":material/settings:"), st.container(horizontal=True, key="finer"):
        for name in ("weight_decay", "label_smoothing", "max_grad_norm", "patience"):
            knob(settled, name)
        if any(name.startswith("cuda") for name in cluster().devices):  # a control that changes nothing is none
            knob(settled, "mixed_precision")
            knob(settled, "channels_last")
        if settled.optimizer == "SGD":
            knob(settled, "nesterov")
    with st.container():  # of however many elements, they are one to those below
        _button(settled, dataset)


def _schedule(settled: TrainConfig, dataset: Dataset) -> None:
    """The schedule, drawn before anything starts."""
    with st.expander("Learning rate over time", icon=":material/timeline:"):
        schedule = SCHEDULES[settled.schedule]
        with st.container(horizontal=True, key="schedule"):
            knob(settled, "schedule", options={name: name for name in SCHEDULES})
            if settled.schedule == "step":
                knob(settled, "step_size")
                knob(settled, "gamma")
            if not schedule.warms_up:
                knob(settled, "warmup")
        st.caption(schedule.story)
        per_epoch = steps_per_epoch(max(round(0.8 * dataset.size), 1), settled.batch_size)
        drawn = rates(settled, settled.epochs, min(per_epoch, MOST_DRAWN // settled.epochs + 1))
        plot(rates_figure(drawn, settled.epochs), key="rates")


def _button(settled: TrainConfig, dataset: Dataset) -> None:
    design = workbench().architecture
    refused = refused_knobs()
    try:
        if refused:
            raise DataError(f"What stands in {' and '.join(refused)} cannot be used; the reason stands below it.")
        check(design, settled, dataset, settings())
    except CnnvizError as error:
        st.button("Train", key="train", type="primary", icon=":material/play_arrow:", disabled=True, width="stretch")
        st.warning(escaped(str(error)), icon=":material/build:")
        if not refused:
            _ways_out(design, dataset)
    else:
        st.button("Train", key="train", type="primary", icon=":material/play_arrow:", on_click=_train, width="stretch")
        st.button(
            "Find a learning rate",
            key="find",
            icon=":material/troubleshoot:",
            on_click=_train,
            args=(FIND,),
            width="stretch",
            help="Trains a copy of the net for some 150 steps with growing learning rates and suggests one.",
        )


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


def _train(kind: str = TRAIN) -> None:
    with told():
        choose_run(cluster().submit(owner(), workbench().architecture, config(), kind).id)
