"""What a look at a growing run costs the server: the work of one tick of the Train page, every half second.

A tick asks the store for the run and its new points, and draws accuracy and loss: the lines over epochs, thinned, as
tables, specification and the bytes that Streamlit sends. Before each tick the run grows by 50 points, which is not
timed. Beside it, in turn, means of neighbours instead of chosen points, with only the new points read and with all.
"""

import argparse
import logging
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from itertools import count, islice
from pathlib import Path
from statistics import median

import numpy as np
import pandas as pd
import streamlit as st

from benchmarks.table import spread, table, verdict
from cnnviz.charts.curve import Curve
from cnnviz.charts.learning import SPLIT_COLOURS, learning_spec
from cnnviz.presets import PRESETS
from cnnviz.runs.history import History
from cnnviz.runs.run import Run, Status
from cnnviz.runs.store import Store
from cnnviz.training.config import TrainConfig
from cnnviz.training.point import Point
from cnnviz.ui.training.chart_options import ChartOptions
from cnnviz.ui.training.curves import run_curves

STORED = (1_000, 10_000, 100_000)
"""Points of the run before the first tick."""
NEW = 50
"""Points that come between two ticks."""
GOAL = 20.0
"""Milliseconds at the largest size."""
STEPS, EPOCHS, LAYERS = 90, 1000, 5
MEANS = 600
"""Points of the batch loss in the old way."""


def points() -> Iterator[Point]:
    """The points of an endless run of a net of five layers with weights, in the order of a training."""
    generator = np.random.default_rng(0)
    for step in count(1):
        epoch = 1 + (step - 1) // STEPS
        yield Point(step, epoch, "batch", "loss", 2.0 / epoch + float(generator.random()))
        if step % STEPS == 0:
            for split in ("train", "validation"):
                yield Point(step, epoch, split, "loss", 2.0 / epoch)
                yield Point(step, epoch, split, "accuracy", 1 - 0.9 / epoch)
            for layer in range(1, LAYERS + 1):
                yield Point(step, epoch, str(layer), "gradient_norm", 0.1)
                yield Point(step, epoch, str(layer), "update_ratio", 1e-3)


def tick(store: Store, run_id: str, history: History) -> None:
    """What has come since the last tick, and the charts as the page draws them."""
    run = store.run(run_id)
    if run is None:
        raise RuntimeError("the run is gone")
    history.read_new_points(store)
    st.session_state["histories"] = {run_id: history}
    run_curves(run, history, ChartOptions())


def means(store: Store, run_id: str, history: History) -> None:
    """As the page was before: what has come, and means of neighbours."""
    run = store.run(run_id)
    if run is None:
        raise RuntimeError("the run is gone")
    history.read_new_points(store)
    for metric in ("accuracy", "loss"):
        found = {split: history.curve(split, metric) for split in SPLIT_COLOURS}
        lines = {split: Curve(steps / STEPS, values) for split, (steps, values) in found.items()}
        drawn = {
            split: _means(line) if split == "batch" and len(line.values) else line for split, line in lines.items()
        }
        rows = pd.DataFrame(
            {
                "epoch": np.concatenate([line.epochs for line in drawn.values()]),
                "value": np.concatenate([line.values for line in drawn.values()]),
                "split": pd.array([split for split, line in drawn.items() for _ in line.values], dtype="str"),
            }
        )
        st.vega_lite_chart(
            learning_spec(metric, EPOCHS) | {"datasets": {"points": rows}},
            on_select="rerun",
            selection_mode=["zoom"],
        )


def read_again(store: Store, run_id: str, _history: History) -> None:
    """The same, but all points are read again."""
    means(store, run_id, History(run_id))


def _means(curve: Curve) -> Curve:
    group = -(-len(curve.values) // MEANS)
    starts = np.arange(0, len(curve.values), group)
    counts = np.diff([*starts, len(curve.values)])
    return Curve(np.add.reduceat(curve.epochs, starts) / counts, np.add.reduceat(curve.values, starts) / counts)


WAYS: dict[str, Callable[[Store, str, History], None]] = {
    "a tick": tick,
    "means": means,
    "means, all read again": read_again,
}


def measure(stored: int, ticks: int) -> tuple[dict[str, list[float]], float]:
    """Milliseconds of each tick of every way, and of the very first one, which reads all that is there."""
    with tempfile.TemporaryDirectory(prefix="cnnviz-ticks-") as folder:
        store = Store(Path(folder))
        config = TrainConfig(dataset="digits", epochs=EPOCHS)
        design = PRESETS["digits-convnet"].architecture
        run = Run(uuid.uuid4().hex, "0" * 32, "cpu", design, config, Status.RUNNING, time.time(), "", EPOCHS * STEPS)
        store.add_run(run)
        coming, histories = points(), {way: History(run.id) for way in WAYS}
        store.append_points(run.id, list(islice(coming, stored)))
        first = {way: _timed(WAYS[way], store, run.id, histories[way]) for way in WAYS}["a tick"]
        found: dict[str, list[float]] = {way: [] for way in WAYS}
        for number in range(ticks):
            store.append_points(run.id, list(islice(coming, NEW)))
            for way in list(WAYS)[:: -1 if number % 2 else 1]:
                found[way].append(_timed(WAYS[way], store, run.id, histories[way]))
        store.close()
    return found, first


def _timed(way: Callable[[Store, str, History], None], store: Store, run_id: str, history: History) -> float:
    start = time.perf_counter()
    way(store, run_id, history)
    return 1000 * (time.perf_counter() - start)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--ticks", type=int, default=30)
    options = parser.parse_args()
    logging.disable(logging.WARNING)  # no page is open here, as Streamlit says at every element
    measure(STORED[0], 3)  # warm
    rows = []
    for stored in STORED:
        found, first = measure(stored, options.ticks)
        mine, *others = found.values()
        ratios = [[theirs / ours for ours, theirs in zip(mine, other, strict=True)] for other in others]
        judged = f"≤ {GOAL:g} ms, {verdict(median(mine), GOAL)}" if stored == STORED[-1] else ""
        rows.append((f"{stored:,}", *map(spread, found.values()), *map(spread, ratios), f"{first:.0f}", judged))
    print(f"{options.ticks} ticks of each way with {NEW} new points each; ms, median [quartiles].\n")
    names = [*WAYS, *(f"{way} ÷ a tick" for way in list(WAYS)[1:])]
    print(table(["stored points", *names, "first tick", "goal"], rows))


if __name__ == "__main__":
    main()
