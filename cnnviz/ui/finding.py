"""A search for a learning rate, live: its curve, what it suggests, and the button that takes it over."""

from typing import Any

import streamlit as st

from cnnviz.charts.finder import RULES, finder_chart
from cnnviz.errors import CnnvizError
from cnnviz.runs.cluster import cluster
from cnnviz.runs.history import History
from cnnviz.runs.run import FIND, Run, Status
from cnnviz.training.finder import FINDER, RATE, RAW, SAFE, SMOOTHED
from cnnviz.ui.chart import chart
from cnnviz.ui.fields import escaped
from cnnviz.ui.state import config, keep_config


def search(run: Run, history: History) -> None:
    """Draw a search, and what came of it."""
    found: dict[str, Any] = cluster().store.facts(run.id).get(FIND) or {}
    rates, losses, smoothed = (history.curve(FINDER, metric)[1] for metric in (RATE, RAW, SMOOTHED))
    whole = min(len(rates), len(losses), len(smoothed))
    marks = {name: found.get(name) for name in RULES}
    with st.container():
        if whole:  # without a value there is no axis to draw
            drawn = finder_chart(rates[:whole], losses[:whole], smoothed[:whole], marks)
            chart(drawn, drawn["datasets"], key=f"finder-{run.id}", alt="loss over growing learning rates")
    with st.container():
        if found:
            _told(run, found)
        elif run.active:
            st.caption(
                "Each step trains with a larger learning rate than the one before. At first the loss stays, then it"
                " falls, and in the end it explodes."
            )


def _told(run: Run, found: dict[str, Any]) -> None:
    if run.status == Status.STOPPED:
        return
    rate = found["suggestion"]
    if rate is not None:
        st.markdown(
            f"Suggested learning rate: **{rate:g}**. At {rate * SAFE:.2g} the smoothed loss was lowest, and about to"
            " rise: there the steps are as large as they may be. A tenth of that is far enough away."
        )
        _use(run, rate, label=f"Use {rate:g}", primary=True)
    steepest = found["steepest"]
    if steepest is not None:
        st.caption(
            f"ignite's own rule, the place where the loss falls fastest, says {steepest:g}. It jumps from seed to seed"
            " more than the first."
        )
        _use(run, steepest, label=f"Use {steepest:g}", primary=False)
    for note in found["notes"]:
        st.info(escaped(note), icon=":material/info:")
    st.caption(f"Found with {run.config.optimizer} and batches of {run.config.batch_size:,}; others want another rate.")


def _use(run: Run, rate: float, *, label: str, primary: bool) -> None:
    kind = "primary" if primary else "secondary"
    if st.button(label, key=f"use-{kind}-{run.id}", type=kind, icon=":material/check:"):  # type: ignore[arg-type]
        try:
            keep_config(config().changed("learning_rate", rate))
        except CnnvizError as error:
            st.session_state["notice"] = str(error)
        st.rerun()
