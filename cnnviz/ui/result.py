"""One run of the student looked at closely: what it reached, and several ways to look further."""

from collections.abc import Callable
from typing import Any

import streamlit as st

from cnnviz.data import available
from cnnviz.insight.predictions import Predictions
from cnnviz.presets import net_name
from cnnviz.runs.cluster import cluster
from cnnviz.runs.parcels import predictions
from cnnviz.runs.run import FIND, Run, Status
from cnnviz.settings import settings
from cnnviz.ui import dataset
from cnnviz.ui.badges import BADGES
from cnnviz.ui.closer import Tested, closer, places_of
from cnnviz.ui.fields import distinct, escaped
from cnnviz.ui.home import home
from cnnviz.ui.named import dataset_titles, parameters, run_label
from cnnviz.ui.navigation import open_page
from cnnviz.ui.state import choose_run, chosen_run
from cnnviz.ui.student import owner
from cnnviz.ui.verdicts import verdicts
from cnnviz.words import as_share, duration

TICK = 2.0
"""Seconds between two looks at a run that goes on."""
UNTESTED = {
    Status.PAUSED: " Resume this one on the Train page.",
    Status.STOPPED: " This one was stopped: train it further, to its end, on the Train page.",
    Status.FAILED: " This one failed; the Verdict says what to try.",
}
"""What can be done about a run that was not tested."""


def result() -> None:
    """A choice among the student's trainings, and the chosen one."""
    mine = [run for run in cluster().store.of(owner()) if run.kind != FIND]
    if not mine:
        st.info("Here a run is looked at closely, once there is one.", icon=":material/search_insights:")
        st.page_link("pages/train.py", label="Train", icon=":material/show_chart:")
        return
    titles = dataset_titles()
    labels = distinct({run.id: run_label(run, titles) for run in mine})
    shown = st.selectbox("Run", list(labels), format_func=labels.__getitem__, key=chosen_run(list(labels)))
    chosen = next(run for run in mine if run.id == shown)
    st.fragment(_looked_at, run_every=TICK if chosen.active else None)(shown, chosen.active)


def _looked_at(run_id: str, active: bool) -> None:
    if "notice" in st.session_state:  # the page above has the place for it
        st.rerun()
    run = cluster().run(owner(), run_id)
    if run.active != active:
        st.rerun()  # the whole page once more, without ticks or with them
    _reached(run)
    view = st.segmented_control(
        "Look at",
        list(VIEWS),
        default=next(iter(VIEWS)),
        required=True,
        key="result-view",
        label_visibility="collapsed",
        persist_state="session",
    )
    with st.container(key="result"):
        VIEWS[view or next(iter(VIEWS))](run)


def _reached(run: Run) -> None:
    """Status and numbers of a run."""
    label, colour, icon = BADGES[run.status]
    with st.container(horizontal=True, vertical_alignment="center", key="result-status"):
        st.badge(label, color=colour, icon=icon)  # type: ignore[arg-type]
        about = f"**{escaped(net_name(run.architecture))}**, {parameters(run.architecture):,} parameters"
        st.markdown(f"{about}, {run.score.epoch} of {run.config.epochs} epochs done", width="content")
        if st.button("Watch its curves", icon=":material/show_chart:", type="tertiary", key="watch"):
            choose_run(run.id)
            open_page("pages/train.py")
    score, goal = run.score, settings().goal
    with st.container(horizontal=True, gap="medium", key="result-numbers"):
        accuracy = "—" if score.accuracy is None else f"{score.accuracy:.3f}"
        away = None if score.accuracy is None else f"{score.accuracy - goal:+.3f} to the goal"
        card: dict[str, Any] = {"border": True, "height": "stretch"}
        st.metric(
            "Validation",
            accuracy,
            away,
            delta_arrow="off",
            help=f"Accuracy of the best epoch; goal {as_share(goal)}.",
            **card,
        )
        test = "—" if score.test is None else f"{score.test:.3f}"
        st.metric("Test", test, help="Accuracy, measured once, with the weights of the best epoch.", **card)
        st.metric("Best epoch", f"{score.best_epoch or '—'}", **card)
        st.metric("Work", duration(run.worked), help="Time that the device worked for it.", **card)
    if run.message:
        st.caption(escaped(run.message))


def _mistakes(run: Run) -> None:
    found = predictions(cluster().store, run)
    if found is None:
        st.info(
            "What a net makes of the test samples is kept when a run ends by itself: test is asked once, at the end."
            + UNTESTED.get(run.status, ""),
            icon=":material/hourglass_empty:",
        )
        return
    closer(_tested(run, found))


def _tested(run: Run, found: Predictions) -> Tested:
    """The predictions with their samples, as far as these are still there."""
    learned = available(owner()).get(run.config.dataset)
    if learned is None:
        return Tested(run.id, found)
    content = dataset.loaded(learned)
    rows = dataset.rows_of(content, learned.way(run.config.split))
    places = None if rows is None else places_of(content, rows, found)
    return Tested(run.id, found, learned, content, places) if places is not None else Tested(run.id, found)


VIEWS: dict[str, Callable[[Run], None]] = {
    "Verdict": verdicts,
    "Mistakes": _mistakes,
    "Take it home": home,
}
"""Every view of one run by what it is called."""
