"""From the lab's ConvNet to a net at the goal: how long a search takes, how many runs, and the test accuracy.

A cluster of its own, with its worker process and a fresh data directory, gets a search over the default space on the
built-in words. Each round has another seed. Measured is the time from Start to the first epoch at the goal on
validation, and to the end of that run, which is then tested once.
"""

import argparse
import os
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from benchmarks.table import spread, table, verdict
from cnnviz.presets import PRESETS
from cnnviz.runs.cluster import Cluster
from cnnviz.runs.run import Run
from cnnviz.search.space import Space, choice_label
from cnnviz.searches.searches import Searches
from cnnviz.searches.study import Trial
from cnnviz.settings import Settings, settings
from cnnviz.training.config import TrainConfig

GOAL_SECONDS, GOAL_ACCURACY = 900.0, 0.90
"""Goals: an epoch with this validation accuracy, within so many seconds."""
MAX_SECONDS = 1800.0
OWNER = "s" + "a" * 31


@dataclass(frozen=True)
class Round:
    """Duration, runs and winner of one search."""

    goal_seconds: float
    total_seconds: float
    runs: list[tuple[Trial, Run]]
    winner: tuple[Trial, Run] | None


def measure(preset: str, config: TrainConfig, space: Space) -> Round:
    """Starts a search and waits for its end."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ |= {"CNNVIZ_DATA_DIR": folder, "CNNVIZ_DEVICES": "cpu"}
        settings.cache_clear()
        limits = Settings(data_dir=Path(folder), devices="cpu")
        cluster = Cluster(limits)
        searches = Searches(cluster, cluster.store, limits)
        searches.open()
        try:
            start = time.monotonic()
            name = searches.start(OWNER, PRESETS[preset].architecture, config, space)
            goal_seconds = float("inf")
            while searches.search(OWNER, name).active and time.monotonic() - start < MAX_SECONDS:
                if searches.progress(OWNER, name).winner and goal_seconds == float("inf"):
                    goal_seconds = time.monotonic() - start
                time.sleep(0.1)
            total_seconds = time.monotonic() - start
            print(searches.search(OWNER, name).message)
            progress = searches.progress(OWNER, name)
            runs = {run.id: run for run in cluster.store.runs_of_search(name)}
            trial_runs = [(trial, runs[trial.run_id]) for trial in progress.trials if trial.run_id]
            winner = next((trial_run for trial_run in trial_runs if trial_run[0].number == progress.winner), None)
            return Round(goal_seconds, total_seconds, trial_runs, winner)
        finally:
            searches.close()
            cluster.close()


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--preset", default="lab-convnet")
    parser.add_argument("--dataset", default="words")
    options = parser.parse_args()
    rounds: list[Round] = []
    for seed in options.seeds:
        config = TrainConfig(dataset=options.dataset, seed=seed)
        rounds.append(measure(options.preset, config, Space(goal=GOAL_ACCURACY)))
        _print_round(seed, rounds[-1])
    head = ["seed", "goal reached, s", "tested, s", "runs", "validation", "test", "goal"]
    rows = [
        [
            seed,
            f"{result.goal_seconds:.0f}",
            f"{result.total_seconds:.0f}",
            len(result.runs),
            f"{result.winner[1].score.accuracy:.3f}" if result.winner else "",
            f"{result.winner[1].score.test:.3f}" if result.winner and result.winner[1].score.test else "",
            f"≤ {GOAL_SECONDS:g} s, {verdict(result.goal_seconds, GOAL_SECONDS)}",
        ]
        for seed, result in zip(options.seeds, rounds, strict=True)
    ]
    print("\n" + table(head, rows))
    goal_seconds = [result.goal_seconds for result in rounds]
    print(f"\nMedian [quartiles] to the goal: {spread(goal_seconds)} s; {verdict(median(goal_seconds), GOAL_SECONDS)}.")
    print(f"Load of the machine at the end, over 1, 5 and 15 minutes: {os.getloadavg()}; {os.cpu_count()} cores.")


def _print_round(seed: int, result: Round) -> None:
    """Prints every run of a round."""
    print(f"\nseed {seed}: goal after {result.goal_seconds:.0f} s, whole {result.total_seconds:.0f} s")
    print(dict(Counter("fell behind" if trial.pruned else run.status.value for trial, run in result.runs)))
    for trial, run in result.runs:
        params = ", ".join(
            f"{name} {choice_label(name, value)}" for name, value in trial.params.items() if value is not None
        )
        status = "behind" if trial.pruned else run.status.value
        score = run.score
        print(f"{trial.number:3} {score.accuracy or 0:.3f} epoch {score.epoch} {status}, {run.worked:.0f} s: {params}")


if __name__ == "__main__":
    main()
