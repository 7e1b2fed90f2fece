"""What the recommended trainings of presets come to, for several seeds, in the product's own trainer.

Prints a row for each preset, training and seed: parameters, multiply-adds, epochs, seconds of one thread and on the
clock, the best validation accuracy, and the accuracy of that epoch on test, which nothing is chosen by.
"""

import argparse
import os
import time

import torch

from benchmarks.table import table
from cnnviz.architecture import trace
from cnnviz.data import DATASETS
from cnnviz.presets import PRESETS
from cnnviz.training.point import TEST, VALIDATION, Point
from cnnviz.training.recommended import RECOMMENDED, RecommendedTraining
from cnnviz.training.trainer import train

HEAD = ["net", "parameters", "multiply-adds", "training", "epochs", "seed", "CPU s", "s", "validation", "test"]


def measure(name: str, training: RecommendedTraining, seed: int) -> list[object]:
    """Trains a preset and returns its row."""
    architecture, config = PRESETS[name].architecture, training.config.changed(seed=seed)
    splits, points = DATASETS[config.dataset].load_splits(config.split_kind), list[Point]()
    start, cpu_start = time.monotonic(), time.process_time()
    train(
        architecture,
        config,
        splits,
        device=torch.device("cpu"),
        emit=points.extend,
        should_stop=lambda: False,
    )
    seconds, cpu_seconds = time.monotonic() - start, time.process_time() - cpu_start
    accuracies = [(point.split, point.value) for point in points if point.metric == "accuracy"]
    steps = trace(architecture)
    return [
        f"`{name}`",
        f"{sum(step.parameters for step in steps):,}",
        f"{sum(step.multiply_adds for step in steps):,}",
        training.title,
        config.epochs,
        seed,
        f"{cpu_seconds:.0f}",
        f"{seconds:.0f}",
        f"{max(value for split, value in accuracies if split == VALIDATION):.3f}",
        f"{next(value for split, value in accuracies if split == TEST):.3f}",
    ]


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--presets", nargs="+", default=list(RECOMMENDED), choices=list(RECOMMENDED))
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    options = parser.parse_args()
    torch.set_num_threads(1)  # as the app trains
    rows = []
    for name in options.presets:
        for training in RECOMMENDED[name]:
            for seed in options.seeds:
                rows.append(measure(name, training, seed))
                print(table(HEAD, rows[-1:]), flush=True)
    print("\n" + table(HEAD, rows))
    print(f"Load of the machine at the end, over 1, 5 and 15 minutes: {os.getloadavg()}; {os.cpu_count()} cores.")


if __name__ == "__main__":
    main()
