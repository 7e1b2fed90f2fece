"""What showing a growing run costs the server: the work of one tick of the Train page, every half second.

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

STORED_POINTS = (1_000, 10_000, 100_000)
"""Points of the run before the first tick."""
NEW_POINTS = 50
"""Points that are added between two ticks."""
GOAL_MS = 20.0
"""Milliseconds with the most stored points, at most."""
STEPS, EPOCHS, LAYERS = 90, 1000, 5
MEAN_POINTS = 600
"""Points to which the batch loss is averaged in the older variants."""


def generate_points() -> Iterator[Point]:
    """Yields the points of an endless run of a net of five layers with weights, in the order of a training."""
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


def draw_tick(store: Store, run_id: str, history: History) -> None:
    """Reads the points since the last tick, and draws the charts as the page does."""
    run = store.run(run_id)
    if run is None:
        raise RuntimeError("the run is gone")
    history.read_new_points(store)
    st.session_state["histories"] = {run_id: history}
    run_curves(run, history, ChartOptions())


def draw_means(store: Store, run_id: str, history: History) -> None:
    """Reads the points since the last tick, and draws means of neighbours, as the page did before."""
    run = store.run(run_id)
    if run is None:
        raise RuntimeError("the run is gone")
    history.read_new_points(store)
    for metric in ("accuracy", "loss"):
        curves = {split: history.curve(split, metric) for split in SPLIT_COLOURS}
        lines = {split: Curve(steps / STEPS, values) for split, (steps, values) in curves.items()}
        thinned = {
            split: _average_neighbours(line) if split == "batch" and len(line.values) else line
            for split, line in lines.items()
        }
        rows = pd.DataFrame(
            {
                "epoch": np.concatenate([line.epochs for line in thinned.values()]),
                "value": np.concatenate([line.values for line in thinned.values()]),
                "split": pd.array([split for split, line in thinned.items() for _ in line.values], dtype="str"),
            }
        )
        st.vega_lite_chart(
            learning_spec(metric, EPOCHS) | {"datasets": {"points": rows}},
            on_select="rerun",
            selection_mode=["zoom"],
        )


def read_all_and_draw_means(store: Store, run_id: str, _history: History) -> None:
    """Reads all points again, and draws means of neighbours."""
    draw_means(store, run_id, History(run_id))


def _average_neighbours(curve: Curve) -> Curve:
    group = -(-len(curve.values) // MEAN_POINTS)
    starts = np.arange(0, len(curve.values), group)
    counts = np.diff([*starts, len(curve.values)])
    return Curve(np.add.reduceat(curve.epochs, starts) / counts, np.add.reduceat(curve.values, starts) / counts)


VARIANTS: dict[str, Callable[[Store, str, History], None]] = {
    "a tick": draw_tick,
    "means": draw_means,
    "means, all read again": read_all_and_draw_means,
}


def measure(stored: int, ticks: int) -> tuple[dict[str, list[float]], float]:
    """Returns the milliseconds of each tick by variant, and those of the very first tick, which reads all points."""
    with tempfile.TemporaryDirectory(prefix="cnnviz-ticks-") as folder:
        store = Store(Path(folder))
        config = TrainConfig(dataset="digits", epochs=EPOCHS)
        design = PRESETS["digits-convnet"].architecture
        run = Run(uuid.uuid4().hex, "0" * 32, "cpu", design, config, Status.RUNNING, time.time(), "", EPOCHS * STEPS)
        store.add_run(run)
        new_points, histories = generate_points(), {variant: History(run.id) for variant in VARIANTS}
        store.append_points(run.id, list(islice(new_points, stored)))
        first = {variant: _time_tick(VARIANTS[variant], store, run.id, histories[variant]) for variant in VARIANTS}[
            "a tick"
        ]
        milliseconds: dict[str, list[float]] = {variant: [] for variant in VARIANTS}
        for number in range(ticks):
            store.append_points(run.id, list(islice(new_points, NEW_POINTS)))
            for variant in list(VARIANTS)[:: -1 if number % 2 else 1]:
                milliseconds[variant].append(_time_tick(VARIANTS[variant], store, run.id, histories[variant]))
        store.close()
    return milliseconds, first


def _time_tick(variant: Callable[[Store, str, History], None], store: Store, run_id: str, history: History) -> float:
    start = time.perf_counter()
    variant(store, run_id, history)
    return 1000 * (time.perf_counter() - start)


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--ticks", type=int, default=30)
    options = parser.parse_args()
    logging.disable(logging.WARNING)  # no page is open here, as Streamlit says at every element
    measure(STORED_POINTS[0], 3)  # warm
    rows = []
    for stored in STORED_POINTS:
        milliseconds, first = measure(stored, options.ticks)
        current, *others = milliseconds.values()
        ratios = [
            [other_ms / current_ms for current_ms, other_ms in zip(current, other, strict=True)] for other in others
        ]
        goal = f"≤ {GOAL_MS:g} ms, {verdict(median(current), GOAL_MS)}" if stored == STORED_POINTS[-1] else ""
        rows.append((f"{stored:,}", *map(spread, milliseconds.values()), *map(spread, ratios), f"{first:.0f}", goal))
    print(f"{options.ticks} ticks of each variant with {NEW_POINTS} new points each; ms, median [quartiles].\n")
    names = [*VARIANTS, *(f"{variant} ÷ a tick" for variant in list(VARIANTS)[1:])]
    print(table(["stored points", *names, "first tick", "goal"], rows))


if __name__ == "__main__":
    main()
