"""What can be done with a run: pause, resume, stop, train further, and start another one like it."""

import streamlit as st

from cnnviz.runs.cluster import cluster
from cnnviz.runs.run import LR_FINDER_RUN, Run, Status
from cnnviz.settings import settings
from cnnviz.ui.navigation import open_page
from cnnviz.ui.state import current_owner, open_design
from cnnviz.ui.widgets.fields import number
from cnnviz.ui.widgets.notice import notify_errors

ANSWER_WAIT_SECONDS = 0.4
"""Seconds a click waits, so that the page it draws shows what came of it."""


def run_actions(run: Run) -> None:
    """Draws the buttons of a run; those that make no sense at the moment are disabled."""
    paused, resumable = run.status == Status.PAUSED, cluster().resumable(run)
    with st.container(horizontal=True, key="acts"):
        if paused or (run.status == Status.FAILED and resumable):
            st.button("Resume", icon=":material/play_arrow:", key=f"resume-{run.id}", on_click=_resume, args=(run.id,))
        elif run.kind != LR_FINDER_RUN and (run.active or not resumable):
            st.button(
                "Pause",
                icon=":material/pause:",
                key=f"pause-{run.id}",
                on_click=_pause,
                args=(run.id,),
                disabled=not run.active,
            )
        elif run.kind != LR_FINDER_RUN:
            _train_further_popover(run)
        st.button(
            "Stop",
            icon=":material/stop:",
            key=f"stop-{run.id}",
            on_click=_stop,
            args=(run.id,),
            disabled=not (run.active or paused),
        )
        if st.button(
            "Use its net and settings",
            icon=":material/content_copy:",
            key=f"clone-{run.id}",
            help="Opens the net and the settings of this run, so that you can change something and train again.",
        ):
            with notify_errors():
                open_design(run.architecture, run.config)
            st.rerun()
        if run.kind != LR_FINDER_RUN and st.button(
            "Look closely",
            icon=":material/search_insights:",
            key=f"closely-{run.id}",
            help="Its verdict, its mistakes, and its files to download.",
        ):
            open_page("pages/result.py")


def _train_further_popover(run: Run) -> None:
    with st.popover("Train further", icon=":material/forward:"):
        max_epochs = settings().max_epochs
        default_epochs = min(run.config.epochs, max_epochs)
        epochs = number(
            "More epochs", default_epochs, whole=True, bounds=(1, max_epochs), step=1, key=f"epochs-{run.id}"
        )
        last = cluster().store.last_epoch(run.id)
        st.caption(
            f"From epoch {last:,} to epoch {last + int(epochs):,}, as if that had been planned from the start:"
            " weights, optimizer and random numbers are as the run left them. A schedule is stretched over all"
            " epochs, so the learning rate may jump."
        )
        if st.button("Continue", key=f"further-{run.id}", type="primary"):
            with notify_errors():
                cluster().extend(current_owner(), run.id, int(epochs))
            st.rerun()


def _pause(run_id: str) -> None:
    with notify_errors():
        cluster().pause(current_owner(), run_id, wait=ANSWER_WAIT_SECONDS)


def _resume(run_id: str) -> None:
    with notify_errors():
        cluster().resume(current_owner(), run_id)


def _stop(run_id: str) -> None:
    with notify_errors():
        cluster().stop(current_owner(), run_id, wait=ANSWER_WAIT_SECONDS)
