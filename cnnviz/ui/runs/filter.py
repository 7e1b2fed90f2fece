"""The filter over the runs of a student: by word, data set, status and star, in an order."""

import re
from collections.abc import Callable, Sequence

import streamlit as st

from cnnviz.insight.single_differences import without_seed
from cnnviz.presets import net_name
from cnnviz.runs.compared_runs import run_setup
from cnnviz.runs.run import Run
from cnnviz.table import parameter_count
from cnnviz.ui.runs.labels import REMOVED_LABEL, run_name
from cnnviz.ui.widgets.status_badge import STATUS_BADGES
from cnnviz.words import count_label

ORDERS: dict[str, Callable[[Run], object]] = {
    "Newest first": lambda run: -run.created,
    "Best validation accuracy": lambda run: -(run.score.accuracy or 0.0),
    "Fewest parameters": lambda run: parameter_count(run.architecture),
    "Shortest training time": lambda run: run.worked,
    "Name": lambda run: run_name(run).casefold(),
    "Net and settings": lambda run: (
        net_name(run.architecture),
        settings_text(run),
        without_seed(run_setup(run)).config.model_dump_json(),
        run.config.seed,
    ),
}
"""Every order of the table by what it is called; the last one has runs together that differ in their seeds alone."""
ALL_DATASETS = "all data sets"
MAX_QUERY_LENGTH = 80
"""Characters to find runs by."""


def filter_runs(runs: Sequence[Run], titles: dict[str, str]) -> list[Run]:
    """Draws the filter, and returns the runs that it leaves, in the chosen order."""
    with st.container(horizontal=True, vertical_alignment="bottom", key="shelf-filter"):
        text = st.text_input(
            "Find",
            placeholder="name, tag, setting",
            key="find-runs",
            bind="query-params",
            persist_state="session",
            width=280,
            help="Finds runs that have a word beginning with each of these.",
        )[:MAX_QUERY_LENGTH]
        used = {run.config.dataset for run in runs}
        data = st.selectbox(
            "Data set",
            [ALL_DATASETS, *sorted(used, key=lambda name: titles.get(name, REMOVED_LABEL))],
            format_func=lambda name: titles.get(name, ALL_DATASETS if name == ALL_DATASETS else REMOVED_LABEL),
            key="find-data",
            bind="query-params",
            persist_state="session",
            width=200,
        )
        order = st.selectbox(
            "Sort by", list(ORDERS), key="sort-runs", bind="query-params", persist_state="session", width=220
        )
        states = st.pills(
            "Status",
            list(STATUS_BADGES),
            selection_mode="multi",
            format_func=lambda status: STATUS_BADGES[status].label,
            key="find-status",
            bind="query-params",
            persist_state="session",
        )
        starred = st.toggle("★ only", key="find-starred", bind="query-params", persist_state="session")
    words = [re.compile(rf"(?<!\w){re.escape(word)}") for word in text.casefold().split()]
    matching = [
        run
        for run in runs
        if (data in (ALL_DATASETS, run.config.dataset))
        and (not states or run.status in states)
        and (run.starred or not starred)
        and all(word.search(_searchable_text(run, titles)) for word in words)
    ]
    return sorted(matching, key=ORDERS[order])  # type: ignore[arg-type]  # each order gives what compares with itself


def _searchable_text(run: Run, titles: dict[str, str]) -> str:
    """Returns everything about a run that can be searched for."""
    return " ".join(
        [run_name(run), titles.get(run.config.dataset, REMOVED_LABEL), settings_text(run), *run.tags]
    ).casefold()


def settings_text(run: Run) -> str:
    """Returns the settings of a run that the table shows in one column."""
    config = run.config
    batches = f"batch {config.batch_size}, seed {config.seed}"
    if config.left_out:
        batches += f", {count_label(len(config.left_out), 'sample')} left out"
    return f"{config.optimizer} {config.learning_rate:.3g}, {config.schedule}, {batches}"
