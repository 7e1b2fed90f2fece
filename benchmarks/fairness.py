"""Thirty runs at once: when each shows its first point, and how much longer all of them take in turn than one by one.

A cluster of its own, with its worker process, gets thirty runs of thirty students at once: all in turn, or one after
the other (by a memory for a single run). The two sides alternate, in a data directory of its own each time; a short run
before has the worker started and its data loaded. Both must end with the same curves.
"""

import argparse
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from benchmarks.table import spread, table, verdict
from cnnviz.presets import PRESETS
from cnnviz.runs.cluster import Cluster
from cnnviz.settings import Settings, settings
from cnnviz.training.config import TrainConfig

SIDES = {"in turn": 0, "one after another": 1}
"""Memory limit for all runs together, 0 for the default; with 1 byte, one run trains at a time."""
GOAL_FIRST_POINT_SECONDS, GOAL_RATIO = 20.0, 1.05
"""Goals: seconds until every run has its first point, and the total time relative to one after another."""


@dataclass(frozen=True)
class Round:
    """Seconds that one side took."""

    first_points: list[float]
    total: float
    ends: list[float]


@contextmanager
def temporary_cluster(memory: int) -> Iterator[Cluster]:
    """Opens a cluster in a folder of its own, which its worker finds by the environment."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ |= {"CNNVIZ_DATA_DIR": folder, "CNNVIZ_DEVICES": "cpu"}
        settings.cache_clear()
        cluster = Cluster(Settings(data_dir=Path(folder), devices="cpu", max_device_bytes=memory))
        try:
            yield cluster
        finally:
            cluster.close()


def measure(memory: int, preset: str, config: TrainConfig, count: int) -> Round:
    """Measures the seconds from the first submission to each run's first point, to the end of each, and of all."""
    design = PRESETS[preset].architecture
    with temporary_cluster(memory) as cluster:
        warm_up = cluster.submit("s" + "f" * 31, design, config.changed(epochs=1))
        while cluster.store.run(warm_up.id).active:  # type: ignore[union-attr]
            time.sleep(0.05)
        start = time.monotonic()
        waiting = {cluster.submit(f"{number:032x}", design, config.changed(seed=number)).id for number in range(count)}
        first_points, ends, active = dict.fromkeys(waiting, 0.0), dict.fromkeys(waiting, 0.0), set(waiting)
        while active:
            now = time.monotonic() - start
            reporting = {run_id for run_id in waiting if cluster.store.points(run_id)}
            first_points |= dict.fromkeys(reporting, now)
            waiting -= reporting
            still_active = {run.id for run in cluster.store.active_runs()}
            ends |= dict.fromkeys(active - still_active, now)
            active &= still_active
            time.sleep(0.1)
        statuses = [cluster.store.run(run_id).status for run_id in first_points]  # type: ignore[union-attr]
        if set(statuses) != {"done"}:
            raise RuntimeError(f"not all runs are done: {statuses}")
        return Round(list(first_points.values()), max(ends.values()), list(ends.values()))


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--runs", type=int, default=30)
    parser.add_argument("--preset", default="lab-convnet")
    parser.add_argument("--dataset", default="words")
    parser.add_argument("--epochs", type=int, default=6)
    options = parser.parse_args()
    config = TrainConfig(dataset=options.dataset, epochs=options.epochs)
    rounds_by_side: dict[str, list[Round]] = {side: [] for side in SIDES}
    for number in range(options.rounds):
        for side in list(SIDES)[:: -1 if number % 2 else 1]:
            result = measure(SIDES[side], options.preset, config, options.runs)
            rounds_by_side[side].append(result)
            first = max(result.first_points)
            print(f"round {number + 1}, {side}: last first point {first:.1f} s, whole {result.total:.1f} s")
    in_turn, one_by_one = rounds_by_side.values()
    ratios = [own.total / other.total for own, other in zip(in_turn, one_by_one, strict=True)]
    last = median(max(result.first_points) for result in in_turn)
    print(f"\n{options.runs} runs of {options.preset}, {options.epochs} epochs each; median [quartiles] of rounds.\n")
    head = ["", "first point of the last, s", "first end, s", "whole, s", "÷ one after another", "goal"]
    goals = (
        f"≤ {GOAL_FIRST_POINT_SECONDS:g} s, {verdict(last, GOAL_FIRST_POINT_SECONDS)};"
        f" ≤ {GOAL_RATIO:g}, {verdict(median(ratios), GOAL_RATIO)}"
    )
    rows = [
        [
            side,
            spread([max(result.first_points) for result in rounds]),
            spread([min(result.ends) for result in rounds]),
            spread([result.total for result in rounds]),
            spread(ratios, 3) if rounds is in_turn else "1",
            goals if rounds is in_turn else "",
        ]
        for side, rounds in rounds_by_side.items()
    ]
    print(table(head, rows))


if __name__ == "__main__":
    main()
