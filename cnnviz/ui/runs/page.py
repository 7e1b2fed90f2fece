"""All runs of a student, and below them a comparison of the chosen ones."""

from collections.abc import Callable, Sequence
from functools import partial

import streamlit as st

from cnnviz.runs.cluster import cluster
from cnnviz.runs.run import Run
from cnnviz.ui.runs import actions, compare, table
from cnnviz.ui.runs.change_tree import change_tree
from cnnviz.ui.state import current_owner
from cnnviz.ui.widgets.live_fragment import live_fragment

REFRESH_SECONDS = 1.0
"""Seconds between two looks while runs go on."""
VIEWS: dict[str, Callable[[Sequence[Run]], None]] = {
    "Curves": compare.compared_curves,
    "Differences": compare.differences_table,
}
"""Every view of the chosen runs by what it is called."""
TRADEOFF, CHANGES = "What accuracy costs", "Changes"
"""Views of all runs in the table."""


def runs_page() -> None:
    """Draws the table of runs and the comparison, anew every second while a run is active."""
    live_fragment(
        partial(cluster().store.runs_of, current_owner()),
        _runs_view,
        is_active=_any_active,
        watched=lambda mine: [current_owner(), *(run.id for run in mine if run.active)],
        seconds=REFRESH_SECONDS,
    )


def _any_active(runs: Sequence[Run]) -> bool:
    return any(run.active for run in runs)


def _runs_view(mine: Sequence[Run]) -> None:
    if not mine:  # the last one was deleted: the page without runs is another one
        st.rerun()
    selection = table.runs_table(mine)
    if selection.shown:
        _comparison_view(selection)
    actions.deleted_runs()


def _comparison_view(selection: table.RunSelection) -> None:
    view = st.segmented_control(
        "Look at",
        [TRADEOFF, CHANGES, *VIEWS],
        default=TRADEOFF,
        required=True,
        key="compare-view",
        label_visibility="collapsed",
        persist_state="session",
    )
    with st.container(key="compared"):
        if view == TRADEOFF or view is None:
            compare.tradeoff_charts(selection.shown)
        elif view == CHANGES:
            change_tree(selection.shown)
        elif selection.picked:
            VIEWS[view](selection.picked)
        else:
            st.info("Choose runs in the table with the boxes on its left.", icon=":material/check_box:")
