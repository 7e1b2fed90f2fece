"""The verdicts on a run, each with what to try and buttons that do it."""

import streamlit as st

from cnnviz.data import available_datasets
from cnnviz.insight.run_summary import Floats, RunSummary
from cnnviz.insight.verdict import SuggestedRun, Verdict
from cnnviz.insight.verdicts import find_verdicts
from cnnviz.runs.archives import describe_dataset
from cnnviz.runs.cluster import cluster
from cnnviz.runs.run import Run
from cnnviz.settings import settings
from cnnviz.training.gradient_stats import GRADIENT_NORM, UPDATE_RATIO
from cnnviz.training.point import TRAIN, VALIDATION
from cnnviz.ui.navigation import open_page
from cnnviz.ui.state import open_design
from cnnviz.ui.training.run_history import forget_other_histories, read_history
from cnnviz.ui.widgets.fields import escape_markdown
from cnnviz.ui.widgets.notice import has_notice, notify_errors


def summarize_run(run: Run) -> RunSummary:
    """Returns the curves of a run, as verdicts are based on them."""
    history, facts = read_history(run), cluster().store.facts(run.id)
    dataset = available_datasets(run.owner).get(run.config.dataset)
    description = describe_dataset(run, facts)
    forget_other_histories({run.id})

    def curve_by_layer(metric: str) -> dict[str, Floats]:
        return {layer: history.curve(layer, metric)[1] for layer in history.splits(metric)}

    return RunSummary(
        architecture=run.architecture,
        config=run.config,
        goal=settings().goal,
        has_ended=not run.active,
        end_reason=run.end_reason,
        message=run.message,
        classes=len(description.classes) or None,
        axes=description.axes,
        part_sizes=facts.parts,
        test_accuracy=run.score.test,
        split_kind=dataset.split_kind(run.config.split_kind) if dataset else run.config.split_kind,
        train_loss=history.curve(TRAIN, "loss")[1],
        train_accuracy=history.curve(TRAIN, "accuracy")[1],
        validation_loss=history.curve(VALIDATION, "loss")[1],
        validation_accuracy=history.curve(VALIDATION, "accuracy")[1],
        gradient_norms=curve_by_layer(GRADIENT_NORM),
        update_ratios=curve_by_layer(UPDATE_RATIO),
    )


def verdict_cards(run: Run) -> None:
    """Draws a card for each verdict."""
    verdicts = find_verdicts(summarize_run(run))
    for position, verdict in enumerate(verdicts):
        with st.container(border=True, key=f"finding-{position}"):
            _verdict_card(run, verdict, position)
    if run.active:
        st.caption("The run is still training; this is what the numbers say so far.")
    if any(verdict.suggested_runs for verdict in verdicts):
        st.caption("Each button opens the changed net and settings on the Train page. Undo brings your net back.")


def _verdict_card(run: Run, verdict: Verdict, position: int) -> None:
    icon = ":material/trophy:" if verdict.is_good else ":material/troubleshoot:"
    st.markdown(f"{icon} **{escape_markdown(verdict.title)}**  \n{escape_markdown(verdict.text)}")
    if verdict.suggestion:
        st.markdown(f"*What to try:* {verdict.suggestion}")
    if not verdict.suggested_runs:
        return
    with st.container(horizontal=True, key=f"changes-{position}"):
        for number, change in enumerate(verdict.suggested_runs):
            if st.button(change.label, key=f"try-{run.id}-{position}-{number}", icon=":material/science:"):
                _apply_change(change)


def _apply_change(change: SuggestedRun) -> None:
    with notify_errors():
        open_design(change.architecture, change.config)
    if not has_notice():
        open_page("pages/train.py")
    st.rerun()
