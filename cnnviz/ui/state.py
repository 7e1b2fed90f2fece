"""The state of one browser session: a workbench, a training configuration, and what must be said."""

from collections.abc import Iterator
from contextlib import contextmanager

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
        changes = cluster().desks.changes(owner())
        draft = cluster().desks.draft(owner()) or Draft(architecture=PRESETS[FIRST_PRESET].architecture)
        st.session_state["workbench"] = Workbench(draft.architecture, past=draft.past)
        st.session_state["desk"] = changes
    bench: Workbench = st.session_state["workbench"]
    return bench


def keep_workbench(bench: Workbench) -> None:
    """Make this the workbench of the session, and its design with the way back the student's draft.

    Raises DesignError where another tab of the student has changed the design: it is taken over instead.
    """
    if bench.architecture != workbench().architecture:
        draft = Draft(architecture=bench.architecture, past=bench.past[-KEPT_PAST:])
        while (changes := cluster().desks.keep_draft(owner(), draft, _seen())) is None:
            if follow_desk():
                refuse(ELSEWHERE)
                raise DesignError(ELSEWHERE)
        st.session_state["desk"] = changes
    st.session_state["workbench"] = bench


def follow_desk() -> bool:
    """Take over what another tab of this student has made of the design; whether there was anything to take over."""
    bench, desks = workbench(), cluster().desks
    changes = desks.changes(owner())
    if _seen() == changes:
        return False
    st.session_state["desk"] = changes
    draft = desks.draft(owner())
    if draft is None or draft.architecture == bench.architecture:
        return False
    st.session_state["workbench"] = bench.restructured(draft.architecture, bench.selected)
    return True


def _seen() -> int:
    """Which of the changes on the student's desk this session knows."""
    return int(st.session_state.setdefault("desk", cluster().desks.changes(owner())))


def refuse(reason: str) -> None:
    """Say on the canvas why an edit was not done, until the design changes or something else is done there."""
    st.session_state["refused"] = workbench().version, reason


def refused() -> str:
    """Why the last edit was not done; empty where it was, or where that is past."""
    version, reason = st.session_state.get("refused", (0, ""))
    return str(reason) if version == workbench().version else ""


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
