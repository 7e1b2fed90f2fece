"""The student's runs: which one to look at, and how it goes."""

from collections.abc import Mapping
from typing import Any

import streamlit as st

from cnnviz.data.splitting import WAYS
from cnnviz.runs.cluster import cluster
from cnnviz.runs.history import History
from cnnviz.runs.run import FIND, Run, Status
from cnnviz.training.config import TrainConfig
from cnnviz.ui.acts import acts
from cnnviz.ui.badges import BADGES
from cnnviz.ui.curves import curves
from cnnviz.ui.fields import distinct, escaped
from cnnviz.ui.finding import search
from cnnviz.ui.followed import exports, read
from cnnviz.ui.look import Look, look
from cnnviz.ui.named import dataset_titles, run_label
from cnnviz.ui.state import chosen_run
from cnnviz.ui.student import owner
from cnnviz.words import duration

TICK = 0.5
"""Seconds between two looks at a run that goes on."""


def runs() -> None:
    """A choice among the student's runs and the chosen one, live."""
    mine = cluster().store.of(owner())
    if not mine:
        st.info(
            "Press **Train**: here you watch, live, the loss fall and the accuracy rise.", icon=":material/show_chart:"
        )
        return
    titles = dataset_titles()
    labels = distinct({run.id: run_label(run, titles) for run in mine})
    shown = st.selectbox("My runs", list(labels), format_func=labels.__getitem__, key=chosen_run(list(labels)))
    chosen = next(run for run in mine if run.id == shown)
    trainings = {run.id: labels[run.id] for run in mine if run.kind != FIND}
    looked = Look() if chosen.kind == FIND else look(shown, trainings)
    st.fragment(_live, run_every=TICK if chosen.active else None)(shown, looked)
    exports(shown)


def _live(run_id: str, chosen: Look) -> None:
    if "notice" in st.session_state:  # of a button here; the page above has the place for it
        st.rerun()
    run = cluster().run(owner(), run_id)
    history = read(run_id)
    with st.container(horizontal=True, vertical_alignment="center", key="status"):
        label, colour, icon = BADGES[run.status]
        st.badge(label, color=colour, icon=icon)  # type: ignore[arg-type]
        st.markdown(_story(run, history), width="content")
    acts(run)
    st.progress(1.0 if run.status == Status.DONE else _done(run, history))
    with st.container():  # with or without a message, the charts stay where they are
        if run.message:
            (st.error if run.status == Status.FAILED else st.info)(escaped(run.message))
    if run.kind == FIND:
        search(run, history)
    else:
        curves(run, history, chosen)
    if not run.active:
        st.caption(prepared(run.config, cluster().store.facts(run.id)))
    ticking = f"ticking-{run_id}"
    if st.session_state.get(ticking, run.active) != run.active:
        st.session_state[ticking] = run.active
        st.rerun()  # the whole page once more, without ticks or with them
    st.session_state[ticking] = run.active


def prepared(config: TrainConfig, facts: Mapping[str, Any]) -> str:
    """How the samples of a run were split and scaled, with the numbers that were found.

    >>> prepared(TrainConfig(floor=0.0), {"parts": [8, 1, 1], "scale": {"mean": [2.5], "std": [0.5]}}).split(". ")[1]
    'Each value raised to at least 0; minus the mean 2.5, divided by the deviation 0.5.'
    """
    told = []
    if parts := facts.get("parts"):
        told.append(f"Split {WAYS[config.split].title.lower()}: {', '.join(f'{part:,}' for part in parts)} samples.")
    scale = facts.get("scale") or {}
    done = [f"raised to at least {config.floor:g}"] if config.floor is not None else []
    if mean := scale.get("mean"):
        several = f"minus the mean of its place, divided by the deviation there ({len(mean):,} of each)"
        one = f"minus the mean {mean[0]:.4g}, divided by the deviation {scale['std'][0]:.4g}"
        done.append(one if len(mean) == 1 else several)
    if done:
        told.append(f"Each value {'; '.join(done)}.")
    return " ".join(told)


def _done(run: Run, history: History) -> float:
    """Share of the run's steps that are done."""
    return min(history.step / run.steps, 1.0) if run.steps else 0.0


def _story(run: Run, history: History) -> str:
    left = cluster().left(run) if run.active else None
    if run.status == Status.QUEUED:
        ahead = cluster().ahead(run)
        waits = f"waits for its turn, behind {ahead} other{'s' * (ahead != 1)}" if ahead else "has its turn next"
        return f"{waits}, in about **{duration(left)}**" if left is not None else waits
    if run.status == Status.RUNNING and not run.steps:
        done, total = cluster().store.facts(run.id).get("loading", (0, 0))
        return f"reads its data: {done:,} of {total:,}" if total else "reads its data"
    if run.kind == FIND:
        parts = [f"step **{history.step}** of {run.steps}"]
    else:
        parts = [f"epoch **{history.epoch}** of {run.config.epochs}"]
    if run.status == Status.RUNNING and left is not None:
        parts.append(f"about **{duration(left)}** left")
    if not run.active and run.worked:
        parts.append(f"{duration(run.worked)} of work")
    best, accuracy = history.best()
    if best:
        parts.append(f"best validation accuracy **{accuracy:.3f}** (epoch {best})")
    if run.score.test is not None:
        parts.append(f"test accuracy **{run.score.test:.3f}**")
    return " · ".join(parts)
