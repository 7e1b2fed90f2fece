"""One student's runs, as they see them, to be looked at, commented on and limited, but not changed."""

from functools import partial

import streamlit as st

from cnnviz.runs.cluster import cluster
from cnnviz.runs.comment import MAX_COMMENT_LENGTH
from cnnviz.runs.run import LR_FINDER_RUN, Run
from cnnviz.settings import settings
from cnnviz.ui.runs.change_tree import change_tree
from cnnviz.ui.runs.comments import comments_view
from cnnviz.ui.runs.compare import compared_curves
from cnnviz.ui.runs.labels import dataset_titles, run_label
from cnnviz.ui.runs.table import COLUMNS, runs_frame
from cnnviz.ui.state import current_person
from cnnviz.ui.teacher.roster import StudentRow
from cnnviz.ui.widgets.counter import count_up, counter
from cnnviz.ui.widgets.dataframe import dataframe
from cnnviz.ui.widgets.fields import escape_markdown
from cnnviz.ui.widgets.notice import notify_done, notify_errors
from cnnviz.words import unique_labels

REFRESH_SECONDS = 2.0
MAX_CURVES = 6
ROW_HEIGHT, MAX_ROWS = 35, 8
SENT = "comments-sent"
"""Counter of the comments that were left."""
SERVER_LIMIT = "as the class"


def student_view(row: StudentRow) -> None:
    """Draws what a student has done, live."""
    st.subheader(escape_markdown(row.name), anchor=False)
    if row.work and row.work.is_stuck:
        st.warning(escape_markdown(row.work.stuck_reason), icon=":material/help:")
    _limit_field(row)
    st.fragment(partial(_runs_of, row.owner), run_every=REFRESH_SECONDS)()
    runs = _trainings(row.owner)
    if runs:
        _comment_form(runs)


def _trainings(owner: str) -> list[Run]:
    return [run for run in cluster().store.runs_of(owner) if run.kind != LR_FINDER_RUN]


def _runs_of(owner: str) -> None:
    runs = _trainings(owner)
    if not runs:
        st.info("No run yet.", icon=":material/table_rows:")
        return
    dataframe(
        runs_frame(runs, dataset_titles(owner)),
        key="shoulder-table",
        height=ROW_HEIGHT * (min(len(runs), MAX_ROWS) + 1) + 3,
        column_config=COLUMNS,
        hide_index=True,
        placeholder="",
    )
    compared_curves(runs[:MAX_CURVES])
    change_tree(runs)


def _limit_field(row: StudentRow) -> None:
    """Draws how many runs this student may have at a time."""
    rules = cluster().desk.rules
    limits = [SERVER_LIMIT, *map(str, range(settings().max_active_runs + 1))]
    key = f"limit-{row.owner}"

    def save() -> None:
        chosen = st.session_state[key]
        others = {owner: limit for owner, limit in rules.student_runs.items() if owner != row.owner}
        own = {} if chosen == SERVER_LIMIT else {row.owner: int(chosen)}
        with notify_errors():
            cluster().desk.set_rules(cluster().desk.rules.changed(student_runs=others | own))

    present = str(rules.student_runs.get(row.owner, SERVER_LIMIT))
    st.selectbox(
        "Runs at a time",
        limits,
        index=limits.index(present) if present in limits else 0,
        key=key,
        on_change=save,
        width=180,
        help="Waiting, running or paused. It counts for runs that are started from now on.",
    )


def _comment_form(runs: list[Run]) -> None:
    titles = dataset_titles(runs[0].owner)
    labels = unique_labels({run.id: run_label(run, titles) for run in runs})
    run_id = st.selectbox("Run", list(labels), format_func=labels.__getitem__, key=f"comment-run-{runs[0].owner}")
    comments_view(run_id)
    key = f"comment-{run_id}-{counter(SENT)}"

    def send() -> None:
        with notify_errors():
            cluster().desk.add_comment(run_id, current_person().name, st.session_state[key])
            count_up(SENT)
            notify_done("Your comment stands beside the run now.")

    st.text_area(
        "Comment",
        key=key,
        max_chars=MAX_COMMENT_LENGTH,
        placeholder="What the student finds beside this run",
        height=90,
        width=640,
    )
    st.button("Leave the comment", icon=":material/comment:", on_click=send)
