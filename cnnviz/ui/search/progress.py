"""The searches of a student: which one to look at, and how it is going."""

from functools import partial
from operator import attrgetter

import streamlit as st

from cnnviz.charts.search import RUNNING, TrialResult
from cnnviz.errors import CnnvizError
from cnnviz.presets import net_name
from cnnviz.runs.cluster import cluster
from cnnviz.runs.run import Run, Status
from cnnviz.runs.search import Search
from cnnviz.search.space import Space
from cnnviz.searches.search_driver import SearchProgress
from cnnviz.searches.searches import searches
from cnnviz.ui.navigation import open_page
from cnnviz.ui.runs.labels import created_at
from cnnviz.ui.search.trials import search_charts, trial_result, trials_table
from cnnviz.ui.state import choose_run, current_owner, open_design, search_choice_key
from cnnviz.ui.widgets.fields import escape_markdown
from cnnviz.ui.widgets.live_fragment import live_fragment
from cnnviz.ui.widgets.notice import notify_errors
from cnnviz.ui.widgets.status_badge import STATUS_BADGES
from cnnviz.words import unique_labels

REFRESH_SECONDS = 1.0
"""Seconds between two looks at a search that goes on."""


def search_progress() -> None:
    """Draws the choice among the student's searches, and the chosen one, live."""
    mine = searches().searches_of(current_owner())
    if not mine:
        st.info(
            "Press **Start the search**: one net after another is trained, each chosen by the results of"
            " those before it, until"
            " one reaches the goal.",
            icon=":material/travel_explore:",
        )
        return
    labels = unique_labels({search.id: _search_label(search) for search in mine})
    search_id = st.selectbox(
        "My searches", list(labels), format_func=labels.__getitem__, key=search_choice_key(list(labels))
    )
    live_fragment(
        partial(searches().search, current_owner(), search_id),
        _search_view,
        is_active=attrgetter("active"),
        watched=_watched,
        seconds=REFRESH_SECONDS,
    )


def _watched(search: Search) -> list[str]:
    return [search.id, *(run.id for run in cluster().store.runs_of_search(search.id) if run.active)]


def _search_label(search: Search) -> str:
    return f"Search {search.number} · {created_at(search):%d %b %H:%M:%S} · from {net_name(search.architecture)}"


def _search_view(search: Search) -> None:
    try:
        progress = searches().progress(current_owner(), search.id)
        space = Space.model_validate(search.space)
    except CnnvizError as error:
        st.warning(escape_markdown(str(error)), icon=":material/error:")
        return
    except ValueError:  # pydantic's: another version has written it
        st.warning("This search was started by another version of cnnviz and can only be shown there.")
        return
    runs = {run.id: run for run in cluster().store.runs_of_search(search.id) if not run.deleted}
    trials = [trial_result(trial, runs.get(trial.run_id or "")) for trial in progress.trials]
    _search_status(search, space, trials)
    if not trials:
        st.caption("The first run starts as soon as there is room for it.")
        return
    _search_actions(search, progress, runs)
    search_charts(search, space, progress, trials)
    trials_table(search, space, trials, progress, runs)


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
            help="Opens the net on the Design page and its settings on the Train page. Undo brings your net back.",
        ):
            if best:
                with notify_errors():
                    open_design(best.architecture, best.config, parent_run_id=best.id)
            open_page("pages/design.py")
        if st.button(
            "Look closely at the best run", icon=":material/search:", key=f"best-{search.id}", disabled=best is None
        ):
            if best:
                choose_run(best.id)
            open_page("pages/result.py")


def _stop_search(search_id: str) -> None:
    with notify_errors():
        searches().stop(current_owner(), search_id)
