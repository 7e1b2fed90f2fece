"""What the devices do and for whom, and who waits; a teacher may stop, pause or move up any run."""

import time
from collections.abc import Callable, Sequence

import streamlit as st

from cnnviz.runs.cluster import cluster
from cnnviz.runs.device_load import LOAD_READER, DeviceLoad
from cnnviz.runs.run import Ending, Run, Status
from cnnviz.training.end_reason import EndReason
from cnnviz.ui.assignment.times import local_clock
from cnnviz.ui.runs.labels import run_name
from cnnviz.ui.teacher.roster import student_names
from cnnviz.ui.widgets.fields import escape_markdown
from cnnviz.ui.widgets.notice import has_notice, notify_errors
from cnnviz.ui.widgets.status_badge import STATUS_BADGES
from cnnviz.words import count_label, format_duration, format_mebibytes

REFRESH_SECONDS = 2.0
MAX_SHOWN = 60
"""Runs in the list, those that train first."""
STOPPED_BY_TEACHER = Ending(EndReason.TEACHER, "Stopped by your teacher.")
PAUSED_BY_TEACHER = "Paused by your teacher."
WAIT_SECONDS = 2.0
"""Time that a click waits for what it asks for, so that the list drawn next shows it."""


def devices_view() -> None:
    """Draws the load of each device, and its runs, live."""
    st.fragment(_live_devices, run_every=REFRESH_SECONDS)()


def _live_devices() -> None:
    if has_notice():
        st.rerun()
    runs, names = cluster().store.active_runs(), student_names()
    for name in cluster().devices:
        own = sorted((run for run in runs if run.device == name), key=_place)
        _load_line(name, LOAD_READER.load(name), own)
        for run in own[:MAX_SHOWN]:
            _run_line(run, names)
        if len(own) > MAX_SHOWN:
            st.caption(f"and {len(own) - MAX_SHOWN:,} more that wait")
        if not own:
            st.caption("Nothing trains or waits here.")


def _place(run: Run) -> tuple[bool, float, float]:
    """Returns what the list is sorted by: runs in turn, then those that wait, in the order of their first turns."""
    ahead = None if run.status == Status.RUNNING else cluster().outlook.runs_ahead(run)
    return run.status != Status.RUNNING, float("inf") if ahead is None else ahead, run.created


def _load_line(name: str, load: DeviceLoad, runs: Sequence[Run]) -> None:
    in_turn = sum(run.status == Status.RUNNING for run in runs)
    facts = [f"{count_label(in_turn, 'run')} in turn, {len(runs) - in_turn} waiting"]
    if load.utilisation is not None:
        facts.append(f"{load.utilisation:.0%} busy")
    if load.used_bytes is not None and load.total_bytes:
        facts.append(f"{format_mebibytes(load.used_bytes)} of {format_mebibytes(load.total_bytes)} in use")
    if load.celsius is not None:
        facts.append(f"{load.celsius:.0f} °C")
    st.markdown(f"**{escape_markdown(load.title)}** ({name}): {' · '.join(facts)}")


def _run_line(run: Run, names: dict[str, str]) -> None:
    since = time.time() - (run.started or run.created)
    label, colour, icon = STATUS_BADGES[run.status]
    with st.container(horizontal=True, vertical_alignment="center", key=f"device-run-{run.id}"):
        st.badge(label, color=colour, icon=icon)  # type: ignore[arg-type]
        who = escape_markdown(names.get(run.owner) or "somebody without a name")
        st.markdown(
            f"**{who}**: {escape_markdown(run_name(run))}, {run.score.epoch} of {run.config.epochs:,} epochs,"
            f" {format_duration(since)}"
        )
        rules = cluster().desk.rules
        if (lesson := rules.present_lesson()) and rules.comes_first(run.id):
            st.badge(f"first until {local_clock(lesson.ends)}", icon=":material/vertical_align_top:", color="violet")
            _act("Move back", ":material/undo:", run, lambda: cluster().move_back(run.id))
        elif run.status == Status.QUEUED:
            _act("Move up", ":material/vertical_align_top:", run, lambda: cluster().move_up(run.id))
        _act(
            "Pause",
            ":material/pause:",
            run,
            lambda: cluster().pause(run.owner, run.id, WAIT_SECONDS, PAUSED_BY_TEACHER),
        )
        _act(
            "Stop", ":material/stop:", run, lambda: cluster().stop(run.owner, run.id, WAIT_SECONDS, STOPPED_BY_TEACHER)
        )


def _act(label: str, icon: str, run: Run, action: Callable[[], None]) -> None:
    def on_click() -> None:
        with notify_errors():
            action()

    st.button(label, icon=icon, type="tertiary", key=f"{label}-{run.id}", on_click=on_click)
