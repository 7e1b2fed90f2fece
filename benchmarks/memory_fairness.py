"""Two runs of the largest memory that is allowed, then 28 small ones: who waits how long, and who gets what share.

The two large ones do not fit beside each other, nor most small ones beside either. Measured are the seconds until
each run's first point, and the time that the device has worked for each after some minutes, when all are stopped.
Afterwards some of them are trained again, undisturbed: the curve must be the same to the last bit.
"""

import argparse
import time
from collections.abc import Sequence
from itertools import pairwise

from benchmarks.fairness import temporary_cluster
from benchmarks.table import table, verdict
from cnnviz.architecture import Architecture, training_bytes
from cnnviz.layers import Conv2d, Flatten, Linear, MaxPool2d, ReLU
from cnnviz.presets import PRESETS
from cnnviz.runs.cluster import Cluster
from cnnviz.settings import Settings
from cnnviz.training.config import TrainConfig
from cnnviz.training.point import DEVICE

GOAL_FIRST_POINT_SECONDS, GOAL_SHARE = 30.0, 0.2
"""Goals: seconds until every small run has its first point; how far the share of a large run may be from its due."""
CONFIG = TrainConfig(dataset="words", epochs=1000)
BUDGET = Settings().max_training_bytes
"""Memory for all runs together: as much as one may take."""
REPEATED_RUNS = (0, 1, 2, 15, 29)
"""Runs that are trained again: both large ones, and three others."""


def largest_design() -> Architecture:
    """Returns a design whose training takes all the memory that a run may take, or a little less."""
    designs = (
        Architecture(
            input_shape=(1, 99, 26),
            layers=[
                Conv2d(out_channels=channels, kernel_size=(3, 3)),
                ReLU(),
                MaxPool2d(kernel_size=(8, 8)),
                Flatten(),
                Linear(out_features=35),
            ],
        )
        for channels in range(100, 3000, 20)
    )
    return next(here for here, more in pairwise(designs) if training_bytes(more, CONFIG.batch_size) > BUDGET)


def curve(cluster: Cluster, run_id: str) -> dict[tuple[int, str, str], float]:
    """Returns the values that a run has reported, but for those that depend on the device."""
    points = (point for _, point in cluster.store.points(run_id) if point.split != DEVICE)
    return {(point.step, point.split, point.metric): point.value for point in points}


def stop_all(cluster: Cluster) -> None:
    """Stops every run, and waits for that."""
    for run in cluster.store.active_runs():
        cluster.stop(run.owner, run.id)
    while cluster.store.active_runs():
        time.sleep(0.1)


def wait_for_first_points(cluster: Cluster, runs: Sequence[str], deadline: float) -> list[float]:
    """Returns the seconds until each run had a point; infinity for those that had none by the deadline."""
    start, seconds = time.monotonic(), dict.fromkeys(runs, float("inf"))
    waiting = set(runs)
    while waiting and time.monotonic() < start + deadline:
        reporting = {run_id for run_id in waiting if cluster.store.points(run_id)}
        seconds |= dict.fromkeys(reporting, time.monotonic() - start)
        waiting -= reporting
        time.sleep(0.1)
    return list(seconds.values())


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=15.0)
    parser.add_argument("--small", type=int, default=28)
    options = parser.parse_args()
    designs = [largest_design()] * 2 + [PRESETS["lab-convnet"].architecture] * options.small
    with temporary_cluster(BUDGET) as cluster:
        warm_up = cluster.submit("s" + "f" * 31, designs[-1], CONFIG.changed(epochs=1))
        while cluster.store.run(warm_up.id).active:  # type: ignore[union-attr]
            time.sleep(0.05)
        end = time.monotonic() + 60 * options.minutes
        configs = [CONFIG.changed(seed=seed) for seed in range(len(designs))]
        runs = [
            cluster.submit(f"{number:032x}", design, config).id
            for number, (design, config) in enumerate(zip(designs, configs, strict=True))
        ]
        first_points = wait_for_first_points(cluster, runs, 60 * options.minutes)
        print(f"first points: large {first_points[:2]}, last small {max(first_points[2:]):.1f} s", flush=True)
        time.sleep(max(0.0, end - time.monotonic()))
        stop_all(cluster)
        worked = [cluster.store.run(run_id).worked for run_id in runs]  # type: ignore[union-attr]
        differences = 0
        for number in (number for number in REPEATED_RUNS if number < len(runs)):
            seen = curve(cluster, runs[number])
            again = cluster.submit("s" + "e" * 31, designs[number], configs[number])
            while len(curve(cluster, again.id)) < len(seen):
                time.sleep(0.5)
            stop_all(cluster)
            undisturbed = curve(cluster, again.id)
            differences += sum(undisturbed.get(key) != value for key, value in seen.items())
            print(f"run {number}: {len(seen)} values compared, {differences} differences in all", flush=True)
    due = sum(worked) / len(worked)
    shares = [seconds / due for seconds in worked]
    last_small, farthest = max(first_points[2:]), max(abs(share - 1) for share in shares[:2])
    print(f"\n{options.minutes:g} minutes; every run is due {due:.1f} s of the device.\n")
    rows = [
        ["last first point of a small run, s", f"{last_small:.1f}", verdict(last_small, GOAL_FIRST_POINT_SECONDS)],
        ["first points of the large runs, s", ", ".join(f"{seconds:.1f}" for seconds in first_points[:2]), ""],
        ["share of the large runs", ", ".join(f"{share:.2f}" for share in shares[:2]), verdict(farthest, GOAL_SHARE)],
        ["shares of the small runs", f"{min(shares[2:]):.2f} to {max(shares[2:]):.2f}", ""],
        ["values that differ from the undisturbed run's", f"{differences}", verdict(differences, 0)],
    ]
    print(table(["", "measured", "goal"], rows))


if __name__ == "__main__":
    main()
