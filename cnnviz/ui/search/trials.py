"""The runs of a search, its trials: in charts and in a table."""

from functools import partial

import pandas as pd
import streamlit as st

from cnnviz.charts.search import (
    DONE,
    FAILED,
    PRUNED,
    RUNNING,
    RUNS,
    STOPPED,
    TrialResult,
    history_spec,
    history_tables,
    importance_spec,
    importance_table,
    parallel_spec,
    parallel_tables,
    parameter_title,
)
from cnnviz.runs.run import Run, Status
from cnnviz.runs.search import Search
from cnnviz.search.space import Space, choice_label, search_parameters
from cnnviz.searches.search_driver import SearchProgress
from cnnviz.searches.study import Trial
from cnnviz.table import parameter_count
from cnnviz.ui.search.findings import describe_findings, describe_missing_importance
from cnnviz.ui.widgets.chart import vega_chart
from cnnviz.ui.widgets.dataframe import dataframe
from cnnviz.ui.widgets.fields import escape_markdown

COLUMN_WIDTHS = {
    "learning_rate": 90,
    "optimizer": 74,
    "width": 54,
    "depth": 52,
    "kernel_size": 78,
    "dropout": 66,
    "activation": 80,
    "normalization": 96,
}
"""Pixels of each parameter in the table, so that all of them are in sight beside the form."""
TRIAL_STATES = {Status.DONE: DONE, Status.STOPPED: STOPPED, Status.FAILED: FAILED}


def search_charts(search: Search, space: Space, progress: SearchProgress, trials: list[TrialResult]) -> None:
    """Draws the history of a search, which choices went together, and how much each mattered."""
    if all(trial.accuracy is None for trial in trials):
        st.caption("The charts appear after the first epoch of the first run.")
        return
    shown = search_parameters(space, search.architecture, search.config)
    draw_chart = partial(vega_chart, alt="runs of the search")
    sentences = describe_findings(trials, shown, active=search.active)
    st.markdown("\n".join(f"- {escape_markdown(sentence)}" for sentence in sentences))
    st.markdown("**History**: each point is a run, the line is the best so far.")
    draw_chart(history_spec(space.runs), history_tables(trials, space.goal), key=f"history-{search.id}")
    st.markdown("**Which choices went together**: each line is a run; warm colours are more accurate.")
    draw_chart(
        parallel_spec(list(shown), dark=st.context.theme.type == "dark"),
        parallel_tables(trials, shown),
        key=f"parallel-{search.id}",
    )
    with st.container(key="importance"):
        st.markdown("**What mattered**")
        if progress.importances:
            spec = importance_spec(len(progress.importances))
            draw_chart(spec, {RUNS: importance_table(progress.importances)}, key=f"importance-{search.id}")
            st.caption(
                "How much each parameter set the good runs apart (PED-ANOVA, [Watanabe et al."
                " 2023](https://arxiv.org/abs/2304.10255)). With few runs it is only a hint."
            )
        else:
            st.caption(describe_missing_importance(progress.finished))


def trials_table(
    search: Search, space: Space, trials: list[TrialResult], progress: SearchProgress, runs: dict[str, Run]
) -> None:
    """Draws a row for each run of a search, the most accurate first."""
    shown = search_parameters(space, search.architecture, search.config)
    by_number = {trial.number: runs.get(trial.run_id or "") for trial in progress.trials}
    sizes = [parameter_count(run.architecture) if (run := by_number[trial.number]) else None for trial in trials]
    table = pd.DataFrame(
        {
            "run": [trial.number for trial in trials],
            "state": pd.array([trial.state for trial in trials], dtype="str"),
            "accuracy": pd.array([trial.accuracy for trial in trials], dtype="Float64"),
            "parameters": pd.array(sizes, dtype="Int64"),
            **{
                name: pd.array([choice_label(name, trial.params.get(name)) for trial in trials], dtype="str")
                for name in shown
            },
        }
    ).sort_values("accuracy", ascending=False, na_position="last", kind="stable")
    dataframe(
        table,
        key=f"trials-{search.id}",
        hide_index=True,
        placeholder="",
        column_config={
            "run": st.column_config.NumberColumn("Run", width=46, pinned=True),
            "state": st.column_config.TextColumn("State", width=94),
            "accuracy": st.column_config.NumberColumn(
                "Accuracy", format="%.3f", width=76, help="Best validation accuracy."
            ),
            "parameters": st.column_config.NumberColumn("Parameters", format="localized", width=84),
            **{name: st.column_config.TextColumn(parameter_title(name), width=COLUMN_WIDTHS[name]) for name in shown},
        },
    )
    st.caption(f"All these runs are also on the Runs page, as “Search {search.number}, run …”.")


def trial_result(trial: Trial, run: Run | None) -> TrialResult:
    """Returns a trial as the charts draw it; without a run it was deleted, or has not begun."""
    if run is None:
        missing_state = FAILED if trial.failed else RUNNING
        return TrialResult(trial.number, trial.params, None, STOPPED if trial.run_id else missing_state)
    trial_state = PRUNED if trial.pruned and not run.active else TRIAL_STATES.get(run.status, RUNNING)
    return TrialResult(trial.number, trial.params, run.score.accuracy, trial_state)
