"""The search for a better net: what may vary, and how it goes."""

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
from cnnviz.data import available_datasets
from cnnviz.errors import CnnvizError
from cnnviz.presets import net_name
from cnnviz.runs.cluster import cluster
from cnnviz.runs.run import Run, Status
from cnnviz.runs.search import Search
from cnnviz.search.space import (
    VARIABLE_FIELDS,
    Space,
    choice_label,
    choices_from_params,
    config_for_choices,
    search_parameters,
)
from cnnviz.searches.search_driver import SearchProgress
from cnnviz.searches.searches import searches
from cnnviz.searches.study import Trial
from cnnviz.settings import settings
from cnnviz.shapes import format_shape
from cnnviz.training.readiness import check_trainable
from cnnviz.ui import state
from cnnviz.ui.identity import current_owner
from cnnviz.ui.navigation import open_page
from cnnviz.ui.runs.labels import created_at
from cnnviz.ui.runs.labels import parameter_count as weights
from cnnviz.ui.training.run_actions import open_run_design
from cnnviz.ui.widgets.chart import vega_chart
from cnnviz.ui.widgets.fields import escape_markdown, field, problem, unique_labels
from cnnviz.ui.widgets.status_badge import STATUS_BADGES

REFRESH_SECONDS = 1.0
"""Seconds between two looks at a search that goes on."""
MAIN_FIELDS, BOUND_FIELDS = (
    ("runs", "epochs", "goal"),
    ("lowest_rate", "highest_rate", "most_convolutions", "most_multiply_adds", "one_cycle"),
)
"""Fields that stand beside each other, and those that hardly anybody changes."""
TRIAL_STATES = {Status.DONE: DONE, Status.STOPPED: STOPPED, Status.FAILED: FAILED}


def search_form() -> None:
    """From which net, what may vary, and the Start button; says why when it cannot be pressed."""
    design, config, space = state.current_workbench().architecture, state.current_config(), _current_space()
    datasets = available_datasets(current_owner())
    data = datasets.get(config.dataset) or next(iter(datasets.values()))
    net = f"{escape_markdown(net_name(design))}, {format_shape(design.input_shape)}, {weights(design):,} parameters"
    st.markdown(
        f"It begins with **your design** ({net}) on **{escape_markdown(data.title)}**, with the settings of the Train"
        " page, but"
        f" for {space.epochs} epochs{' and one-cycle rates' * space.one_cycle}. Each of its runs is one of yours, in"
        " your share of the device."
    )
    st.markdown("**May vary**")
    with st.container(horizontal=True, gap="small", key="varied"):
        for name in VARIABLE_FIELDS:
            _space_field(space, name)
    with st.container(horizontal=True, key="search-main"):
        for name in MAIN_FIELDS:
            _space_field(space, name)
    with st.expander("Bounds", icon=":material/tune:"), st.container(horizontal=True, key="search-bounds"):
        for name in BOUND_FIELDS:
            _space_field(space, name)
    with st.container():
        _start_button(space)


def _start_button(space: Space) -> None:
    design, config = state.current_workbench().architecture, state.current_config()
    refused = [name for name in Space.model_fields if problem(_field_key(name))]
    reason = "What stands in a field above cannot be used; the reason stands below it." if refused else ""
    try:
        data = available_datasets(current_owner()).get(config.dataset)
        if data is not None and not reason:
            check_trainable(design, config_for_choices(config, space, choices_from_params({})), data, settings())
            search_parameters(space, design, config)
    except CnnvizError as error:
        reason = str(error)
    st.button(
        "Start the search",
        key="start-search",
        type="primary",
        icon=":material/travel_explore:",
        width="stretch",
        disabled=bool(reason),
        on_click=_start_search,
    )
    if reason:
        st.warning(escape_markdown(reason), icon=":material/build:")


def _start_search() -> None:
    with state.notify_errors():
        st.session_state["search"] = searches().start(
            current_owner(), state.current_workbench().architecture, state.current_config(), _current_space()
        )


def _current_space() -> Space:
    if "space" not in st.session_state:
        st.session_state["space"] = cluster().drafts.space(current_owner()) or Space(goal=settings().goal)
    space: Space = st.session_state["space"]
    return space


def _field_key(name: str) -> str:
    return f"space-{name}"


def _space_field(space: Space, name: str) -> None:
    with st.container():
        field(space, name, key=_field_key(name), on_change=_change_space)


def _change_space(name: str, value: object) -> None:
    st.session_state["space"] = space = _current_space().changed(**{name: value})
    cluster().drafts.save_space(current_owner(), space)


def search_progress() -> None:
    """A choice among the student's searches, and the chosen one, live."""
    mine = searches().searches_of(current_owner())
    if not mine:
        st.info(
            "Press **Start the search**: net after net is trained, each chosen by what came of those before it, until"
            " one reaches the goal.",
            icon=":material/travel_explore:",
        )
        return
    labels = unique_labels({search.id: _search_label(search) for search in mine})
    if st.session_state.get("search") not in labels:
        st.session_state["search"] = mine[0].id
    st.session_state["search"] = st.session_state["search"]  # a page without the widget must not forget it
    search_id = st.selectbox("My searches", list(labels), format_func=labels.__getitem__, key="search")
    active = next(search for search in mine if search.id == search_id).active
    st.fragment(_search_view, run_every=REFRESH_SECONDS if active else None)(search_id, active)


def _search_label(search: Search) -> str:
    return f"Search {search.number} · {created_at(search):%d %b %H:%M:%S} · from {net_name(search.architecture)}"


def _search_view(search_id: str, active: bool) -> None:
    if "notice" in st.session_state:  # the page above has the place for it
        st.rerun()
    try:
        search = searches().search(current_owner(), search_id)
        progress = searches().progress(current_owner(), search_id)
        space = Space.model_validate(search.space)
    except CnnvizError as error:
        st.warning(escape_markdown(str(error)), icon=":material/error:")
        return
    except ValueError:  # pydantic's: another version has written it
        st.warning("This search was begun by another version of cnnviz, which alone can show it.")
        return
    if search.active != active:
        st.rerun()  # the whole page once more, without ticks or with them
    runs = {run.id: run for run in cluster().store.runs_of_search(search_id) if not run.deleted}
    trials = [_trial_point(trial, runs.get(trial.run_id or "")) for trial in progress.trials]
    _search_status(search, space, trials)
    if not trials:
        st.caption("The first run begins as soon as there is room for it.")
        return
    _search_actions(search, progress, runs)
    _search_charts(search, space, progress, trials)
    _trials_table(search, trials, progress, runs)


def _search_status(search: Search, space: Space, trials: list[TrialResult]) -> None:
    label, colour, icon = STATUS_BADGES[search.status]
    best = max((trial.accuracy for trial in trials if trial.accuracy is not None), default=None)
    with st.container(horizontal=True, vertical_alignment="center", key="search-status"):
        st.badge("searching" if search.active else label, color=colour, icon=icon)  # type: ignore[arg-type]
        best_text = "" if best is None else f" · best validation accuracy **{best:.3f}**"
        active_count = sum(trial.state == RUNNING for trial in trials)
        active_text = f" · {active_count} training" if active_count else ""
        st.markdown(f"run **{len(trials)}** of up to {space.runs}{active_text}{best_text}", width="content")
    st.progress(1.0 if search.status == Status.DONE else min(len(trials) / space.runs, 1.0))
    with st.container():  # with or without a message, the charts stay where they are
        if search.message:
            (st.error if search.status == Status.FAILED else st.info)(escape_markdown(search.message))


def _search_actions(search: Search, progress: SearchProgress, runs: dict[str, Run]) -> None:
    measured = [run for run in runs.values() if run.score.accuracy is not None]
    best = max(measured, key=lambda run: run.score.accuracy or 0.0, default=None)
    winner = next((trial.run_id for trial in progress.trials if trial.number == progress.winner), None)
    best = runs.get(winner or "", best)
    with st.container(horizontal=True, key="search-acts"):
        st.button(
            "Stop the search",
            icon=":material/stop:",
            key=f"halt-{search.id}",
            disabled=not search.active,
            on_click=_stop_search,
            args=(search.id,),
        )
        if st.button(
            "Open the best net",
            icon=":material/stacks:",
            key=f"open-best-{search.id}",
            disabled=best is None,
            help="On the Design page; its settings come to the Train page. Undo brings your net back.",
        ):
            if best:
                open_run_design(best)
            open_page("pages/design.py")
        if st.button(
            "Look at the best run closely", icon=":material/search:", key=f"best-{search.id}", disabled=best is None
        ):
            if best:
                state.choose_run(best.id)
            open_page("pages/result.py")


def _stop_search(search_id: str) -> None:
    with state.notify_errors():
        searches().stop(current_owner(), search_id)


def _search_charts(search: Search, space: Space, progress: SearchProgress, trials: list[TrialResult]) -> None:
    if all(trial.accuracy is None for trial in trials):
        st.caption("The charts begin with the first epoch of the first run.")
        return
    shown = search_parameters(space, search.architecture, search.config)
    draw_chart = partial(vega_chart, alt="runs of the search")
    st.markdown("**History**: each point is a run, the line is the best so far.")
    draw_chart(history_spec(space.runs), history_tables(trials, space.goal), key=f"history-{search.id}")
    st.markdown("**Which choices went together**: a line is a run; warm colours are accurate.")
    draw_chart(parallel_spec(list(shown)), parallel_tables(trials, shown), key=f"parallel-{search.id}")
    with st.container(key="importance"):
        st.markdown("**What mattered**")
        if progress.importances:
            spec = importance_spec(len(progress.importances))
            draw_chart(spec, {RUNS: importance_table(progress.importances)}, key=f"importance-{search.id}")
            st.caption(
                "Share of each parameter in what set the good runs apart (PED-ANOVA, [Watanabe et al."
                " 2023](https://arxiv.org/abs/2304.10255)). From few runs it is a hint, no more."
            )
        else:
            st.caption("Told when some runs have trained to their end.")


def _trials_table(search: Search, trials: list[TrialResult], progress: SearchProgress, runs: dict[str, Run]) -> None:
    shown = search_parameters(Space.model_validate(search.space), search.architecture, search.config)
    by_number = {trial.number: runs.get(trial.run_id or "") for trial in progress.trials}
    sizes = [weights(run.architecture) if (run := by_number[trial.number]) else None for trial in trials]
    table = pd.DataFrame(
        {
            "run": [trial.number for trial in trials],
            "state": pd.array([trial.state for trial in trials], dtype="str"),
            "accuracy": pd.array([trial.accuracy for trial in trials], dtype="Float64"),
            **{
                name: pd.array([choice_label(name, trial.params.get(name)) for trial in trials], dtype="str")
                for name in shown
            },
            "parameters": pd.array(sizes, dtype="Int64"),
        }
    ).sort_values("accuracy", ascending=False, na_position="last", kind="stable")
    st.dataframe(
        table,
        key=f"trials-{search.id}",
        hide_index=True,
        placeholder="",
        column_config={
            "run": st.column_config.NumberColumn("Run", width=50),
            "state": st.column_config.TextColumn("State"),
            "accuracy": st.column_config.NumberColumn("Val. accuracy", format="%.3f"),
            "parameters": st.column_config.NumberColumn("Parameters", format="localized"),
            **{name: st.column_config.TextColumn(parameter_title(name)) for name in shown},
        },
    )
    st.caption(f"All of these runs are on the Runs page, too, as “Search {search.number}, run …”.")


def _trial_point(trial: Trial, run: Run | None) -> TrialResult:
    if run is None:
        missing_state = FAILED if trial.failed else RUNNING
        return TrialResult(
            trial.number, trial.params, None, STOPPED if trial.run_id else missing_state
        )  # deleted, or not begun
    trial_state = PRUNED if trial.pruned and not run.active else TRIAL_STATES.get(run.status, RUNNING)
    return TrialResult(trial.number, trial.params, run.score.accuracy, trial_state)
