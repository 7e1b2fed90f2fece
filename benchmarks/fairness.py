"""Thirty runs at once: when each shows its first point, and what taking turns costs over one after another.

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
"""Memory for all runs together; 1 byte lets one train alone."""
FIRST_SECONDS, RATIO = 20.0, 1.05
"""Goals: the last first point, and the whole over one after another."""


@dataclass(frozen=True)
class Round:
    """What one side took."""

    firsts: list[float]
    whole: float
    ends: list[float]


@contextmanager
def opened(memory: int) -> Iterator[Cluster]:
    """A cluster in a folder of its own; its worker finds it by the environment."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ |= {"CNNVIZ_DATA_DIR": folder, "CNNVIZ_DEVICES": "cpu"}
        settings.cache_clear()
        cluster = Cluster(Settings(data_dir=Path(folder), devices="cpu", max_device_bytes=memory))
        try:
            yield cluster
        finally:
            cluster.close()


def measure(memory: int, preset: str, config: TrainConfig, count: int) -> Round:
    """Seconds from the first submission to each run's first point, to the end of each, and of all."""
    design = PRESETS[preset].architecture
    with opened(memory) as cluster:
        warm = cluster.submit("f" * 32, design, config.changed(epochs=1))
        while cluster.store.run(warm.id).active:  # type: ignore[union-attr]
            time.sleep(0.05)
        begun = time.monotonic()
        waiting = {cluster.submit(f"{number:032x}", design, config.changed(seed=number)).id for number in range(count)}
        firsts, ends, active = dict.fromkeys(waiting, 0.0), dict.fromkeys(waiting, 0.0), set(waiting)
        while active:
            now = time.monotonic() - begun
            seen = {run_id for run_id in waiting if cluster.store.points(run_id)}
            firsts |= dict.fromkeys(seen, now)
            waiting -= seen
            still = {run.id for run in cluster.store.active_runs()}
            ends |= dict.fromkeys(active - still, now)
            active &= still
            time.sleep(0.1)
        ended = [cluster.store.run(run_id).status for run_id in firsts]  # type: ignore[union-attr]
        if set(ended) != {"done"}:
            raise RuntimeError(f"not all runs are done: {ended}")
        return Round(list(firsts.values()), max(ends.values()), list(ends.values()))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--runs", type=int, default=30)
    parser.add_argument("--preset", default="lab-convnet")
    parser.add_argument("--dataset", default="words")
    parser.add_argument("--epochs", type=int, default=6)
    options = parser.parse_args()
    config = TrainConfig(dataset=options.dataset, epochs=options.epochs)
    found: dict[str, list[Round]] = {side: [] for side in SIDES}
    for number in range(options.rounds):
        for side in list(SIDES)[:: -1 if number % 2 else 1]:
            once = measure(SIDES[side], options.preset, config, options.runs)
            found[side].append(once)
            print(f"round {number + 1}, {side}: last first point {max(once.firsts):.1f} s, whole {once.whole:.1f} s")
    turn, after = found.values()
    ratios = [one.whole / other.whole for one, other in zip(turn, after, strict=True)]
    last = median(max(once.firsts) for once in turn)
    print(f"\n{options.runs} runs of {options.preset}, {options.epochs} epochs each; median [quartiles] of rounds.\n")
    head = ["", "first point of the last, s", "first end, s", "whole, s", "÷ one after another", "goal"]
    rows = [
        [
            side,
            spread([max(once.firsts) for once in rounds]),
            spread([min(once.ends) for once in rounds]),
            spread([once.whole for once in rounds]),
            spread(ratios, 3) if rounds is turn else "1",
            f"≤ {FIRST_SECONDS:g} s, {verdict(last, FIRST_SECONDS)}; ≤ {RATIO:g}, {verdict(median(ratios), RATIO)}"
            if rounds is turn
            else "",
        ]
        for side, rounds in found.items()
    ]
    print(table(head, rows))


if __name__ == "__main__":
    main()
