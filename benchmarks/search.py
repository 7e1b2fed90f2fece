"""From the lab's ConvNet to a net at the goal: how long a search takes, how many runs, and what test says.

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

SECONDS, ACCURACY = 900.0, 0.90
"""Goals: the first epoch at that validation accuracy, within so many seconds."""
LONGEST = 1800.0
ANNA = "a" * 32


@dataclass(frozen=True)
class Round:
    """What one search took and found."""

    reached: float
    whole: float
    runs: list[tuple[Trial, Run]]
    winner: tuple[Trial, Run] | None


def measure(preset: str, config: TrainConfig, space: Space) -> Round:
    """Start a search and wait for its end."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ |= {"CNNVIZ_DATA_DIR": folder, "CNNVIZ_DEVICES": "cpu"}
        settings.cache_clear()
        limits = Settings(data_dir=Path(folder), devices="cpu")
        cluster = Cluster(limits)
        searches = Searches(cluster, cluster.store, limits)
        searches.open()
        try:
            begun = time.monotonic()
            name = searches.start(ANNA, PRESETS[preset].architecture, config, space)
            reached = float("inf")
            while searches.search(ANNA, name).active and time.monotonic() - begun < LONGEST:
                if searches.progress(ANNA, name).winner and reached == float("inf"):
                    reached = time.monotonic() - begun
                time.sleep(0.1)
            whole = time.monotonic() - begun
            print(searches.search(ANNA, name).message)
            progress = searches.progress(ANNA, name)
            runs = {run.id: run for run in cluster.store.runs_of_search(name)}
            pairs = [(trial, runs[trial.run_id]) for trial in progress.trials if trial.run_id]
            winner = next((pair for pair in pairs if pair[0].number == progress.winner), None)
            return Round(reached, whole, pairs, winner)
        finally:
            searches.close()
            cluster.close()


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--preset", default="lab-convnet")
    parser.add_argument("--dataset", default="words")
    options = parser.parse_args()
    rounds: list[Round] = []
    for seed in options.seeds:
        config = TrainConfig(dataset=options.dataset, seed=seed)
        rounds.append(measure(options.preset, config, Space(goal=ACCURACY)))
        _tell(seed, rounds[-1])
    head = ["seed", "goal reached, s", "tested, s", "runs", "validation", "test", "goal"]
    rows = [
        [
            seed,
            f"{once.reached:.0f}",
            f"{once.whole:.0f}",
            len(once.runs),
            f"{once.winner[1].score.accuracy:.3f}" if once.winner else "",
            f"{once.winner[1].score.test:.3f}" if once.winner and once.winner[1].score.test else "",
            f"≤ {SECONDS:g} s, {verdict(once.reached, SECONDS)}",
        ]
        for seed, once in zip(options.seeds, rounds, strict=True)
    ]
    print("\n" + table(head, rows))
    reached = [once.reached for once in rounds]
    print(f"\nMedian [quartiles] to the goal: {spread(reached)} s; {verdict(median(reached), SECONDS)}.")
    print(f"Load of the machine at the end, over 1, 5 and 15 minutes: {os.getloadavg()}; {os.cpu_count()} cores.")


def _tell(seed: int, once: Round) -> None:
    """Every run of a round."""
    print(f"\nseed {seed}: goal after {once.reached:.0f} s, whole {once.whole:.0f} s")
    print(dict(Counter("fell behind" if trial.pruned else run.status.value for trial, run in once.runs)))
    for trial, run in once.runs:
        params = ", ".join(
            f"{name} {choice_label(name, value)}" for name, value in trial.params.items() if value is not None
        )
        mark = "behind" if trial.pruned else run.status.value
        score = run.score
        print(f"{trial.number:3} {score.accuracy or 0:.3f} epoch {score.epoch} {mark}, {run.worked:.0f} s: {params}")


if __name__ == "__main__":
    main()
