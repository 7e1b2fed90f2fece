"""The state of one browser session: a workbench, a training configuration, and what must be said."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import streamlit as st

from cnnviz.errors import CnnvizError, DesignError
from cnnviz.presets import PRESETS
from cnnviz.runs.cluster import cluster
from cnnviz.runs.desk import Draft
from cnnviz.training.config import TrainConfig
from cnnviz.ui.fields import escaped
from cnnviz.ui.student import owner
from cnnviz.ui.workbench import Workbench

FIRST_PRESET = "lab-convnet"
KEPT_PAST = 20
"""Designs that Undo still leads back to after a reload."""
ELSEWHERE = (
    "Another tab of yours has changed the net. It is shown as it is now, and this edit was left out: make it again, or"
    " go back by Undo to what stood here."
)


def workbench() -> Workbench:
    """The workbench of this session; at first, what the student left behind or the lab's ConvNet."""
    if "workbench" not in st.session_state:
        seen = cluster().desks.state(owner())
        draft = cluster().desks.draft(owner()) or Draft(architecture=PRESETS[FIRST_PRESET].architecture)
        st.session_state["workbench"] = Workbench(draft.architecture, past=draft.past, seen=seen)
    bench: Workbench = st.session_state["workbench"]
    return bench


def keep_workbench(bench: Workbench) -> None:
    """Make this the workbench of the session, and its design with the way back the student's draft.

    Raises DesignError where another tab of the student has changed the design: that is taken over instead.
    """
    student, before = owner(), workbench()
    if bench.architecture == before.architecture:
        st.session_state["workbench"] = bench
        return
    if taken := _taken_over(student, before):
        st.session_state["workbench"] = taken.answer(bench.answered, ELSEWHERE)
        raise DesignError(ELSEWHERE)
    bench = replace(bench, seen=secrets.token_hex(8))
    st.session_state["workbench"] = bench
    # where another tab was quicker by a moment, the desk stays as it is, and `seen` tells the next run of it
    draft = Draft(architecture=bench.architecture, past=bench.past[-KEPT_PAST:])
    cluster().desks.keep_draft(student, draft, before.seen, bench.seen)


def follow_desk() -> None:
    """Take over what another tab of this student has made of the design."""
    if taken := _taken_over(owner(), workbench()):
        st.session_state["workbench"] = taken


def _taken_over(student: str, bench: Workbench) -> Workbench | None:
    """The workbench with what stands on the desk, where that is not what it is based on."""
    seen = cluster().desks.state(student)
    draft = cluster().desks.draft(student) if seen != bench.seen else None
    if draft is None or draft.architecture == bench.architecture:
        return None
    return replace(bench.restructured(draft.architecture, bench.selected), seen=seen)


def config() -> TrainConfig:
    """The training configuration of this session; at first, what the student left behind or the defaults."""
    if "config" not in st.session_state:
        st.session_state["config"] = cluster().desks.config(owner()) or TrainConfig()
    kept: TrainConfig = st.session_state["config"]
    return kept


def keep_config(new: TrainConfig, *, by_knob: bool = False) -> None:
    """Make this the training configuration of the session, and the one the student finds again.

    Knobs are drawn anew, unless it was one of them that changed it: a browser goes on showing, and sending, what
    stood in a knob before, whatever the configuration says.
    """
    if new != config():
        cluster().desks.keep_config(owner(), new)
    st.session_state["config"] = new
    if not by_knob:
        st.session_state["knobs"] = _knobs() + 1


def knob_key(name: str) -> str:
    """Key of the widget for one field of the configuration."""
    return f"config-{name}-{_knobs()}"


def _knobs() -> int:
    """How often the knobs were drawn anew."""
    return int(st.session_state.get("knobs", 0))


def choose_run(run_id: str) -> None:
    """Make this the run to look at."""
    st.session_state["run"] = run_id


def chosen_run(existing: list[str]) -> str:
    """Key of the widget that chooses a run; holds an existing one, at first the newest (the first of them)."""
    if st.session_state.get("run") not in existing:
        choose_run(existing[0])
    st.session_state["run"] = st.session_state["run"]  # a page without the widget must not forget it
    return "run"


@contextmanager
def told() -> Iterator[None]:
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
            st.error(escaped(notice), icon=":material/error:")
