"""Runs beside each other: curves over curves, what differs in a table, and what accuracy costs."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import streamlit as st

from cnnviz.charts.axes import GOAL, POINTS, goal_line_table
from cnnviz.charts.compare import MOST_NAMED, compare_spec, compare_table, trade_spec, trade_tables
from cnnviz.charts.curve import MOST_POINTS, Curve, drawable, smoothed, thinned
from cnnviz.insight.differences import NOTHING, Row, layer_rows, settings_rows
from cnnviz.runs.cluster import cluster
from cnnviz.runs.run import Run
from cnnviz.settings import settings
from cnnviz.ui.chart import chart
from cnnviz.ui.look import MOST_SMOOTHING
from cnnviz.ui.named import REMOVED, dataset_titles, parameters, short_labels
from cnnviz.words import duration

SPLITS, METRICS = ("train", "validation"), ("accuracy", "loss")
ALL_POINTS = 40 * MOST_POINTS
"""Of a chart, however many lines it has."""
FEWEST_POINTS = 30
ROW_HEIGHT, HEAD_HEIGHT, MOST_ROWS = 30, 44, 30
COLUMN = 280
"""Pixels of a run in the table of differences."""
TINT = "background-color: rgba(47, 143, 216, 0.16)"
"""Of a row in which runs differ, on light and dark."""


def trade(runs: Sequence[Run]) -> None:
    """Accuracy against parameters and against work, with the Pareto front and the goal."""
    measured = [run for run in runs if run.score.accuracy is not None]
    if not measured:
        st.info("These charts begin with the first epoch of the first run.", icon=":material/scatter_plot:")
        return
    labels, titles = short_labels(measured), dataset_titles()
    data = [titles.get(run.config.dataset, REMOVED) for run in measured]
    accuracy = np.array([run.score.accuracy for run in measured], float)
    costs = {
        "parameters": [parameters(run.architecture) for run in measured],
        "training time in s": [max(run.worked, 0.01) for run in measured],
    }
    with st.container(horizontal=True, gap="medium", key="trade-charts"):
        for title, values in costs.items():
            with st.container():
                tables = trade_tables(list(labels.values()), data, np.array(values, float), accuracy, settings().goal)
                chart(trade_spec(title), tables, key=f"trade-{title}", alt=f"best validation accuracy over {title}")
    st.caption(
        "Runs on the **Pareto front** are worth their cost: no other one on the same data is at least as accurate for"
        " less. A net that reaches the goal with few parameters has understood more with less. Training time also hangs"
        " on what else the device did meanwhile."
    )


def curves(runs: Sequence[Run]) -> None:
    """Accuracy and loss of several runs over each other."""
    with st.container(horizontal=True, vertical_alignment="center", key="compare-look"):
        log = st.toggle("Log axis for the loss", key="compare-log", persist_state="session")
        weight = st.slider(
            "Smoothing",
            0.0,
            MOST_SMOOTHING,
            step=0.01,
            key="compare-smoothing",
            persist_state="session",
            width=220,
            help="Weight of what came before in an exponential moving average.",
        )
    labels = short_labels(runs)
    lines = cluster().store.lines(list(labels), SPLITS, METRICS)
    epochs = max(run.config.epochs for run in runs)
    most = max(ALL_POINTS // (len(runs) * len(SPLITS)), FEWEST_POINTS)
    for metric in METRICS:
        on_log = log and metric == "loss"

        def line(run_id: str, split: str, metric: str = metric, on_log: bool = on_log) -> Curve:
            found = lines.get((run_id, split, metric))
            curve = Curve(found[0].astype(float), found[1]) if found else Curve(np.array([]), np.array([]))
            curve = smoothed(curve, weight) if weight and found else curve
            return thinned(drawable(curve, log=on_log), most)

        table = compare_table({label: {split: line(each, split) for split in SPLITS} for each, label in labels.items()})
        goal = {GOAL: goal_line_table(settings().goal)} if metric == "accuracy" else {}
        spec = compare_spec(metric, epochs, list(labels.values()), log=on_log, goal=bool(goal))
        chart(
            spec, {POINTS: table, **goal}, key=f"compare-{metric}", alt=f"{metric} of the chosen runs over their epochs"
        )
    many = f" Of more than {MOST_NAMED} runs, the tooltip tells which line is which." if len(runs) > MOST_NAMED else ""
    st.caption(f"Bold: validation. Fine: training samples, without dropout.{many}")


def differences(runs: Sequence[Run]) -> None:
    """Settings and layers of several runs, a column each; only what differs, or everything with that marked."""
    everything = st.toggle("Also what is alike", key="compare-all", persist_state="session")
    labels = list(short_labels(runs).values())
    rows = [
        Row("Best validation accuracy", tuple(_number(run.score.accuracy) for run in runs)),
        Row("Test accuracy", tuple(_number(run.score.test) for run in runs)),
        Row("Parameters", tuple(f"{parameters(run.architecture):,}" for run in runs)),
        Row("Best epoch", tuple(f"{run.score.best_epoch or NOTHING} of {run.score.epoch}" for run in runs)),
        Row("Work", tuple(duration(run.worked) for run in runs)),
        *settings_rows([run.config for run in runs], dataset_titles()),
        *layer_rows([run.architecture for run in runs]),
    ]
    shown = rows if everything else [row for row in rows if row.differs]
    if not shown:
        st.info("These runs have the same net and the same settings, and came out alike.", icon=":material/equal:")
        return
    table = pd.DataFrame([row.values for row in shown], index=[row.name for row in shown], columns=labels)
    styled = table.style.apply(
        lambda line: [TINT if everything and len(set(line)) > 1 else ""] * len(line), axis="columns"
    )
    widths = {"_index": st.column_config.TextColumn(width=180)} | dict.fromkeys(
        labels, st.column_config.TextColumn(width=COLUMN)
    )
    height = ROW_HEIGHT * min(len(table), MOST_ROWS) + HEAD_HEIGHT
    st.dataframe(styled, key="differences", row_height=ROW_HEIGHT, height=height, column_config=widths)


def _number(value: float | None) -> str:
    return NOTHING if value is None else f"{value:.3f}"
