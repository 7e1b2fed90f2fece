"""The learning-rate finder, live: its curve, its suggestions, and the buttons that use them."""

from typing import Any

import streamlit as st

from cnnviz.charts.lr_finder import SUGGESTION_LABELS, lr_finder_chart
from cnnviz.runs.cluster import cluster
from cnnviz.runs.history import History
from cnnviz.runs.run import LR_FINDER_RUN, Run, Status
from cnnviz.training.lr_finder import FINDER, LEARNING_RATE, RAW_LOSS, SMOOTHED, SUGGESTION_DIVISOR
from cnnviz.ui.state import current_config, save_config
from cnnviz.ui.widgets.chart import vega_chart
from cnnviz.ui.widgets.fields import escape_markdown
from cnnviz.ui.widgets.notice import notify_errors


def lr_finder_view(run: Run, history: History) -> None:
    """Draws the curve of the finder and its suggestions."""
    result: dict[str, Any] = cluster().store.facts(run.id).get(LR_FINDER_RUN) or {}
    rates, losses, smoothed = (history.curve(FINDER, metric)[1] for metric in (LEARNING_RATE, RAW_LOSS, SMOOTHED))
    point_count = min(len(rates), len(losses), len(smoothed))
    marks = {name: result.get(name) for name in SUGGESTION_LABELS}
    with st.container():
        if point_count:  # without a value there is no axis to draw
            spec = lr_finder_chart(rates[:point_count], losses[:point_count], smoothed[:point_count], marks)
            vega_chart(spec, spec["datasets"], key=f"finder-{run.id}", alt="loss over growing learning rates")
    with st.container():
        if result:
            _suggestions(run, result)
        elif run.active:
            st.caption(
                "Each step trains with a larger learning rate than the one before. At first the loss hardly"
                " changes, then it"
                " falls, and in the end it explodes."
            )


def _suggestions(run: Run, result: dict[str, Any]) -> None:
    if run.status == Status.STOPPED:
        return
    rate = result["suggestion"]
    if rate is not None:
        st.markdown(
            f"Suggested learning rate: **{rate:g}**. At {rate * SUGGESTION_DIVISOR:.2g} the smoothed loss was lowest"
            " and about to"
            " rise: the steps cannot be larger than that. A tenth of it is a safe choice."
        )
        _use_rate_button(run, rate, label=f"Use {rate:g}", primary=True)
    steepest = result["steepest"]
    if steepest is not None:
        st.caption(
            f"ignite's own rule, the rate at which the loss falls fastest, suggests {steepest:g}. It changes"
            " with the seed"
            " more than the first."
        )
        _use_rate_button(run, steepest, label=f"Use {steepest:g}", primary=False)
    for note in result["notes"]:
        st.info(escape_markdown(note), icon=":material/info:")
    st.caption(f"Found with {run.config.optimizer} and batches of {run.config.batch_size:,}; others need another rate.")


def _use_rate_button(run: Run, rate: float, *, label: str, primary: bool) -> None:
    kind = "primary" if primary else "secondary"
    if st.button(label, key=f"use-{kind}-{run.id}", type=kind, icon=":material/check:"):  # type: ignore[arg-type]
        with notify_errors():
            save_config(current_config().changed(learning_rate=rate))
        st.rerun()
