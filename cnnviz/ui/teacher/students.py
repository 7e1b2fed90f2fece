"""All students at a glance, live, and one of them from close by."""

import time
from functools import partial

import pandas as pd
import streamlit as st

from cnnviz.runs.cluster import cluster
from cnnviz.settings import settings
from cnnviz.ui.runs.labels import dataset_titles
from cnnviz.ui.teacher.downloads import class_downloads
from cnnviz.ui.teacher.roster import StudentRow, roster_frame, student_rows
from cnnviz.ui.teacher.student import student_view
from cnnviz.ui.widgets.dataframe import dataframe
from cnnviz.ui.widgets.fields import escape_markdown
from cnnviz.words import count_label, unique_labels

REFRESH_SECONDS = 2.0
ROW_HEIGHT, MAX_ROWS = 35, 14
ALL_DATASETS = "all data sets"
PERIODS = {"Last 12 hours": 12 * 3600.0, "Last 7 days": 7 * 86400.0, "All": None}
"""Seconds into the past of which runs are counted, by label."""
ROUND_SECONDS = 60.0
"""What counts as the same moment for periods that end now, so that a class is not read anew for each page."""
COLUMNS = {
    "name": st.column_config.TextColumn("Name", width=150),
    "page": st.column_config.TextColumn("Where", width=90, help="The page that is open in a browser of theirs."),
    "accuracy": st.column_config.NumberColumn(
        "Best val. accuracy", format="%.3f", help="Validation accuracy of the best epoch of their best run."
    ),
    "reached": st.column_config.CheckboxColumn("Goal", width=50, help="Whether that reaches the goal of this server."),
    "runs": st.column_config.NumberColumn("Runs", width=50),
    "active": st.column_config.NumberColumn("Active", width=60, help="Runs that wait or train."),
    "sign": st.column_config.DatetimeColumn("Last sign of life", format="DD MMM HH:mm:ss", width=130),
    "stuck": st.column_config.TextColumn("Stuck", width=300, help="No better for five runs, or an error repeated."),
}


def students_view() -> None:
    """Draws the table of the class, live, or the chosen student."""
    with st.container(horizontal=True, vertical_alignment="bottom", key="class-tools"):
        period = st.selectbox("Runs of", list(PERIODS), key="class-period", persist_state="session", width=160)
        dataset = _dataset_choice(period)
        rows = _rows(period, dataset)
        chosen = _student_choice(rows)
        class_downloads(rows)
    if chosen:
        student_view(chosen)
    else:
        st.fragment(partial(_live_table, period, dataset), run_every=REFRESH_SECONDS)()


def _dataset_choice(period: str) -> str | None:
    """Draws the choice among the data sets of the class; at first the one of the most runs."""
    used = cluster().desk.used_datasets(_since(period))
    titles = {name: title for name, title in dataset_titles().items() if name in used}
    names = [*(name for name in used if name in titles), ALL_DATASETS]
    chosen = st.selectbox(
        "Data set",
        names,
        format_func=lambda name: titles.get(name, ALL_DATASETS),
        key="class-dataset",
        persist_state="session",
        width=220,
        help="An accuracy on one data set says nothing about another.",
    )
    return None if chosen == ALL_DATASETS else chosen


def _student_choice(rows: list[StudentRow]) -> StudentRow | None:
    by_owner = {row.owner: row for row in rows}
    labels = unique_labels({owner: row.name for owner, row in by_owner.items()})
    owner = st.selectbox(
        "Look over the shoulder of",
        list(labels),
        index=None,
        format_func=labels.__getitem__,
        placeholder="a student",
        key="class-student",
        persist_state="session",
        width=260,
    )
    return by_owner.get(owner) if owner else None


def _since(period: str) -> float:
    seconds = PERIODS[period]
    return 0.0 if seconds is None else time.time() // ROUND_SECONDS * ROUND_SECONDS - seconds


def _rows(period: str, dataset: str | None) -> list[StudentRow]:
    return student_rows(_since(period), dataset)


def _live_table(period: str, dataset: str | None) -> None:
    rows = _rows(period, dataset)
    if not rows:
        code = escape_markdown(cluster().store.people.class_code())
        st.info(
            f"Nobody is in this class yet. Tell students the address of this server and the class code **{code}**, or"
            " put their names on the list first, under **People**."
        )
        return
    here = sum(bool(row.sighting and row.sighting.is_here) for row in rows)
    stuck = [row for row in rows if row.work and row.work.is_stuck]
    best = [row.work.best_accuracy for row in rows if row.work and row.work.best_accuracy is not None]
    goal = settings().goal
    reached = sum(accuracy >= goal for accuracy in best)
    with st.container(horizontal=True, gap="medium", key="class-numbers"):
        st.metric("Here", f"{here} of {len(rows)}", border=True)
        st.metric(f"Reached {goal:.2f}", f"{reached} of {len(rows)}", border=True)
        st.metric("Median of the best", f"{pd.Series(best).median():.3f}" if best else "—", border=True)
        st.metric("Stuck", str(len(stuck)), border=True)
    if stuck:
        names = ", ".join(escape_markdown(row.name) for row in stuck)
        st.caption(f"{count_label(len(stuck), 'student')} may need you: {names}")
    dataframe(
        roster_frame(rows, goal),
        key="class-table",
        height=ROW_HEIGHT * (min(len(rows), MAX_ROWS) + 1) + 3,
        column_config=COLUMNS,
        hide_index=True,
        placeholder="",
    )
