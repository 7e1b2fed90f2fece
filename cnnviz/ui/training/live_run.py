"""The student's runs: which one to look at, and how it goes."""

from collections.abc import Mapping
from typing import Any

import streamlit as st

from cnnviz.data.splitting import SPLIT_KINDS
from cnnviz.runs.cluster import cluster
from cnnviz.runs.history import History
from cnnviz.runs.run import LR_FINDER_RUN, Run, Status
from cnnviz.training.config import TrainConfig
from cnnviz.ui.identity import current_owner
from cnnviz.ui.runs.labels import dataset_titles, run_label
from cnnviz.ui.state import run_choice_key
from cnnviz.ui.training.chart_options import ChartOptions, chart_options
from cnnviz.ui.training.curves import run_curves
from cnnviz.ui.training.lr_finder import lr_finder_view
from cnnviz.ui.training.run_actions import run_actions
from cnnviz.ui.training.run_history import export_buttons, read_history
from cnnviz.ui.widgets.fields import escape_markdown, unique_labels
from cnnviz.ui.widgets.status_badge import STATUS_BADGES
from cnnviz.words import format_duration

REFRESH_SECONDS = 0.5
"""Seconds between two looks at a run that goes on."""


def live_run() -> None:
    """A choice among the student's runs and the chosen one, live."""
    mine = cluster().store.runs_of(current_owner())
    if not mine:
        st.info(
            "Press **Train**: here you watch, live, the loss fall and the accuracy rise.", icon=":material/show_chart:"
        )
        return
    titles = dataset_titles()
    labels = unique_labels({run.id: run_label(run, titles) for run in mine})
    run_id = st.selectbox("My runs", list(labels), format_func=labels.__getitem__, key=run_choice_key(list(labels)))
    run_shown = next(run for run in mine if run.id == run_id)
    trainings = {run.id: labels[run.id] for run in mine if run.kind != LR_FINDER_RUN}
    options = ChartOptions() if run_shown.kind == LR_FINDER_RUN else chart_options(run_id, trainings)
    st.fragment(_run_view, run_every=REFRESH_SECONDS if run_shown.active else None)(run_id, options)
    export_buttons(run_id)


def _run_view(run_id: str, options: ChartOptions) -> None:
    if "notice" in st.session_state:  # of a button here; the page above has the place for it
        st.rerun()
    run = cluster().run(current_owner(), run_id)
    history = read_history(run_id)
    with st.container(horizontal=True, vertical_alignment="center", key="status"):
        label, colour, icon = STATUS_BADGES[run.status]
        st.badge(label, color=colour, icon=icon)  # type: ignore[arg-type]
        st.markdown(_status_text(run, history), width="content")
    run_actions(run)
    st.progress(1.0 if run.status == Status.DONE else _done_share(run, history))
    with st.container():  # with or without a message, the charts stay where they are
        if run.message:
            (st.error if run.status == Status.FAILED else st.info)(escape_markdown(run.message))
    if run.kind == LR_FINDER_RUN:
        lr_finder_view(run, history)
    else:
        run_curves(run, history, options)
    if not run.active:
        st.caption(preparation_text(run.config, cluster().store.facts(run.id)))
    ticking = f"ticking-{run_id}"
    if st.session_state.get(ticking, run.active) != run.active:
        st.session_state[ticking] = run.active
        st.rerun()  # the whole page once more, without ticks or with them
    st.session_state[ticking] = run.active


def preparation_text(config: TrainConfig, facts: Mapping[str, Any]) -> str:
    """How the samples of a run were split and scaled, with the numbers that were found.

    >>> facts = {"parts": [8, 1, 1], "scale": {"mean": [2.5], "std": [0.5]}}
    >>> preparation_text(TrainConfig(floor=0.0), facts).split(". ")[1]
    'Each value raised to at least 0; minus the mean 2.5, divided by the deviation 0.5.'
    """
    sentences = []
    if parts := facts.get("parts"):
        sentences.append(
            f"Split {SPLIT_KINDS[config.split_kind].title.lower()}: {', '.join(f'{part:,}' for part in parts)} samples."
        )
    scale = facts.get("scale") or {}
    scaling_steps = [f"raised to at least {config.floor:g}"] if config.floor is not None else []
    if mean := scale.get("mean"):
        several = f"minus the mean of its place, divided by the deviation there ({len(mean):,} of each)"
        one = f"minus the mean {mean[0]:.4g}, divided by the deviation {scale['std'][0]:.4g}"
        scaling_steps.append(one if len(mean) == 1 else several)
    if scaling_steps:
        sentences.append(f"Each value {'; '.join(scaling_steps)}.")
    return " ".join(sentences)


def _done_share(run: Run, history: History) -> float:
    """Share of the run's steps that are done."""
    return min(history.step / run.steps, 1.0) if run.steps else 0.0


def _status_text(run: Run, history: History) -> str:
    left = cluster().seconds_left(run) if run.active else None
    if run.status == Status.QUEUED:
        ahead = cluster().runs_ahead(run)
        waits = f"waits for its turn, behind {ahead} other{'s' * (ahead != 1)}" if ahead else "has its turn next"
        return f"{waits}, in about **{format_duration(left)}**" if left is not None else waits
    if run.status == Status.RUNNING and not run.steps:
        done, total = cluster().store.facts(run.id).get("loading", (0, 0))
        return f"reads its data: {done:,} of {total:,}" if total else "reads its data"
    if run.kind == LR_FINDER_RUN:
        parts = [f"step **{history.step}** of {run.steps}"]
    else:
        parts = [f"epoch **{history.epoch}** of {run.config.epochs}"]
    if run.status == Status.RUNNING and left is not None:
        parts.append(f"about **{format_duration(left)}** left")
    if not run.active and run.worked:
        parts.append(f"{format_duration(run.worked)} of work")
    best, accuracy = history.best()
    if best:
        parts.append(f"best validation accuracy **{accuracy:.3f}** (epoch {best})")
    if run.score.test is not None:
        parts.append(f"test accuracy **{run.score.test:.3f}**")
    return " · ".join(parts)
