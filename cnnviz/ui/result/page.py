"""One run in detail: its scores, verdict, mistakes and downloads."""

from collections.abc import Callable
from functools import partial
from operator import attrgetter
from typing import Any

import streamlit as st

from cnnviz.data import available_datasets
from cnnviz.errors import TrainingError
from cnnviz.insight.predictions import Predictions
from cnnviz.insight.tested_samples import find_tested_samples
from cnnviz.presets import net_name
from cnnviz.runs.archives import read_predictions
from cnnviz.runs.cluster import cluster
from cnnviz.runs.run import LR_FINDER_RUN, Run, Status
from cnnviz.settings import settings
from cnnviz.table import parameter_count
from cnnviz.ui.data.content import load_content, split_indices
from cnnviz.ui.navigation import open_page
from cnnviz.ui.result.doubtful_samples import doubtful_samples_view
from cnnviz.ui.result.downloads import downloads_view
from cnnviz.ui.result.gallery import TestedRun
from cnnviz.ui.result.predictions import predictions_view
from cnnviz.ui.result.seeds import seeds_view
from cnnviz.ui.result.try_change import try_change_view
from cnnviz.ui.result.verdicts import verdict_cards
from cnnviz.ui.runs.comments import comments_view
from cnnviz.ui.runs.labels import dataset_titles, run_label
from cnnviz.ui.state import choose_run, current_owner, run_choice_key, talk_later
from cnnviz.ui.widgets.fields import escape_markdown
from cnnviz.ui.widgets.live_fragment import live_fragment
from cnnviz.ui.widgets.status_badge import STATUS_BADGES
from cnnviz.words import format_duration, format_share, unique_labels

REFRESH_SECONDS = 2.0
"""Seconds between two looks at a run that goes on."""
UNTESTED_ADVICE = {
    Status.PAUSED: " Resume this one on the Train page.",
    Status.STOPPED: " This one was stopped: train it to its end on the Train page.",
    Status.FAILED: " This one failed; its verdict says what to try.",
}
"""What can be done about a run that was not tested."""


def result_page() -> None:
    """Draws the choice among the student's runs, and the chosen one."""
    mine = [run for run in cluster().store.runs_of(current_owner()) if run.kind != LR_FINDER_RUN]
    if not mine:
        st.info("This page shows one of your runs in detail. Train a net first.", icon=":material/search_insights:")
        st.page_link("pages/train.py", label="Train", icon=":material/show_chart:")
        return
    titles = dataset_titles()
    labels = unique_labels({run.id: run_label(run, titles) for run in mine})
    run_id = st.selectbox("Run", list(labels), format_func=labels.__getitem__, key=run_choice_key(list(labels)))
    live_fragment(
        partial(cluster().run, current_owner(), run_id),
        _run_view,
        is_active=attrgetter("active"),
        watched=lambda run: [run.id],
        seconds=REFRESH_SECONDS,
    )


def _run_view(run: Run) -> None:
    _score_summary(run)
    view = st.segmented_control(
        "Look at",
        list(VIEWS),
        default=next(iter(VIEWS)),
        required=True,
        key="result-view",
        label_visibility="collapsed",
        persist_state="session",
    )
    with st.container(key="result"):
        try:
            VIEWS[view or next(iter(VIEWS))](run)
        except TrainingError as error:  # what is kept of the run is damaged
            st.warning(escape_markdown(str(error)), icon=":material/error:")


def _score_summary(run: Run) -> None:
    """Draws the status and the scores of a run."""
    label, colour, icon = STATUS_BADGES[run.status]
    with st.container(horizontal=True, vertical_alignment="center", key="result-status"):
        st.badge(label, color=colour, icon=icon)  # type: ignore[arg-type]
        about = f"**{escape_markdown(net_name(run.architecture))}**, {parameter_count(run.architecture):,} parameters"
        st.markdown(f"{about}, {run.score.epoch} of {run.config.epochs} epochs done", width="content")
        if st.button("Watch its curves", icon=":material/show_chart:", type="tertiary", key="watch"):
            choose_run(run.id)
            open_page("pages/train.py")
        if run.score.epoch and st.button(
            "Try your own",
            icon=":material/mic:",
            type="tertiary",
            key="talk",
            help="Say a word to it, or draw for it.",
        ):
            talk_later(run.id)
            open_page("pages/inside.py")
    score, goal = run.score, settings().goal
    with st.container(horizontal=True, gap="medium", key="result-numbers"):
        accuracy = "—" if score.accuracy is None else f"{score.accuracy:.3f}"
        goal_distance = None if score.accuracy is None else f"{score.accuracy - goal:+.3f} vs. goal"
        card: dict[str, Any] = {"border": True, "height": "stretch"}
        st.metric(
            "Validation",
            accuracy,
            goal_distance,
            delta_arrow="off",
            help=f"Accuracy of the best epoch; goal {format_share(goal)}.",
            **card,
        )
        test = "—" if score.test is None else f"{score.test:.3f}"
        st.metric("Test", test, help="Test accuracy, measured once, with the weights of the best epoch.", **card)
        st.metric("Best epoch", f"{score.best_epoch or '—'}", **card)
        st.metric("Training time", format_duration(run.worked), help="Computing time on the device.", **card)
    if run.message:
        st.caption(escape_markdown(run.message))
    comments_view(run.id)


def _tested_view(draw: Callable[[TestedRun], None], run: Run) -> None:
    """Draws what a view shows of a run's predictions, or why there are none."""
    test_predictions = read_predictions(cluster().store, run)
    if test_predictions is None:
        st.info(
            "A net is tested once, when its run ends by itself; its answers are then shown here."
            + UNTESTED_ADVICE.get(run.status, ""),
            icon=":material/hourglass_empty:",
        )
        return
    draw(_tested_run(run, test_predictions))


def _tested_run(run: Run, test_predictions: Predictions) -> TestedRun:
    """Returns the predictions with their samples, where the data set still has them."""
    run_dataset = available_datasets(current_owner()).get(run.config.dataset)
    if run_dataset is None:
        return TestedRun(run.id, test_predictions)
    content = load_content(run_dataset)
    rows = split_indices(content, run_dataset.split_kind(run.config.split_kind))
    indices = None if rows is None else find_tested_samples(content, rows, test_predictions)
    return (
        TestedRun(run.id, test_predictions, run_dataset, content, indices, run.config)
        if indices is not None
        else TestedRun(run.id, test_predictions)
    )


VIEWS: dict[str, Callable[[Run], None]] = {
    "Verdict": verdict_cards,
    "Try a change": try_change_view,
    "Is it luck?": seeds_view,
    "Mistakes": partial(_tested_view, predictions_view),
    "Doubtful samples": partial(_tested_view, doubtful_samples_view),
    "Take it home": downloads_view,
}
"""Every view of one run by what it is called."""
