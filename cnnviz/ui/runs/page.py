"""The page of all runs: the shelf, and below it what the chosen ones look like beside each other."""

from collections.abc import Callable, Sequence

import streamlit as st

from cnnviz.runs.cluster import cluster
from cnnviz.runs.run import Run
from cnnviz.ui.identity import current_owner
from cnnviz.ui.runs import compare, table

REFRESH_SECONDS = 1.0
"""Seconds between two looks while runs go on."""
VIEWS: dict[str, Callable[[Sequence[Run]], None]] = {
    "Curves": compare.compared_curves,
    "Differences": compare.differences_table,
}
"""Every view of the chosen runs by what it is called."""
TRADEOFF = "What accuracy costs"


def runs_page() -> None:
    """Shelf and charts; while runs go on, they are drawn again and again."""
    any_active = any(run.active for run in cluster().store.runs_of(current_owner()))
    st.fragment(_runs_view, run_every=REFRESH_SECONDS if any_active else None)(any_active)


def _runs_view(any_active: bool) -> None:
    if "notice" in st.session_state:  # the page above has the place for it
        st.rerun()
    mine = cluster().store.runs_of(current_owner())
    if any_active != any(run.active for run in mine) or not mine:
        st.rerun()  # the whole page once more, without ticks or with them
    selection = table.runs_table(mine)
    if selection.shown:
        _comparison_view(selection)
    table.deleted_runs()


def _comparison_view(selection: table.RunSelection) -> None:
    view = st.segmented_control(
        "Look at",
        [TRADEOFF, *VIEWS],
        default=TRADEOFF,
        required=True,
        key="compare-view",
        label_visibility="collapsed",
        persist_state="session",
    )
    with st.container(key="compared"):
        if view == TRADEOFF or view is None:
            compare.tradeoff_charts(selection.shown)
        elif selection.picked:
            VIEWS[view](selection.picked)
        else:
            st.info("Choose runs in the table, by the boxes at its left.", icon=":material/check_box:")
