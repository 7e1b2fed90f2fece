"""The student's runs: which one to look at, and how it goes."""

import time
from datetime import datetime
from zoneinfo import ZoneInfo

import streamlit as st

from cnnviz.charts.learning import curves, learning_spec, learning_table
from cnnviz.data import available
from cnnviz.runs.cluster import cluster
from cnnviz.runs.run import Run, Status
from cnnviz.training.trainer import Point, best_epoch
from cnnviz.ui.fields import escaped
from cnnviz.ui.server import owner
from cnnviz.ui.state import chosen_run

TICK = 0.5
"""Seconds between two looks at a run that goes on."""
STOP_WAIT = 0.4
"""Seconds a click on Stop waits, so that the page it draws shows the run stopped already."""
BADGES = {
    Status.QUEUED: ("waiting", "gray", ":material/hourglass_empty:"),
    Status.RUNNING: ("training", "blue", ":material/play_circle:"),
    Status.DONE: ("done", "green", ":material/check_circle:"),
    Status.STOPPED: ("stopped", "orange", ":material/stop_circle:"),
    Status.FAILED: ("failed", "red", ":material/error:"),
}


def runs() -> None:
    """A choice among the student's runs and the chosen one, live."""
    mine = cluster().store.of(owner())
    if not mine:
        st.info("Press **Train**: loss and accuracy will grow here, live.", icon=":material/show_chart:")
        return
    titles = {name: dataset.title for name, dataset in available(owner()).items()}
    labels = {run.id: _label(run, titles) for run in mine}
    shown = st.selectbox("My runs", list(labels), format_func=labels.__getitem__, key=chosen_run(list(labels)))
    active = next(run.active for run in mine if run.id == shown)
    st.fragment(_live, run_every=TICK if active else None)(shown)


def _live(run_id: str) -> None:
    run = cluster().run(owner(), run_id)
    points = _points(run_id)
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute", key="status"):
        label, colour, icon = BADGES[run.status]
        st.badge(label, color=colour, icon=icon)  # type: ignore[arg-type]
        st.markdown(_story(run, points), width="content")
        st.button(
            "Stop",
            icon=":material/stop:",
            key=f"stop-{run_id}",
            on_click=_stop,
            args=(run_id,),
            disabled=not run.active,
        )
    st.progress(1.0 if run.status == Status.DONE else _done(run, points))
    if run.message:
        (st.error if run.status == Status.FAILED else st.info)(escaped(run.message))
    for metric in ("accuracy", "loss"):
        lines = curves(points, metric, max(run.steps // run.config.epochs, 1))
        st.vega_lite_chart(
            learning_table(lines),
            learning_spec(metric, run.config.epochs),
            key=f"chart-{metric}-{run_id}",
            on_select="rerun",  # a selection is kept when data change; a zoom that is none would be thrown away
            selection_mode=["zoom"],
            alt=f"{metric} over the epochs of this run",
        )
    st.caption("Ctrl + wheel zooms, dragging moves, a double click goes back.")
    ticking = f"ticking-{run_id}"
    if st.session_state.get(ticking) and not run.active:
        st.session_state[ticking] = False
        st.rerun()  # the whole page once more, without ticks
    st.session_state[ticking] = run.active


def _points(run_id: str) -> list[Point]:
    """All points of the run; only those that are new since the last look are read."""
    kept: dict[str, tuple[int, list[Point]]] = st.session_state.setdefault("points", {})
    last, points = kept.get(run_id, (0, []))
    if new := cluster().store.points(run_id, after=last):
        points = points + [point for _, point in new]
        kept.clear()  # one run at a time is on the page
        kept[run_id] = new[-1][0], points
    return points


def _stop(run_id: str) -> None:
    cluster().stop(owner(), run_id, wait=STOP_WAIT)


def _done(run: Run, points: list[Point]) -> float:
    """Share of the run's steps that are done."""
    step = max((point.step for point in points[-8:]), default=0)
    return min(step / run.steps, 1.0) if run.steps else 0.0


def _story(run: Run, points: list[Point]) -> str:
    best, accuracy = best_epoch(points)
    tested = next((p.value for p in points if (p.split, p.metric) == ("test", "accuracy")), None)
    epoch = max((point.epoch for point in points[-8:]), default=0)
    parts = [f"epoch **{epoch}** of {run.config.epochs}"]
    if run.status == Status.QUEUED:
        ahead = cluster().ahead(run)
        return f"waits for {ahead} {'run' if ahead == 1 else 'runs'} before it" if ahead else "starts in a moment"
    if run.status == Status.RUNNING and run.started and (done := _done(run, points)) > 0:
        elapsed = time.time() - run.started
        parts.append(f"about **{duration(elapsed / done - elapsed)}** left")
    if not run.active and run.started and run.finished:
        parts.append(duration(run.finished - run.started))
    if best:
        parts.append(f"best validation accuracy **{accuracy:.3f}** (epoch {best})")
    if tested is not None:
        parts.append(f"test accuracy **{tested:.3f}**")
    return " · ".join(parts)


def duration(seconds: float) -> str:
    """A time span as people say it.

    >>> duration(4.2), duration(75), duration(7300)
    ('4 s', '1 min 15 s', '2 h 1 min')
    """
    whole = max(round(seconds), 0)
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def _label(run: Run, titles: dict[str, str]) -> str:
    zone = st.context.timezone
    when = datetime.fromtimestamp(run.created, tz=ZoneInfo(zone) if zone else None)
    dataset = titles.get(run.config.dataset, "removed data")
    settings = f"{run.config.optimizer} {run.config.learning_rate:g}"
    return f"{when:%d %b %H:%M:%S} · {dataset} · {settings}"
