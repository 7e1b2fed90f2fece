"""The search for a better net: what may vary, and how it goes."""

from functools import partial

import pandas as pd
import streamlit as st

from cnnviz.charts.search import (
    BEHIND,
    DONE,
    FAILED,
    GOING_ON,
    RUNS,
    STOPPED,
    Tried,
    history_spec,
    history_tables,
    importance_spec,
    importance_table,
    parallel_spec,
    parallel_tables,
    title,
)
from cnnviz.data import available
from cnnviz.errors import CnnvizError
from cnnviz.presets import net_name
from cnnviz.runs.cluster import cluster
from cnnviz.runs.run import Run, Status
from cnnviz.runs.search import Search
from cnnviz.runs.searches import searches
from cnnviz.runs.seeker import Progress
from cnnviz.runs.study import Trial
from cnnviz.search.space import VARIED, Space, chosen, configured, parameters, told
from cnnviz.settings import settings
from cnnviz.shapes import show
from cnnviz.training.readiness import check
from cnnviz.ui import state
from cnnviz.ui.acts import open_net
from cnnviz.ui.badges import BADGES
from cnnviz.ui.chart import chart
from cnnviz.ui.fields import distinct, escaped, field, problem
from cnnviz.ui.named import begun
from cnnviz.ui.named import parameters as weights
from cnnviz.ui.navigation import open_page
from cnnviz.ui.student import owner

TICK = 1.0
"""Seconds between two looks at a search that goes on."""
MAIN, BOUNDS = (
    ("runs", "epochs", "goal"),
    ("lowest_rate", "highest_rate", "most_convolutions", "most_multiply_adds", "one_cycle"),
)
"""Fields that stand beside each other, and those that hardly anybody changes."""
STATES = {Status.DONE: DONE, Status.STOPPED: STOPPED, Status.FAILED: FAILED}


def search_desk() -> None:
    """From which net, what may vary, and the Start button; says why when it cannot be pressed."""
    design, settled, space = state.workbench().architecture, state.config(), _space()
    datasets = available(owner())
    data = datasets.get(settled.dataset) or next(iter(datasets.values()))
    net = f"{escaped(net_name(design))}, {show(design.input_shape)}, {weights(design):,} parameters"
    st.markdown(
        f"It begins with **your design** ({net}) on **{escaped(data.title)}**, with the settings of the Train page, but"
        f" for {space.epochs} epochs{' and one-cycle rates' * space.one_cycle}. Each of its runs is one of yours, in"
        " your share of the device."
    )
    st.markdown("**May vary**")
    with st.container(horizontal=True, gap="small", key="varied"):
        for name in VARIED:
            _field(space, name)
    with st.container(horizontal=True, key="search-main"):
        for name in MAIN:
            _field(space, name)
    with st.expander("Bounds", icon=":material/tune:"), st.container(horizontal=True, key="search-bounds"):
        for name in BOUNDS:
            _field(space, name)
    with st.container():
        _start(space)


def _start(space: Space) -> None:
    design, settled = state.workbench().architecture, state.config()
    refused = [name for name in Space.model_fields if problem(_key(name))]
    reason = "What stands in a field above cannot be used; the reason stands below it." if refused else ""
    try:
        data = available(owner()).get(settled.dataset)
        if data is not None and not reason:
            check(design, configured(settled, space, chosen({})), data, settings())
            parameters(space, design, settled)
    except CnnvizError as error:
        reason = str(error)
    st.button(
        "Start the search",
        key="start-search",
        type="primary",
        icon=":material/travel_explore:",
        width="stretch",
        disabled=bool(reason),
        on_click=_begin,
    )
    if reason:
        st.warning(escaped(reason), icon=":material/build:")


def _begin() -> None:
    with state.told():
        st.session_state["search"] = searches().start(owner(), state.workbench().architecture, state.config(), _space())


def _space() -> Space:
    if "space" not in st.session_state:
        st.session_state["space"] = cluster().desks.space(owner()) or Space(goal=settings().goal)
    space: Space = st.session_state["space"]
    return space


def _key(name: str) -> str:
    return f"space-{name}"


def _field(space: Space, name: str) -> None:
    with st.container():
        field(space, name, key=_key(name), on_change=_changed)


def _changed(name: str, value: object) -> None:
    st.session_state["space"] = space = _space().changed(name, value)
    cluster().desks.keep_space(owner(), space)


def found() -> None:
    """A choice among the student's searches, and the chosen one, live."""
    mine = searches().of(owner())
    if not mine:
        st.info(
            "Press **Start the search**: net after net is trained, each chosen by what came of those before it, until"
            " one reaches the goal.",
            icon=":material/travel_explore:",
        )
        return
    labels = distinct({each.id: _label(each) for each in mine})
    if st.session_state.get("search") not in labels:
        st.session_state["search"] = mine[0].id
    st.session_state["search"] = st.session_state["search"]  # a page without the widget must not forget it
    shown = st.selectbox("My searches", list(labels), format_func=labels.__getitem__, key="search")
    active = next(each for each in mine if each.id == shown).active
    st.fragment(_live, run_every=TICK if active else None)(shown, active)


def _label(search: Search) -> str:
    return f"Search {search.number} · {begun(search):%d %b %H:%M:%S} · from {net_name(search.architecture)}"


def _live(search_id: str, active: bool) -> None:
    if "notice" in st.session_state:  # the page above has the place for it
        st.rerun()
    try:
        search = searches().search(owner(), search_id)
        progress = searches().progress(owner(), search_id)
        space = Space.model_validate(search.space)
    except CnnvizError as error:
        st.warning(escaped(str(error)), icon=":material/error:")
        return
    except ValueError:  # pydantic's: another version has written it
        st.warning("This search was begun by another version of cnnviz, which alone can show it.")
        return
    if search.active != active:
        st.rerun()  # the whole page once more, without ticks or with them
    runs = {run.id: run for run in cluster().store.of_search(search_id) if not run.deleted}
    tried = [_tried(trial, runs.get(trial.run or "")) for trial in progress.trials]
    _status(search, space, tried)
    if not tried:
        st.caption("The first run begins as soon as there is room for it.")
        return
    _acts(search, progress, runs)
    _charts(search, space, progress, tried)
    _trials(search, tried, progress, runs)


def _status(search: Search, space: Space, tried: list[Tried]) -> None:
    label, colour, icon = BADGES[search.status]
    best = max((each.accuracy for each in tried if each.accuracy is not None), default=None)
    with st.container(horizontal=True, vertical_alignment="center", key="search-status"):
        st.badge("searching" if search.active else label, color=colour, icon=icon)  # type: ignore[arg-type]
        reached = "" if best is None else f" · best validation accuracy **{best:.3f}**"
        going = sum(each.state == GOING_ON for each in tried)
        now = f" · {going} training" if going else ""
        st.markdown(f"run **{len(tried)}** of up to {space.runs}{now}{reached}", width="content")
    st.progress(1.0 if search.status == Status.DONE else min(len(tried) / space.runs, 1.0))
    with st.container():  # with or without a message, the charts stay where they are
        if search.message:
            (st.error if search.status == Status.FAILED else st.info)(escaped(search.message))


def _acts(search: Search, progress: Progress, runs: dict[str, Run]) -> None:
    measured = [run for run in runs.values() if run.score.accuracy is not None]
    best = max(measured, key=lambda run: run.score.accuracy or 0.0, default=None)
    winner = next((trial.run for trial in progress.trials if trial.number == progress.winner), None)
    best = runs.get(winner or "", best)
    with st.container(horizontal=True, key="search-acts"):
        st.button(
            "Stop the search",
            icon=":material/stop:",
            key=f"halt-{search.id}",
            disabled=not search.active,
            on_click=_halt,
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
                open_net(best)
            open_page("pages/design.py")
        if st.button(
            "Look at the best run closely", icon=":material/search:", key=f"best-{search.id}", disabled=best is None
        ):
            if best:
                state.choose_run(best.id)
            open_page("pages/result.py")


def _halt(search_id: str) -> None:
    with state.told():
        searches().stop(owner(), search_id)


def _charts(search: Search, space: Space, progress: Progress, tried: list[Tried]) -> None:
    if all(each.accuracy is None for each in tried):
        st.caption("The charts begin with the first epoch of the first run.")
        return
    shown = parameters(space, search.architecture, search.config)
    drawn = partial(chart, alt="runs of the search")
    st.markdown("**History**: each point is a run, the line is the best so far.")
    drawn(history_spec(space.runs), history_tables(tried, space.goal), key=f"history-{search.id}")
    st.markdown("**Which choices went together**: a line is a run; warm colours are accurate.")
    drawn(parallel_spec(list(shown)), parallel_tables(tried, shown), key=f"parallel-{search.id}")
    with st.container(key="importance"):
        st.markdown("**What mattered**")
        if progress.importances:
            spec = importance_spec(len(progress.importances))
            drawn(spec, {RUNS: importance_table(progress.importances)}, key=f"importance-{search.id}")
            st.caption(
                "Share of each parameter in what set the good runs apart (PED-ANOVA, [Watanabe et al."
                " 2023](https://arxiv.org/abs/2304.10255)). From few runs it is a hint, no more."
            )
        else:
            st.caption("Told when some runs have trained to their end.")


def _trials(search: Search, tried: list[Tried], progress: Progress, runs: dict[str, Run]) -> None:
    shown = parameters(Space.model_validate(search.space), search.architecture, search.config)
    by_number = {trial.number: runs.get(trial.run or "") for trial in progress.trials}
    sizes = [weights(run.architecture) if (run := by_number[each.number]) else None for each in tried]
    table = pd.DataFrame(
        {
            "run": [each.number for each in tried],
            "state": pd.array([each.state for each in tried], dtype="str"),
            "accuracy": pd.array([each.accuracy for each in tried], dtype="Float64"),
            **{name: pd.array([told(name, each.params.get(name)) for each in tried], dtype="str") for name in shown},
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
            **{name: st.column_config.TextColumn(title(name)) for name in shown},
        },
    )
    st.caption(f"All of these runs are on the Runs page, too, as “Search {search.number}, run …”.")


def _tried(trial: Trial, run: Run | None) -> Tried:
    if run is None:
        waits = FAILED if trial.failed else GOING_ON
        return Tried(trial.number, trial.params, None, STOPPED if trial.run else waits)  # deleted, or not begun
    how = BEHIND if trial.pruned and not run.active else STATES.get(run.status, GOING_ON)
    return Tried(trial.number, trial.params, run.score.accuracy, how)
