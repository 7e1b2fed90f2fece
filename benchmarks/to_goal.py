"""Seconds from the click on Train to a validation accuracy of 0.90, for the recommended trainings that aim at it.

A cluster of its own, with its worker process and a fresh data directory, gets one run; measured is from `submit`, which
is what the button calls, to the first epoch at the goal in the store, which is what the page reads. “First” is the
first run of a server: the worker has yet to load the words, and their features are not cached. “Later” is the same run
on the same server.
"""

import argparse
import os
import tempfile
import time
from pathlib import Path
from statistics import median

from benchmarks.table import spread, table, verdict
from cnnviz.architecture import Architecture
from cnnviz.presets import PRESETS
from cnnviz.runs.cluster import Cluster
from cnnviz.settings import Settings, settings
from cnnviz.training.config import TrainConfig
from cnnviz.training.point import TEST, VALIDATION
from cnnviz.training.recommended import FAST, RECOMMENDED

GOAL_SECONDS, GOAL_ACCURACY = 10.0, 0.90
OWNER = "s" + "a" * 31


def seconds_to_goal(cluster: Cluster, design: Architecture, config: TrainConfig) -> tuple[float, float]:
    """Trains to the end; returns the seconds until an epoch reached the goal, or inf, and the test accuracy."""
    start, goal_seconds = time.monotonic(), float("inf")
    run = cluster.submit(OWNER, design, config)
    while True:
        is_active = any(active.id == run.id for active in cluster.store.active_runs())
        accuracies = [point for _, point in cluster.store.points(run.id) if point.metric == "accuracy"]
        reached = any(point.split == VALIDATION and point.value >= GOAL_ACCURACY for point in accuracies)
        if reached and goal_seconds == float("inf"):
            goal_seconds = time.monotonic() - start
        if not is_active:
            return goal_seconds, next(point.value for point in accuracies if point.split == TEST)
        time.sleep(0.05)


def measure(preset: str, config: TrainConfig) -> list[tuple[float, float]]:
    """Returns what the first and a later run of a fresh server come to."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ |= {"CNNVIZ_DATA_DIR": folder, "CNNVIZ_DEVICES": "cpu"}
        settings.cache_clear()
        cluster = Cluster(Settings(data_dir=Path(folder), devices="cpu"))
        try:
            time.sleep(5)  # the worker has started and measured its device, as when somebody has opened the page
            return [seconds_to_goal(cluster, PRESETS[preset].architecture, config) for _ in range(2)]
        finally:
            cluster.close()


def main() -> None:
    """Measures and prints."""
    fast = {name: training.config for name in RECOMMENDED for training in RECOMMENDED[name] if training.title == FAST}
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--presets", nargs="+", default=list(fast), choices=list(fast))
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    rows = []
    for name in options.presets:
        rounds = [measure(name, fast[name].changed(seed=seed)) for seed in range(options.rounds)]
        for run, results in zip(("first", "later"), zip(*rounds, strict=True), strict=True):
            seconds, tests = zip(*results, strict=True)
            goal = verdict(median(seconds), GOAL_SECONDS)
            tested = ", ".join(f"{accuracy:.3f}" for accuracy in tests)
            rows.append([f"`{name}`", run, spread(seconds), tested, f"≤ {GOAL_SECONDS:g} s, {goal}"])
    print(table(["net", "run", "0.90 after, s", "test", "goal"], rows))
    print(f"Load of the machine at the end, over 1, 5 and 15 minutes: {os.getloadavg()}; {os.cpu_count()} cores.")


if __name__ == "__main__":
    main()
