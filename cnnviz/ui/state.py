"""The state of one browser session: a workbench, a training configuration, and what must be said."""

from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

from cnnviz.errors import CnnvizError
from cnnviz.presets import PRESETS
from cnnviz.runs.cluster import cluster
from cnnviz.training.config import TrainConfig
from cnnviz.ui.fields import escaped
from cnnviz.ui.student import owner
from cnnviz.ui.workbench import Workbench

FIRST_PRESET = "lab-convnet"


def workbench() -> Workbench:
    """The workbench of this session; at first, the design the student left behind or the lab's ConvNet."""
    if "workbench" not in st.session_state:
        draft = cluster().draft(owner()) or PRESETS[FIRST_PRESET].architecture
        st.session_state["workbench"] = Workbench(draft)
    bench: Workbench = st.session_state["workbench"]
    return bench


def keep_workbench(bench: Workbench) -> None:
    """Make this the workbench of the session, and its design the student's draft."""
    if bench.architecture != workbench().architecture:
        cluster().keep_draft(owner(), bench.architecture)
    st.session_state["workbench"] = bench


def config() -> TrainConfig:
    """The training configuration of this session."""
    kept: TrainConfig = st.session_state.setdefault("config", TrainConfig())
    return kept


def keep_config(new: TrainConfig) -> None:
    """Make this the training configuration of the session."""
    st.session_state["config"] = new


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
    """Say once what the last action had to say."""
    if notice := st.session_state.pop("notice", None):
        st.error(escaped(notice), icon=":material/error:")
