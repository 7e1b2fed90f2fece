"""A run whose points are followed: read once, drawn as lines, and written to files."""

from collections.abc import Container
from dataclasses import dataclass
from typing import Any

import streamlit as st

from cnnviz.charts.curve import Curve
from cnnviz.charts.record import csv_record, json_record
from cnnviz.runs.cluster import cluster
from cnnviz.runs.history import History
from cnnviz.runs.run import Run


@dataclass(frozen=True)
class Followed:
    """A run with what has been read of its points."""

    run: Run
    history: History

    def curve(self, split: str, metric: str) -> Curve:
        """A line over epochs passed."""
        steps, values = self.history.curve(split, metric)
        return Curve(steps / max(self.run.steps // self.run.config.epochs, 1), values)


def read(run_id: str) -> History:
    """All points of the run; only those that are new since the last look are read."""
    histories: dict[str, History] = st.session_state.setdefault("histories", {})
    found = histories.setdefault(run_id, History(run_id))
    found.read(cluster().store)
    return found


def only(kept: Container[str]) -> None:
    """Forget the points of all other runs: they are read again when they come back to the page."""
    st.session_state["histories"] = {each: it for each, it in st.session_state["histories"].items() if each in kept}


def exports(run_id: str) -> None:
    """Every exact point of a run of this student as a file, which is written when it is asked for."""
    store = cluster().store

    def points() -> list[Any]:
        return [point for _, point in store.points(run_id)]

    with st.container(horizontal=True, key="exports"):
        about: dict[str, Any] = {"on_click": "ignore", "icon": ":material/download:", "type": "tertiary"}
        st.download_button(
            "Points as CSV", lambda: csv_record(points()), f"run-{run_id[:8]}.csv", "text/csv", key="csv", **about
        )
        st.download_button(
            "Points as JSON",
            lambda: json_record(points()),
            f"run-{run_id[:8]}.json",
            "application/json",
            key="json",
            **about,
        )
