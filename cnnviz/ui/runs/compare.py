"""Comparison of runs: their curves, a table of their differences, and what accuracy costs."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import streamlit as st
from pandas.io.formats.style import Styler

from cnnviz.charts.axes import GOAL, POINTS, goal_line_table
from cnnviz.charts.compare import MAX_NAMED_RUNS, compare_spec, compare_table, pareto_spec, pareto_tables
from cnnviz.charts.curve import MAX_POINTS, Curve, downsample, drop_undrawable, smooth_curve
from cnnviz.insight.differences import MISSING, DifferenceRow, layer_rows, settings_rows
from cnnviz.runs.cluster import cluster
from cnnviz.runs.run import Run
from cnnviz.settings import settings
from cnnviz.table import parameter_count
from cnnviz.ui.runs.attribution import attribution
from cnnviz.ui.runs.labels import REMOVED_LABEL, dataset_titles, legend_labels
from cnnviz.ui.widgets.chart import vega_chart
from cnnviz.ui.widgets.dataframe import dataframe
from cnnviz.ui.widgets.smoothing import smoothing_slider
from cnnviz.words import format_duration, spreadsheet_text

SPLITS, METRICS = ("train", "validation"), ("accuracy", "loss")
MAX_TOTAL_POINTS = 40 * MAX_POINTS
"""Of a chart, however many lines it has."""
MIN_POINTS = 30
ROW_HEIGHT, HEADER_HEIGHT, MAX_ROWS = 30, 44, 30
COLUMN_WIDTH = 280
"""Pixels of a run in the table of differences."""
DIFFERENCE_STYLE = "background-color: rgba(47, 143, 216, 0.16)"
"""Of a row in which runs differ, on light and dark."""


def tradeoff_charts(runs: Sequence[Run]) -> None:
    """Draws accuracy against parameters and training time, with the Pareto front and the goal."""
    measured = [run for run in runs if run.score.accuracy is not None and not run.active]
    if not measured:
        st.info("These charts appear when your first run has ended.", icon=":material/scatter_plot:")
        return
    labels, titles = legend_labels(measured), dataset_titles()
    data = [titles.get(run.config.dataset, REMOVED_LABEL) for run in measured]
    accuracy = np.array([run.score.accuracy for run in measured], float)
    costs = {
        "parameters": [parameter_count(run.architecture) for run in measured],
        "training time in s": [max(run.worked, 0.01) for run in measured],
    }
    with st.container(horizontal=True, gap="medium", key="trade-charts"):
        for title, values in costs.items():
            with st.container():
                tables = pareto_tables(list(labels.values()), data, np.array(values, float), accuracy, settings().goal)
                vega_chart(
                    pareto_spec(title), tables, key=f"trade-{title}", alt=f"best validation accuracy over {title}"
                )
    st.caption(
        "Runs on the **Pareto front** are worth their cost: no other run on the same data is at least as accurate for"
        " less. A net that reaches the goal with few parameters does more with less. Training time also depends"
        " on what else the device was doing."
    )


def compared_curves(runs: Sequence[Run], *, name: str = "compare") -> None:
    """Draws the accuracy and the loss of several runs in one chart each; a page with two pairs names them."""
    with st.container(horizontal=True, vertical_alignment="center", key=f"{name}-look"):
        log = st.toggle("Log axis for the loss", key=f"{name}-log", persist_state="session")
        smoothing = smoothing_slider(
            "Smoothing",
            key=f"{name}-smoothing",
            meaning="Weight of the earlier values in an exponential moving average.",
            width=220,
        )
    labels = legend_labels(runs)
    lines = cluster().store.epoch_series(list(labels), SPLITS, METRICS)
    epochs = max(run.config.epochs if run.active else max(run.score.epoch, 1) for run in runs)
    max_points = max(MAX_TOTAL_POINTS // (len(runs) * len(SPLITS)), MIN_POINTS)
    for metric in METRICS:
        on_log = log and metric == "loss"

        def drawable_curve(run_id: str, split: str, metric: str = metric, on_log: bool = on_log) -> Curve:
            points = lines.get((run_id, split, metric))
            curve = Curve(points[0].astype(float), points[1]) if points else Curve(np.array([]), np.array([]))
            curve = smooth_curve(curve, smoothing) if smoothing and points else curve
            return downsample(drop_undrawable(curve, log=on_log), max_points)

        table = compare_table(
            {label: {split: drawable_curve(run_id, split) for split in SPLITS} for run_id, label in labels.items()}
        )
        goal = {GOAL: goal_line_table(settings().goal)} if metric == "accuracy" else {}
        spec = compare_spec(metric, epochs, list(labels.values()), log=on_log, goal=bool(goal))
        vega_chart(
            spec, {POINTS: table, **goal}, key=f"{name}-{metric}", alt=f"{metric} of the chosen runs over their epochs"
        )
    many = (
        f" With more than {MAX_NAMED_RUNS} runs, the tooltip tells which line is which."
        if len(runs) > MAX_NAMED_RUNS
        else ""
    )
    st.caption(f"Thick: validation. Thin: training samples, without dropout.{many}")


def differences_table(runs: Sequence[Run]) -> None:
    """Draws what the differences of several runs brought, and a column for each run with its settings and layers.

    Shown are the rows that differ, or all with those marked.
    """
    attribution(runs)
    show_all = st.toggle("Show identical rows, too", key="compare-all", persist_state="session")
    labels = list(legend_labels(runs).values())
    rows = [
        DifferenceRow("Best validation accuracy", tuple(_format_score(run.score.accuracy) for run in runs)),
        DifferenceRow("Test accuracy", tuple(_format_score(run.score.test) for run in runs)),
        DifferenceRow("Parameters", tuple(f"{parameter_count(run.architecture):,}" for run in runs)),
        DifferenceRow("Best epoch", tuple(f"{run.score.best_epoch or MISSING} of {run.score.epoch}" for run in runs)),
        DifferenceRow("Training time", tuple(format_duration(run.worked) for run in runs)),
        *settings_rows([run.config for run in runs], dataset_titles()),
        *layer_rows([run.architecture for run in runs]),
    ]
    shown = rows if show_all else [row for row in rows if row.differs]
    if not shown:
        st.info("These runs have the same net, the same settings and the same results.", icon=":material/equal:")
        return
    table = pd.DataFrame([row.values for row in shown], index=[row.name for row in shown], columns=labels)

    def marked(frame: pd.DataFrame) -> Styler:
        return frame.style.apply(
            lambda line: [DIFFERENCE_STYLE if show_all and len(set(line)) > 1 else ""] * len(line), axis="columns"
        )

    widths = {"_index": st.column_config.TextColumn(width=180)} | dict.fromkeys(
        map(spreadsheet_text, labels), st.column_config.TextColumn(width=COLUMN_WIDTH)
    )
    height = ROW_HEIGHT * min(len(table), MAX_ROWS) + HEADER_HEIGHT
    dataframe(table, style=marked, key="differences", row_height=ROW_HEIGHT, height=height, column_config=widths)


def _format_score(value: float | None) -> str:
    return MISSING if value is None else f"{value:.3f}"
