"""How long a student waits for the page of all runs: 200 of them with 10,000 points each.

Open: from the request of the page /runs to the end of the script, over a websocket, as a browser sends it; a new
session each time, on a warm server. Beside it, in turn, the same page of a student with 10 such runs. Then the views
of all 200 runs chosen at once, as the server draws them.
"""

import argparse
import asyncio
import time
import uuid
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path
from statistics import median

import numpy as np

from benchmarks.server import Server, serve
from benchmarks.table import spread, table, verdict
from benchmarks.visitor import Visitor
from cnnviz.presets import PRESETS
from cnnviz.runs.run import Run, Status
from cnnviz.runs.store import Store
from cnnviz.training.config import TrainConfig
from cnnviz.training.point import Point

MANY, FEW, POINTS = 200, 10, 10_000
STUDENTS = {MANY: "s" + "a" * 31, FEW: "s" + "b" * 31}
GOAL_MS = 500.0
"""Milliseconds until the page with many runs is there, at most."""
STEPS, LAYERS = 90, 5


def generate_points(rng: np.random.Generator, speed: float) -> Iterator[Point]:
    """Yields the points of a run of a net of five layers with weights; the loss falls by `speed` per epoch."""
    for epoch in range(1, 10_000):
        remaining = float(np.exp(-speed * epoch))
        for step in range((epoch - 1) * STEPS + 1, epoch * STEPS + 1):
            yield Point(step, epoch, "batch", "loss", 3.5 * remaining + float(rng.random()) / 4)
        for split, gap in (("train", 0.0), ("validation", 0.05)):
            noise = float(rng.normal(0, 0.01))
            yield Point(step, epoch, split, "loss", 3.5 * remaining + 4 * gap + abs(noise))
            for metric in ("accuracy", "top-5", "macro F1"):
                yield Point(step, epoch, split, metric, min(max(0.97 * (1 - remaining) - gap + noise, 0.0), 1.0))
        for layer in range(1, LAYERS + 1):
            yield Point(step, epoch, str(layer), "gradient_norm", 0.1)
            yield Point(step, epoch, str(layer), "update_ratio", 1e-3)


def fill_store(folder: Path, runs: int = MANY, count: int = POINTS) -> None:
    """Stores runs of different nets and settings for both students."""
    store, rng = Store(folder), np.random.default_rng(0)
    designs = [preset.architecture for preset in PRESETS.values()]
    for owner, number in ((STUDENTS[MANY], runs), (STUDENTS[FEW], FEW)):
        for index in range(number):
            epochs = max(count // (STEPS + 8 + 2 * LAYERS), 1)
            rate = float(f"{10 ** rng.uniform(-4, -1):.2g}")
            config = TrainConfig(learning_rate=rate, epochs=epochs, optimizer=("SGD", "Adam")[index % 2])
            now = time.time() - 60 * index
            run = Run(uuid.uuid4().hex, owner, "cpu", designs[index % len(designs)], config, Status.DONE, now)
            run = replace(run, worked=float(rng.uniform(5, 600)), tags=("lab",) if index % 3 else ())
            store.add_run(run)
            store.append_points(run.id, list(islice(generate_points(rng, float(rng.uniform(0.01, 0.4))), count)))
    store.close()


async def _time_to_open(server: Server, owner: str, page: str = "runs") -> float:
    """Opens a page; returns the milliseconds until it is there."""
    start = time.perf_counter()
    async with Visitor(server, owner, page):
        return 1000 * (time.perf_counter() - start)


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repetitions", type=int, default=20)
    options = parser.parse_args()
    with serve(prepare=fill_store) as server:
        for owner in STUDENTS.values():
            asyncio.run(_time_to_open(server, owner))  # warm
        milliseconds: dict[int, list[float]] = {count: [] for count in STUDENTS}
        for _ in range(options.repetitions):
            for count, owner in STUDENTS.items():
                milliseconds[count].append(asyncio.run(_time_to_open(server, owner)))
    many, few = milliseconds.values()
    goal = f"≤ {GOAL_MS:g} ms, {verdict(median(many), GOAL_MS)}"
    ratio = spread([many_ms / few_ms for many_ms, few_ms in zip(many, few, strict=True)])
    print(f"{options.repetitions} openings of each, {POINTS:,} points a run; ms, median [quartiles].\n")
    print(table(["runs", "open", "÷ open with 10", "goal"], [(str(MANY), spread(many), ratio, goal)]))


if __name__ == "__main__":
    main()
