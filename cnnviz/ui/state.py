"""The state of one browser session: a workbench, a training configuration, and what must be said."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import streamlit as st

from cnnviz.errors import CnnvizError, DesignError
from cnnviz.presets import PRESETS
from cnnviz.runs.cluster import cluster
from cnnviz.runs.drafts import Draft
from cnnviz.training.config import TrainConfig
from cnnviz.ui.identity import current_owner
from cnnviz.ui.widgets.fields import escape_markdown
from cnnviz.ui.workbench import Workbench

FIRST_PRESET = "lab-convnet"
SAVED_UNDO_STEPS = 20
"""Designs that Undo still leads back to after a reload."""
CHANGED_IN_OTHER_TAB = (
    "Another tab of yours has changed the net. It is shown as it is now, and this edit was left out: make it again, or"
    " go back by Undo to what stood here."
)


def current_workbench() -> Workbench:
    """The workbench of this session; at first, what the student left behind or the lab's ConvNet."""
    if "workbench" not in st.session_state:
        draft_token = cluster().drafts.draft_version(current_owner())
        draft = cluster().drafts.draft(current_owner()) or Draft(architecture=PRESETS[FIRST_PRESET].architecture)
        st.session_state["workbench"] = Workbench(draft.architecture, past=draft.past, draft_token=draft_token)
    workbench: Workbench = st.session_state["workbench"]
    return workbench


def save_workbench(workbench: Workbench) -> None:
    """Make this the workbench of the session, and its design with the way back the student's draft.

    Raises DesignError where another tab of the student has changed the design: that is taken over instead.
    """
    student, before = current_owner(), current_workbench()
    if workbench.architecture == before.architecture:
        st.session_state["workbench"] = workbench
        return
    if newer := _workbench_from_newer_draft(student, before):
        st.session_state["workbench"] = newer.acknowledge(workbench.acknowledged_seq, CHANGED_IN_OTHER_TAB)
        raise DesignError(CHANGED_IN_OTHER_TAB)
    workbench = replace(workbench, draft_token=secrets.token_hex(8))
    st.session_state["workbench"] = workbench
    # where another tab was quicker by a moment, the desk stays as it is, and `seen` tells the next run of it
    draft = Draft(architecture=workbench.architecture, past=workbench.past[-SAVED_UNDO_STEPS:])
    cluster().drafts.save_draft(student, draft, before.draft_token, workbench.draft_token)


def sync_with_other_tabs() -> None:
    """Take over what another tab of this student has made of the design."""
    if newer := _workbench_from_newer_draft(current_owner(), current_workbench()):
        st.session_state["workbench"] = newer


def _workbench_from_newer_draft(student: str, workbench: Workbench) -> Workbench | None:
    """The workbench with what stands on the desk, where that is not what it is based on."""
    draft_token = cluster().drafts.draft_version(student)
    draft = cluster().drafts.draft(student) if draft_token != workbench.draft_token else None
    if draft is None or draft.architecture == workbench.architecture:
        return None
    return replace(workbench.restructure(draft.architecture, workbench.selected), draft_token=draft_token)


def current_config() -> TrainConfig:
    """The training configuration of this session; at first, what the student left behind or the defaults."""
    if "config" not in st.session_state:
        st.session_state["config"] = cluster().drafts.config(current_owner()) or TrainConfig()
    config: TrainConfig = st.session_state["config"]
    return config


def save_config(new: TrainConfig, *, by_knob: bool = False) -> None:
    """Make this the training configuration of the session, and the one the student finds again.

    Knobs are drawn anew, unless it was one of them that changed it: a browser goes on showing, and sending, what
    stood in a knob before, whatever the configuration says.
    """
    if new != current_config():
        cluster().drafts.save_config(current_owner(), new)
    st.session_state["config"] = new
    if not by_knob:
        st.session_state["knobs"] = _knob_generation() + 1


def knob_key(name: str) -> str:
    """Key of the widget for one field of the configuration."""
    return f"config-{name}-{_knob_generation()}"


def _knob_generation() -> int:
    """How often the knobs were drawn anew."""
    return int(st.session_state.get("knobs", 0))


def choose_run(run_id: str) -> None:
    """Make this the run to look at."""
    st.session_state["run"] = run_id


def run_choice_key(run_ids: list[str]) -> str:
    """Key of the widget that chooses a run; holds an existing one, at first the newest (the first of them)."""
    if st.session_state.get("run") not in run_ids:
        choose_run(run_ids[0])
    st.session_state["run"] = st.session_state["run"]  # a page without the widget must not forget it
    return "run"


@contextmanager
def notify_errors() -> Iterator[None]:
    """Turn a CnnvizError of an action into a notice on the page."""
    try:
        yield
    except CnnvizError as error:
        st.session_state["notice"] = str(error)


def show_notice() -> None:
    """Say once what the last action had to say.

    The place for it is always there: an element more or less on a page moves all those below it, and a browser draws
    anew what has moved: expanders close, files on their way are lost, charts blink.
    """
    with st.container():
        if notice := st.session_state.pop("notice", None):
            st.error(escape_markdown(notice), icon=":material/error:")
