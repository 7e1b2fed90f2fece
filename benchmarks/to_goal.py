"""Seconds from the click on Train to a validation accuracy of 0.90, for the recommended trainings that aim at it.

A cluster of its own, with its worker process and a fresh data directory, gets one run; measured is from `submit`, which
is what the button calls, to the first epoch at the goal in the store, which is what the page reads. “First” is the
first run of a server: the worker has yet to load the words, and their features are not cached. “Later” is the same run
on the same server. Beside other work the clock says little: the processor time of all processes and the load are told.
"""

import argparse
import os
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import psutil

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


@dataclass(frozen=True)
class Result:
    """What one run came to: seconds on the clock and of processors until the goal, or inf, and the test accuracy."""

    seconds: float
    cpu_seconds: float
    test: float


def cpu_seconds() -> float:
    """Returns the processor time that this process and all below it have taken."""
    own = psutil.Process()
    times = [process.cpu_times() for process in (own, *own.children(recursive=True))]
    return sum(time.user + time.system for time in times)


def train_to_goal(cluster: Cluster, design: Architecture, config: TrainConfig) -> Result:
    """Trains a net to the end."""
    start, cpu_start = time.monotonic(), cpu_seconds()
    goal_seconds = goal_cpu_seconds = float("inf")
    run = cluster.submit(OWNER, design, config)
    while True:
        is_active = any(active.id == run.id for active in cluster.store.active_runs())
        accuracies = [point for _, point in cluster.store.points(run.id) if point.metric == "accuracy"]
        reached = any(point.split == VALIDATION and point.value >= GOAL_ACCURACY for point in accuracies)
        if reached and goal_seconds == float("inf"):
            goal_seconds, goal_cpu_seconds = time.monotonic() - start, cpu_seconds() - cpu_start
        if not is_active:
            test = next(point.value for point in accuracies if point.split == TEST)
            return Result(goal_seconds, goal_cpu_seconds, test)
        time.sleep(0.1)


def measure(preset: str, config: TrainConfig) -> tuple[Result, Result]:
    """Returns what the first and a later run of a fresh server come to."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ |= {"CNNVIZ_DATA_DIR": folder, "CNNVIZ_DEVICES": "cpu"}
        settings.cache_clear()
        cluster = Cluster(Settings(data_dir=Path(folder), devices="cpu"))
        try:
            while cluster.next_device.speed is None:  # the worker has not started: nobody has had time to click yet
                time.sleep(0.1)
            design = PRESETS[preset].architecture
            return train_to_goal(cluster, design, config), train_to_goal(cluster, design, config)
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
        rounds = []
        for seed in range(options.rounds):
            rounds.append(measure(name, fast[name].changed(seed=seed)))
            print(name, seed, rounds[-1], os.getloadavg(), flush=True)
        for run, results in zip(("first", "later"), zip(*rounds, strict=True), strict=True):
            seconds = [result.seconds for result in results]
            cpu = [result.cpu_seconds for result in results]
            tested = ", ".join(f"{result.test:.3f}" for result in results)
            goal = f"≤ {GOAL_SECONDS:g} s, {verdict(median(seconds), GOAL_SECONDS)}"
            rows.append([f"`{name}`", run, spread(seconds), spread(cpu), tested, goal])
    print(table(["net", "run", "0.90 after, s", "processor seconds", "test", "goal"], rows))
    print(f"Load of the machine at the end, over 1, 5 and 15 minutes: {os.getloadavg()}; {os.cpu_count()} cores.")


if __name__ == "__main__":
    main()
