"""The recorded points of a run: read once, drawn as curves, and written to files."""

from collections.abc import Container, Iterator
from dataclasses import dataclass
from typing import Any

import streamlit as st

from cnnviz.charts.curve import Curve
from cnnviz.charts.points_file import points_to_csv, points_to_json
from cnnviz.runs.cluster import cluster
from cnnviz.runs.history import History
from cnnviz.runs.run import Run, Status
from cnnviz.training.point import Point
from cnnviz.ui.state import session_dict

_HISTORIES = "histories"


@dataclass(frozen=True)
class RunHistory:
    """A run with the points that have been read so far."""

    run: Run
    history: History

    def curve(self, split: str, metric: str) -> Curve:
        """Returns a curve over the epochs passed."""
        steps, values = self.history.curve(split, metric)
        return Curve(steps / max(self.run.steps // self.run.config.epochs, 1), values)

    @property
    def axis_epochs(self) -> int:
        """Epochs of the axis: all that are planned while the run can go on, those that it had once it has ended."""
        can_go_on = self.run.active or self.run.status == Status.PAUSED
        return self.run.config.epochs if can_go_on else max(self.history.epoch, 1)


def read_history(run: Run) -> History:
    """Returns the points of a run; only those recorded since the last call are read."""
    histories: dict[str, History] = session_dict(_HISTORIES)
    history, new = histories.get(run.id), History(run.id, run.steps)
    if history is None or history.every != new.every:
        history = histories[run.id] = new
    history.read_new_points(cluster().store)
    return history


def forget_other_histories(run_ids: Container[str]) -> None:
    """Drops the points of all other runs, which are read again when they are needed."""
    histories = session_dict(_HISTORIES)
    for run_id in [run_id for run_id in histories if run_id not in run_ids]:
        del histories[run_id]


def export_buttons(run_id: str) -> None:
    """Draws downloads of every exact point of a run, written when they are asked for."""
    store = cluster().store

    def points() -> Iterator[Point]:
        return (point for _, point in store.iter_points(run_id))

    with st.container(horizontal=True, key="exports"):
        button_args: dict[str, Any] = {"on_click": "ignore", "icon": ":material/download:", "type": "tertiary"}
        st.download_button(
            "Points as CSV",
            lambda: points_to_csv(points()),
            f"run-{run_id[:8]}.csv",
            "text/csv",
            key="csv",
            **button_args,
        )
        st.download_button(
            "Points as JSON",
            lambda: points_to_json(points()),
            f"run-{run_id[:8]}.json",
            "application/json",
            key="json",
            **button_args,
        )
