"""The learning-rate finder, live: its curve, its suggestions, and the buttons that use them."""

from collections.abc import Sequence
from typing import Literal

import streamlit as st

from cnnviz.charts.lr_finder import lr_finder_chart
from cnnviz.runs.cluster import cluster
from cnnviz.runs.history import History
from cnnviz.runs.run import Run, Status
from cnnviz.training.found_rate import FoundRate
from cnnviz.training.lr_finder import (
    END_RATE,
    FINDER,
    LEARNING_RATE,
    RAW_LOSS,
    SMOOTHED,
    SUGGESTION_DIVISOR,
    LRFinderResult,
)
from cnnviz.training.rate_trial import TRIAL_STEPS, RateTrial
from cnnviz.ui.state import save_found_rate
from cnnviz.ui.widgets.chart import vega_chart
from cnnviz.ui.widgets.fields import escape_markdown
from cnnviz.ui.widgets.notice import notify_errors


def lr_finder_view(run: Run, history: History) -> None:
    """Draws the curve of the finder and its suggestions."""
    result = cluster().store.facts(run.id).lr_finder
    rates, losses, smoothed = (history.curve(FINDER, metric)[1] for metric in (LEARNING_RATE, RAW_LOSS, SMOOTHED))
    point_count = min(len(rates), len(losses), len(smoothed))
    suggestions = {"suggestion": result.suggestion, "steepest": result.steepest} if result else {}
    with st.container():
        if point_count:  # without a value there is no axis to draw
            spec = lr_finder_chart(rates[:point_count], losses[:point_count], smoothed[:point_count], suggestions)
            vega_chart(spec, spec["datasets"], key=f"finder-{run.id}", alt="loss over growing learning rates")
    with st.container():
        if result:
            _suggestions(run, result)
        elif run.active:
            st.caption(
                "Each step trains with a larger learning rate than the one before. At first the loss hardly changes,"
                " then it falls, and in the end it explodes. Then the rate that is found is tried out."
            )


def _suggestions(run: Run, result: LRFinderResult) -> None:
    if run.status == Status.STOPPED:
        return
    rate = result.suggestion
    if rate is not None:
        st.markdown(f"Suggested learning rate: **{rate:g}**. {_lowest_place(rate * SUGGESTION_DIVISOR)}.")
        _trials(run, rate, result.trials)
    steepest = result.steepest
    if steepest is not None:
        st.caption(
            f"ignite's own rule, the rate at which the loss falls fastest, suggests {steepest:g}. It depends"
            " more on the seed than the first does."
        )
        _use_rate_button(run, steepest, rule="ignite", primary=False)
    for note in result.notes:
        st.info(escape_markdown(note), icon=":material/info:")
    st.caption(f"Found with {run.config.optimizer} and batches of {run.config.batch_size:,}; others need another rate.")


def _trials(run: Run, rate: float, trials: Sequence[RateTrial]) -> None:
    """Draws what came of trying the suggestion out, and a button for each rate; that of one that works stands out."""
    if not trials:  # found by an older version
        _use_rate_button(run, rate, rule="suggested", primary=True)
        return
    tried = f"Tried out, {TRIAL_STEPS} steps from the same start: "
    st.markdown(tried + "; ".join(f"at {trial.rate:g} {trial.text}" for trial in trials) + ".")
    if trials[-1].falls:
        st.caption(
            "A training is longer than that: where the loss rises later all the same, try a third of the rate,"
            f" {trials[-1].rate / 3:.2g}."
        )
    else:
        st.warning(
            "The loss fell at neither rate within so few steps. The net may need longer before it learns, or cannot"
            " learn like this: check the normalization, and try a smaller net first.",
            icon=":material/trending_flat:",
        )
    with st.container(horizontal=True, key="use-tried"):
        for trial in sorted(trials, key=lambda trial: not trial.falls):
            _use_rate_button(run, trial.rate, rule="tried", primary=trial.falls)


def _lowest_place(rate: float) -> str:
    """Returns what the lowest place of the smoothed curve says; rates are rounded to two digits."""
    if rate > 0.9 * END_RATE:
        return f"That is a tenth of the highest rates, up to {END_RATE:g}, where the smoothed loss was lowest"
    return f"That is a tenth of {rate:.2g}, where the smoothed loss was lowest and about to rise"


def _use_rate_button(run: Run, rate: float, *, rule: str, primary: bool) -> None:
    kind: Literal["primary", "secondary"] = "primary" if primary else "secondary"
    if st.button(f"Use {rate:g}", key=f"use-{rule}-{rate:g}-{run.id}", type=kind, icon=":material/check:"):
        with notify_errors():
            save_found_rate(FoundRate(rate=rate, architecture=run.architecture, config=run.config))
        st.rerun()
