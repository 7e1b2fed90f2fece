"""The form of the Train page: what to train on and how, and the Train button."""

import streamlit as st

from cnnviz.architecture import Architecture, trace
from cnnviz.charts.schedule import learning_rate_figure
from cnnviz.data.dataset import Dataset
from cnnviz.data.splitting import SPLIT_KINDS, TRAIN_SHARE
from cnnviz.errors import CnnvizError, DataError, DesignError
from cnnviz.presets import PRESETS
from cnnviz.runs.cluster import cluster
from cnnviz.runs.run import LR_FINDER_RUN, TRAIN_RUN, RunKind, Status
from cnnviz.settings import settings
from cnnviz.shapes import format_shape
from cnnviz.training.config import TrainConfig
from cnnviz.training.device_speed import DeviceSpeed
from cnnviz.training.duration import ESTIMATE_ERROR, expected_epoch_seconds
from cnnviz.training.end_reason import EndReason
from cnnviz.training.readiness import adapt_to_dataset, check_trainable
from cnnviz.training.schedule import SCHEDULES, learning_rates
from cnnviz.training.trainer import steps_per_epoch
from cnnviz.ui.data.left_out import left_out_text
from cnnviz.ui.offers import offered_datasets
from cnnviz.ui.state import (
    CHANGED_BEFORE_TRAINING,
    choose_started_run,
    current_config,
    current_owner,
    current_workbench,
    open_design,
    save_config,
    sync_with_other_tabs,
)
from cnnviz.ui.training.knobs import augmentation_knobs, knob, refused_knob_titles
from cnnviz.ui.training.overfit import forget_overfit_result, overfit_button
from cnnviz.ui.training.recommended_settings import recommended_settings
from cnnviz.ui.training.remarks import design_remarks, found_rate_remark
from cnnviz.ui.widgets.chart import plotly_chart
from cnnviz.ui.widgets.fields import escape_markdown
from cnnviz.ui.widgets.notice import notify_errors
from cnnviz.words import count_label, format_duration, format_duration_range

MAX_DRAWN_STEPS = 1000
"""Steps of a schedule that are drawn; of longer trainings, fewer in each epoch."""


def settings_form() -> None:
    """Draws the fields of the settings, and below them, always in sight, the Train button or why there is none."""
    with st.container(key="training-fields"):
        config, dataset = _fields()
    with st.container(key="launch"):
        _train_buttons(config, dataset)


def _fields() -> tuple[TrainConfig, Dataset]:
    """Draws the fields of the settings; returns the settings and their data set."""
    datasets = offered_datasets()
    config = current_config()
    if config.dataset not in datasets:  # removed meanwhile, or not for today
        config = config.changed(dataset=next(iter(datasets)))
        save_config(config)
    dataset = datasets[config.dataset]
    titles = {name: choice.title for name, choice in datasets.items()}
    knob(config, "dataset", options=titles)
    st.caption(escape_markdown(dataset.description))
    split_kind = dataset.split_kind(config.split_kind)
    if len(dataset.split_kinds) > 1:
        knob(config, "split_kind", options={name: SPLIT_KINDS[name].title for name in dataset.split_kinds})
    split_text = (
        f"Split {SPLIT_KINDS[split_kind].title.lower()}, " if len(dataset.split_kinds) == 1 else ""
    )  # else it stands in the knob above
    st.caption(f"{split_text}{'80 / 10 / 10. ' if split_kind == 'random' else ''}{SPLIT_KINDS[split_kind].question}")
    with st.container(horizontal=True, vertical_alignment="center", key="left-out"):
        left_out_text(config)
    with st.expander("Prepare and augment", icon=":material/tune:"):
        with st.container(horizontal=True, key="preparation"):
            knob(config, "floor")
            knob(config, "normalization")
            augmentation_knobs(config, dataset)
        st.page_link("pages/data.py", label="See what this does", icon=":material/graphic_eq:")
    recommended_settings(current_workbench().architecture, config, datasets)
    with st.container(horizontal=True, key="knobs"):
        knob(config, "epochs")
        knob(config, "batch_size")
        knob(config, "optimizer")
        knob(config, "learning_rate")
    with st.container():
        found_rate_remark(current_workbench().architecture, config, titles)
    with st.container(horizontal=True, key="more-knobs"):
        if config.optimizer in ("SGD", "RMSprop"):
            knob(config, "momentum")
        knob(config, "loss")
        knob(config, "seed")
    _schedule_form(config, dataset)
    with st.expander("Finer settings", icon=":material/settings:"), st.container(horizontal=True, key="finer"):
        for name in ("weight_decay", "label_smoothing", "max_grad_norm", "patience"):
            knob(config, name)
        if any(name.startswith("cuda") for name in cluster().devices):  # a control that changes nothing is none
            knob(config, "mixed_precision")
            knob(config, "channels_last")
        if config.optimizer == "SGD":
            knob(config, "nesterov")
    st.page_link("pages/data.py", label="Look at data or bring your own", icon=":material/graphic_eq:")
    return config, dataset


def _schedule_form(config: TrainConfig, dataset: Dataset) -> None:
    """Draws the fields of the schedule and its curve."""
    with st.expander("Learning rate over time", icon=":material/timeline:"):
        schedule = SCHEDULES[config.schedule]
        with st.container(horizontal=True, key="schedule"):
            knob(config, "schedule", options={name: name for name in SCHEDULES})
            if config.schedule == "step":
                knob(config, "step_size")
                knob(config, "gamma")
            if not schedule.has_warmup:
                knob(config, "warmup")
        st.caption(schedule.description)
        per_epoch = steps_per_epoch(max(round(TRAIN_SHARE * dataset.size), 1), config.batch_size)
        scheduled_rates = learning_rates(config, config.epochs, min(per_epoch, MAX_DRAWN_STEPS // config.epochs + 1))
        plotly_chart(learning_rate_figure(scheduled_rates, config.epochs), key="rates")


def _train_buttons(config: TrainConfig, dataset: Dataset) -> None:
    design = current_workbench().architecture
    refused = refused_knob_titles()
    try:
        if refused:
            raise DataError(f"The value of {' and '.join(refused)} cannot be used; the reason is below the field.")
        speed = cluster().next_device.speed
        check_trainable(design, config, dataset, settings(), speed)
    except CnnvizError as error:
        st.button("Train", key="train", type="primary", icon=":material/play_arrow:", disabled=True, width="stretch")
        st.warning(escape_markdown(str(error)), icon=":material/build:")
        if not refused:
            _fit_buttons(design, dataset)
    else:
        with st.container(horizontal=True, key="launch-buttons"):
            st.button(
                "Train", key="train", type="primary", icon=":material/play_arrow:", on_click=_start_run, width="stretch"
            )
            st.button(
                "Find a learning rate",
                key="find",
                icon=":material/troubleshoot:",
                on_click=_start_run,
                args=(LR_FINDER_RUN,),
                width="stretch",
                help="Trains a copy of the net, up to 151 steps with rising rates, suggests one and tries it out.",
            )
        overfit_button(design, config, dataset)
        if speed:
            st.caption(_duration_text(design, config, dataset, speed))
        design_remarks(design, config, dataset)


def _duration_text(design: Architecture, config: TrainConfig, dataset: Dataset, speed: DeviceSpeed) -> str:
    """Returns how long a training may take, alone and beside those that have begun: as the last one of this net did."""
    if (measured := _measured_epoch_seconds(design, config)) is not None:
        per_epoch, for_all = format_duration(measured), format_duration(config.epochs * measured)
        text = f"About {per_epoch} per epoch, {for_all} in all, as the last time with this net"
    else:
        epoch = expected_epoch_seconds(trace(design), config, dataset, speed)
        per_epoch, for_all = (
            format_duration_range(expected / ESTIMATE_ERROR, expected * ESTIMATE_ERROR)
            for expected in (epoch, config.epochs * epoch)
        )
        text = f"Roughly {per_epoch} per epoch, {for_all} in all"
    runs = cluster().next_device.run_count
    shared = f"; longer, as {count_label(runs, 'run')} {'is' if runs == 1 else 'are'} under way here"
    return f"{text}{shared if runs else ''}."


def _measured_epoch_seconds(design: Architecture, config: TrainConfig) -> float | None:
    """Returns the seconds of an epoch in the newest whole run of this net, data and batch size; None without one."""
    for run in cluster().store.runs_of(current_owner()):
        is_alike = run.architecture == design and all(
            getattr(run.config, name) == getattr(config, name) for name in ("dataset", "split_kind", "batch_size")
        )
        is_whole = run.kind == TRAIN_RUN and run.status == Status.DONE and run.end_reason == EndReason.NONE
        if is_alike and is_whole and run.worked:
            return run.worked / run.config.epochs
    return None


def _fit_buttons(design: Architecture, dataset: Dataset) -> None:
    fitted = adapt_to_dataset(design, dataset)
    if fitted and fitted != design:
        st.button(
            f"Fit my design to {format_shape(dataset.shape)} and {len(dataset.classes)} classes",
            key="fit",
            on_click=_open_design,
            args=(fitted,),
        )
    if dataset.preset:
        preset = PRESETS[dataset.preset]
        st.button(f"Open “{preset.title}”", key="open-preset", on_click=_open_design, args=(preset.architecture,))
    st.caption("Undo on the Design page brings your net back.")


def _open_design(design: Architecture) -> None:
    with notify_errors():
        open_design(design)


def _start_run(kind: RunKind = TRAIN_RUN) -> None:
    with notify_errors():
        if sync_with_other_tabs():  # what the student has pressed the button for is not what would be trained
            raise DesignError(CHANGED_BEFORE_TRAINING)
        run = cluster().submit(current_owner(), current_workbench().architecture, current_config(), kind)
        choose_started_run(run.id)
        forget_overfit_result()
