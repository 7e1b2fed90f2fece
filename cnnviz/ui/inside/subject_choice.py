"""The net and the sample that are looked into: a run or the design at hand, and a sample of its data."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import streamlit as st

from cnnviz.architecture import Architecture, layer_number, trace
from cnnviz.architecture.step import find_refusing_step
from cnnviz.architecture.weights import read_weights
from cnnviz.data import available_datasets
from cnnviz.data.arrays import SplitIndices
from cnnviz.data.content import Content
from cnnviz.data.dataset import Dataset
from cnnviz.data.scaling import Scale, scale_from_parameters
from cnnviz.data.splitting import PARTS
from cnnviz.errors import CnnvizError, DataError
from cnnviz.inside import Subject
from cnnviz.presets import net_name
from cnnviz.runs.cluster import cluster
from cnnviz.runs.run import LR_FINDER_RUN, Run
from cnnviz.shapes import Shape, format_shape
from cnnviz.table import parameter_count
from cnnviz.training.config import TrainConfig
from cnnviz.ui.data.content import cached_scale, load_content, split_indices
from cnnviz.ui.inside.own_results import forget_own_sample
from cnnviz.ui.inside.own_sample import CANNOT_TAKE, give_own_sample, takes_own_samples
from cnnviz.ui.runs.labels import dataset_titles, run_label
from cnnviz.ui.state import (
    OWN_SAMPLE,
    current_config,
    current_owner,
    current_workbench,
    inside_choice_key,
    session_dict,
    take_sample_to_open,
)
from cnnviz.ui.widgets.fields import escape_markdown, number
from cnnviz.words import unique_labels

LEFT_OUT = "left out"
"""What is shown as the part of samples that a run is not trained on."""
YOURS = "your own"
"""What is shown as the part of a sample that the student gives."""
UNTRAINED = ""
"""Stands for the design at hand among the ids of the runs."""
OPENED = "inside-opened"
"""Session dict with the sample that another page has opened last, counted, by the name of its data set."""
MAX_PARAMETERS = 20_000_000
"""Largest number of parameters of a net that is opened in the server's memory."""
MAX_VALUES = 20_000_000
"""Largest number of values that such a net may make of one sample."""


@dataclass(frozen=True)
class _Net:
    """What is looked into, before its sample is chosen."""

    architecture: Architecture
    config: TrainConfig
    run: Run | None = None


def choose_subject() -> Subject | None:
    """Draws the choice of a net and of a sample, and returns both; None, with the reason, where one cannot be shown."""
    sample_to_open = take_sample_to_open()
    with st.container(horizontal=True, vertical_alignment="bottom", key="inside-choice"):
        net = _choose_net()
        if reason := _refusal(net.architecture):
            st.warning(escape_markdown(reason), icon=":material/error:")
            return None
        dataset = _choose_dataset(net)
        if net.run is not None and dataset is None:
            st.warning(
                "The data set of this run was changed or removed, so there is no sample.", icon=":material/error:"
            )
            return None
        try:
            subject = _noise_subject(net) if dataset is None else _data_subject(net, dataset, sample_to_open)
        except CnnvizError as error:
            st.warning(escape_markdown(str(error)), icon=":material/error:")
            return None
    if sample_to_open == OWN_SAMPLE and (dataset is None or not takes_own_samples(dataset)):
        st.info(CANNOT_TAKE, icon=":material/mic_off:")
    if dataset is not None and subject.own:
        return give_own_sample(subject, dataset)
    forget_own_sample()
    return subject


def _choose_net() -> _Net:
    """Draws the choice among the design at hand and the runs that have weights."""
    runs = {run.id: run for run in cluster().store.runs_of(current_owner()) if run.kind != LR_FINDER_RUN}
    titles = dataset_titles()
    design = current_workbench().architecture
    labels = unique_labels(
        {UNTRAINED: f"Your design, untrained: {net_name(design)}"}
        | {run.id: run_label(run, titles) for run in runs.values()}
    )
    chosen = st.selectbox(
        "Net", list(labels), format_func=labels.__getitem__, key=inside_choice_key(list(labels)), width=420
    )
    run = runs.get(chosen)
    return _Net(design, current_config()) if run is None else _Net(run.architecture, run.config, run)


def _refusal(architecture: Architecture) -> str:
    """Returns why a design cannot be looked into; empty where it can."""
    steps = trace(architecture)
    if refusing := find_refusing_step(steps):
        return f"This design does not fit yet, so nothing runs through it. {refusing.error}"
    if not steps:
        return "This design has no layers yet."
    largest = max(steps, key=lambda step: step.activation_bytes)
    values = sum(step.activation_bytes for step in steps) // 4
    if (parameters := parameter_count(architecture)) > MAX_PARAMETERS:
        return f"This net has {parameters:,} parameters; nets of up to {MAX_PARAMETERS:,} are opened here."
    if values > MAX_VALUES:
        return (
            f"This net makes {values:,} values of one sample, most of them in layer {layer_number(largest.path)}; nets"
            f" with up to {MAX_VALUES:,} are opened here."
        )
    return ""


def _choose_dataset(net: _Net) -> Dataset | None:
    """Returns the data set of a run, or of those that a design can read the chosen one; None where there is none."""
    datasets = available_datasets(current_owner())
    fitting = {name: dataset for name, dataset in datasets.items() if dataset.shape == net.architecture.input_shape}
    if net.run is not None:
        return fitting.get(net.config.dataset)
    if len(fitting) < 2:
        return next(iter(fitting.values()), None)
    titles = dataset_titles()
    names = sorted(fitting, key=lambda name: name != net.config.dataset)
    name = st.selectbox(
        "Data set", names, format_func=titles.__getitem__, key=f"inside-data-{'-'.join(names)}", persist_state="session"
    )
    return fitting[name]


def _noise_subject(net: _Net) -> Subject:
    """Returns a design with a sample of noise, as no data set has such samples."""
    shape = net.architecture.input_shape
    st.caption(f"No data set has samples of {format_shape(shape)}: this one is noise.")
    return Subject.from_raw(net.architecture, _noise(shape), seed=net.config.seed)


def _noise(shape: Shape) -> npt.NDArray[np.float32]:
    return np.random.default_rng(0).normal(size=shape).astype(np.float32)


def _data_subject(net: _Net, dataset: Dataset, sample_to_open: int | None) -> Subject:
    content = load_content(dataset)
    split_kind = dataset.split_kind(net.config.split_kind)
    left_out = net.config.left_out_of(dataset.name)
    rows = split_indices(content, split_kind, left_out)
    index = _choose_sample(dataset, content, rows, sample_to_open)
    if index == OWN_SAMPLE:
        return replace(_subject(net, dataset, content, 0), own=YOURS)
    label = int(content.y[index])
    st.markdown(f"Sample {index:,}: **{escape_markdown(dataset.classes[label])}**", width="content")
    return _subject(net, dataset, content, index)


def run_subject(run: Run, dataset: Dataset, content: Content, index: int) -> Subject:
    """Returns a run with one sample of its data set; raises DataError where it has no weights or is too large."""
    if reason := _refusal(run.architecture):
        raise DataError(reason)
    return _subject(_Net(run.architecture, run.config, run), dataset, content, index)


def _subject(net: _Net, dataset: Dataset, content: Content, index: int) -> Subject:
    split_kind = dataset.split_kind(net.config.split_kind)
    left_out = net.config.left_out_of(dataset.name)
    label = int(content.y[index])
    weights = None
    if net.run is not None:
        stored = cluster().store.weights(net.run.id)
        if stored is None:
            raise DataError("This run has no weights yet: they are kept at the end of its first epoch.")
        weights = read_weights(stored, net.architecture, "The file of this run's weights")
    subject = Subject.from_raw(
        net.architecture,
        np.array(content.x[index], np.float32),
        weights=weights,
        dataset=dataset.name,
        scale=_scale(net, content, dataset),
        label=label,
        classes=dataset.classes,
        axes=dataset.axes,
        seed=net.config.seed,
        index=index,
    )
    return replace(subject, split_kind=split_kind, left_out=left_out)


def same_sample_in(run: Run, subject: Subject) -> Subject:
    """Returns the sample of a subject with the net of another run, scaled as that run scales; raises DataError."""
    dataset = available_datasets(current_owner()).get(subject.dataset)
    weights = cluster().store.weights(run.id)
    if dataset is None or weights is None:
        raise DataError("This run has no weights yet, or its data set was removed.")
    net = _Net(run.architecture, run.config, run)
    return replace(
        subject,
        architecture=run.architecture,
        weights=read_weights(weights, run.architecture, "The file of this run's weights"),
        scale=_scale(net, load_content(dataset), dataset),
        seed=run.config.seed,
    ).with_raw_sample(subject.raw_sample)


def comparable_runs(subject: Subject) -> dict[str, Run]:
    """Returns the student's runs on the data set of a subject that can be opened, by id."""
    return {
        run.id: run
        for run in cluster().store.runs_of(current_owner())
        if run.kind != LR_FINDER_RUN and run.config.dataset == subject.dataset and not _refusal(run.architecture)
    }


def _choose_sample(dataset: Dataset, content: Content, rows: SplitIndices | None, sample_to_open: int | None) -> int:
    """Draws the choice of a part and of a number in it, and returns the index of the sample, or OWN_SAMPLE."""
    parts: dict[str, npt.NDArray[np.intp]] = (
        {"all": np.arange(len(content.y))} if rows is None else dict(zip(PARTS, rows, strict=True))
    )
    if rows is not None and len(left_out := np.setdiff1d(np.arange(len(content.y)), np.concatenate(rows))):
        parts[LEFT_OUT] = left_out
    opened = session_dict(OPENED)
    if sample_to_open is not None:
        opened[dataset.name] = (opened.get(dataset.name, (0,))[0] + 1, sample_to_open)
    if takes_own_samples(dataset):
        parts[YOURS] = np.zeros(0, np.intp)
    generation, opened_index = opened.get(dataset.name, (0, None))
    first_part, first_number = _find_sample(parts, opened_index)
    key = f"{dataset.name}-{'-'.join(parts)}-{generation}"
    part = st.segmented_control(
        "Part",
        list(parts),
        default=first_part,
        required=True,
        key=f"inside-part-{key}",
        persist_state="session",
    )
    places = parts[part or first_part]
    if part == YOURS:
        return OWN_SAMPLE
    with st.container(width=160):
        place = int(
            number(
                f"Number, of {len(places):,}",
                first_number if part == first_part else 1,
                whole=True,
                bounds=(1, len(places)),
                step=1,
                key=f"inside-number-{key}-{part}",
                persist_state="session",
            )
        )
    return int(places[place - 1])


def _find_sample(parts: Mapping[str, npt.NDArray[np.intp]], index: int | None) -> tuple[str, int]:
    """Returns the part in which a sample is, and its number there, from 1; those of the first one without an index."""
    if index == OWN_SAMPLE and YOURS in parts:
        return YOURS, 1
    for part, places in parts.items():
        if len(found := np.flatnonzero(places == index)):
            return part, int(found[0]) + 1
    return next(iter(parts)), 1


def _scale(net: _Net, content: Content, dataset: Dataset) -> Scale:
    """Returns how samples are scaled: by the numbers that are stored with a run, else by the settings."""
    config = net.config
    fact = cluster().store.facts(net.run.id).scale if net.run is not None else None
    if fact is not None:
        return scale_from_parameters(
            fact.floor, fact.mean, fact.std, normalization=config.normalization, shape=dataset.shape
        )
    split_kind, left_out = dataset.split_kind(config.split_kind), config.left_out_of(dataset.name)
    return cached_scale(content, split_kind, config.floor, config.normalization, left_out)[0]
