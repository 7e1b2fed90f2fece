"""What can be done with a run: pause, resume, stop, train further, and begin another one like it."""

import streamlit as st

from cnnviz.runs.cluster import cluster
from cnnviz.runs.run import FIND, Run, Status
from cnnviz.settings import settings
from cnnviz.ui.fields import number
from cnnviz.ui.navigation import open_page
from cnnviz.ui.state import keep_config, keep_workbench, told, workbench
from cnnviz.ui.student import owner
from cnnviz.ui.workbench import FIRST

ANSWER_WAIT = 0.4
"""Seconds a click waits, so that the page it draws shows what came of it."""


def acts(run: Run) -> None:
    """The buttons of a run; those that make no sense just now cannot be pressed."""
    paused, resumable = run.status == Status.PAUSED, cluster().resumable(run)
    with st.container(horizontal=True, key="acts"):
        if paused or (run.status == Status.FAILED and resumable):
            st.button("Resume", icon=":material/play_arrow:", key=f"resume-{run.id}", on_click=_resume, args=(run.id,))
        elif run.kind != FIND and (run.active or not resumable):
            st.button(
                "Pause",
                icon=":material/pause:",
                key=f"pause-{run.id}",
                on_click=_pause,
                args=(run.id,),
                disabled=not run.active,
            )
        elif run.kind != FIND:
            _further(run)
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
            help="Opens the net of this run and its settings, to change something and train again.",
        ):
            open_net(run)
            st.rerun()
        if run.kind != FIND and st.button(
            "Look closely",
            icon=":material/search_insights:",
            key=f"closely-{run.id}",
            help="Its verdict, its mistakes, and all of it to take home.",
        ):
            open_page("pages/result.py")


def _further(run: Run) -> None:
    with st.popover("Train further", icon=":material/forward:"):
        most = settings().max_epochs
        usual = min(run.config.epochs, most)
        epochs = number("Epochs more", usual, whole=True, bounds=(1, most), step=1, key=f"epochs-{run.id}")
        st.caption(
            "It goes on from its last epoch, as if it had been meant to be longer: weights, optimizer and random"
            " numbers are as it left them. A schedule is stretched over all epochs, so its rate may jump."
        )
        if st.button("Go on", key=f"further-{run.id}", type="primary"):
            with told():
                cluster().extend(owner(), run.id, int(epochs))
            st.rerun()


def open_net(run: Run) -> None:
    """Make its net and settings those at hand."""
    with told():
        keep_workbench(workbench().restructured(run.architecture, FIRST))
        keep_config(run.config)


def _pause(run_id: str) -> None:
    with told():
        cluster().pause(owner(), run_id, wait=ANSWER_WAIT)


def _resume(run_id: str) -> None:
    with told():
        cluster().resume(owner(), run_id)


def _stop(run_id: str) -> None:
    with told():
        cluster().stop(owner(), run_id, wait=ANSWER_WAIT)
