"""All runs of a student in a table, to be filtered, sorted and chosen."""

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd
import streamlit as st

from cnnviz.runs.run import LR_FINDER_RUN, Run
from cnnviz.table import parameter_count
from cnnviz.ui.runs.actions import PICKED_KEY, picked_actions
from cnnviz.ui.runs.filter import filter_runs, settings_text
from cnnviz.ui.runs.labels import REMOVED_LABEL, created_at, dataset_titles, run_name
from cnnviz.ui.widgets.fields import escape_markdown
from cnnviz.ui.widgets.row_selection import selectable_rows
from cnnviz.ui.widgets.status_badge import STATUS_BADGES

ROW_HEIGHT, MAX_ROWS = 35, 12
MAX_NAMED = 6
"""Chosen runs whose names are written out below the table, which cuts off what is longer than its column."""
COLUMNS = {
    "star": st.column_config.TextColumn("★", width=32, help="A star, to find the run again."),
    "name": st.column_config.TextColumn("Name", width=170, help="In full below the table, once it is chosen."),
    "status": st.column_config.TextColumn("Status", width=80),
    "accuracy": st.column_config.NumberColumn(
        "Val. accuracy", format="%.3f", help="Validation accuracy of the best epoch."
    ),
    "test": st.column_config.NumberColumn("Test", format="%.3f", help="Test accuracy, measured once, at the end."),
    "best": st.column_config.NumberColumn("Best epoch", help="The epoch with the highest validation accuracy."),
    "epochs": st.column_config.TextColumn("Epochs", help="Epochs done, of those planned."),
    "parameters": st.column_config.NumberColumn("Parameters", format="localized"),
    "worked": st.column_config.NumberColumn("Time in s", format="%.0f", help="Seconds of computing on the device."),
    "data": st.column_config.TextColumn("Data"),
    "settings": st.column_config.TextColumn("Settings", help="Optimizer, learning rate, schedule, batch size, seed."),
    "tags": st.column_config.ListColumn("Tags", width=60),
    "begun": st.column_config.DatetimeColumn("Started", format="DD MMM HH:mm:ss", width=118),
}


@dataclass(frozen=True)
class RunSelection:
    """The runs that pass the filter, and the chosen ones among them, in the order of the table."""

    shown: Sequence[Run]
    picked: Sequence[Run]


def runs_table(mine: Sequence[Run]) -> RunSelection:
    """Draws the filter, the buttons and the table of a student's runs."""
    titles = dataset_titles()
    shown = filter_runs([run for run in mine if run.kind != LR_FINDER_RUN], titles)
    buttons = st.container(horizontal=True, vertical_alignment="bottom", key="shelf-acts")
    if not shown:
        st.info("None of your runs matches this filter.", icon=":material/search_off:")
        picked: list[Run] = []
    else:
        ids = selectable_rows(
            runs_frame(shown, titles),
            [run.id for run in shown],
            name=PICKED_KEY,
            height=ROW_HEIGHT * (min(len(shown), MAX_ROWS) + 1) + 3,
            column_config=COLUMNS,
            placeholder="",
        )
        picked = [run for run in shown if run.id in ids]
        if 0 < len(picked) <= MAX_NAMED:
            st.caption(f"Chosen: {escape_markdown('; '.join(map(run_name, picked)))}.")
    with buttons:
        picked_actions(picked)
    return RunSelection(shown, picked)


def runs_frame(runs: Sequence[Run], titles: dict[str, str]) -> pd.DataFrame:
    """Returns a row for each run, with the columns of COLUMNS."""
    return pd.DataFrame(
        {
            "star": pd.array(["★" if run.starred else "" for run in runs], dtype="str"),
            "name": pd.array([run_name(run) for run in runs], dtype="str"),
            "status": pd.array([STATUS_BADGES[run.status].label for run in runs], dtype="str"),
            "accuracy": pd.array([run.score.accuracy for run in runs], dtype="Float64"),
            "test": pd.array([run.score.test for run in runs], dtype="Float64"),
            "best": pd.array([run.score.best_epoch or None for run in runs], dtype="Int64"),
            "epochs": pd.array([f"{run.score.epoch} / {run.config.epochs}" for run in runs], dtype="str"),
            "parameters": [parameter_count(run.architecture) for run in runs],
            "worked": [run.worked for run in runs],
            "data": pd.array([titles.get(run.config.dataset, REMOVED_LABEL) for run in runs], dtype="str"),
            "settings": pd.array([settings_text(run) for run in runs], dtype="str"),
            "tags": [list(run.tags) for run in runs],
            "begun": [created_at(run).replace(tzinfo=None) for run in runs],
        }
    )
