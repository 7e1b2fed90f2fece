"""The page of all runs: the shelf, and below it what the chosen ones look like beside each other."""

from collections.abc import Callable, Sequence

import streamlit as st

from cnnviz.runs.cluster import cluster
from cnnviz.runs.run import Run
from cnnviz.ui import comparing, shelf
from cnnviz.ui.student import owner

TICK = 1.0
"""Seconds between two looks while runs go on."""
VIEWS: dict[str, Callable[[Sequence[Run]], None]] = {
    "Curves": comparing.curves,
    "Differences": comparing.differences,
}
"""Every view of the chosen runs by what it is called."""
TRADE = "What accuracy costs"


def live() -> None:
    """Shelf and charts; while runs go on, they are drawn again and again."""
    going_on = any(run.active for run in cluster().store.of(owner()))
    st.fragment(_drawn, run_every=TICK if going_on else None)(going_on)


def _drawn(going_on: bool) -> None:
    if "notice" in st.session_state:  # the page above has the place for it
        st.rerun()
    mine = cluster().store.of(owner())
    if going_on != any(run.active for run in mine) or not mine:
        st.rerun()  # the whole page once more, without ticks or with them
    choice = shelf.shelf(mine)
    if choice.shown:
        _compared(choice)
    shelf.away()


def _compared(choice: shelf.Choice) -> None:
    view = st.segmented_control(
        "Look at",
        [TRADE, *VIEWS],
        default=TRADE,
        required=True,
        key="compare-view",
        label_visibility="collapsed",
        persist_state="session",
    )
    with st.container(key="compared"):
        if view == TRADE or view is None:
            comparing.trade(choice.shown)
        elif choice.picked:
            VIEWS[view](choice.picked)
        else:
            st.info("Choose runs in the table, by the boxes at its left.", icon=":material/check_box:")
