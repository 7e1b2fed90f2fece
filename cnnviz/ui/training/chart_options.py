"""Options of the charts of a run: which curves, on what axis, how smooth, and with which other runs."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import streamlit as st

from cnnviz.charts.axes import DASHES
from cnnviz.settings import settings
from cnnviz.ui.widgets.fields import number
from cnnviz.ui.widgets.smoothing import smoothing_slider

LEARNING, TOP5_F1, GRADIENTS, DEVICE = VIEWS = ("Accuracy and loss", "Top-5 and F1", "Gradients", "Device")
MAX_COMPARED = len(DASHES) - 1
"""Runs beside the one that is shown: a line style for each."""


@dataclass(frozen=True)
class ChartOptions:
    """The options that the student has chosen above the charts."""

    view: str = LEARNING
    log_axis: bool = False
    """Whether the loss has a log axis."""
    smoothing: float = 0.0
    """Weight of what came before in the moving average of the batch loss; 0 draws the loss alone."""
    goal: float = 0.9
    compared: Mapping[str, str] = field(default_factory=dict)
    """Labels of other runs by id."""


def chart_options(shown_id: str, labels: Mapping[str, str]) -> ChartOptions:
    """Draws the options for the curves of a run, which last as long as the session, and returns them."""
    others = {run_id: label for run_id, label in labels.items() if run_id != shown_id}
    with st.container(horizontal=True, vertical_alignment="center", key="look"):
        view = st.segmented_control(
            "Curves",
            VIEWS,
            default=LEARNING,
            required=True,
            key="look-view",
            label_visibility="collapsed",
            persist_state="session",
        )
        with st.popover("Options", icon=":material/tune:", key="look-options"):
            log_axis = st.toggle("Log axis for the loss", key="look-log", persist_state="session")
            smoothing = smoothing_slider(
                "Smoothing of the batch loss",
                key="look-smoothing",
                meaning="Weight of earlier values in an exponential moving average. The loss itself stays visible.",
            )
            goal = number(
                "Goal: validation accuracy",
                settings().goal,
                whole=False,
                bounds=(0, 1),
                step=0.01,
                key="look-goal",
                persist_state="session",
            )
            compared = st.multiselect(
                "Compare with",
                list(others),
                format_func=others.__getitem__,
                max_selections=MAX_COMPARED,
                key="look-compared",
                placeholder="Other runs of yours" if others else "No other runs yet",
                disabled=not others,
                persist_state="session",
            )
    return ChartOptions(view or LEARNING, log_axis, smoothing, goal, {run_id: others[run_id] for run_id in compared})
