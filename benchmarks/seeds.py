"""How long several seeds of one net take in one pass, beside one of them alone and all of them one after another.

(a) one: a single `Training`, from its first step to the test.
(b) together: as many as `--seeds` says, their weights stacked, as a worker trains them on a GPU.
(c) one after another: the same seeds, each a `Training` of its own, as a worker trains them on a CPU.

All that belongs to a training is in each side: evaluations, gradients of layers, points, the copy of the best weights.
The sides take turns, in another order each time; ratios are taken within each round. Before, one unmeasured round
checks that (b) and (c) reach the same accuracies. On a CPU, its time counts, whatever else it does meanwhile.
"""

import argparse
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from statistics import median

import torch

from benchmarks.table import spread, table, verdict
from benchmarks.training import Task, digits_task, lab_task
from cnnviz.presets import PRESETS
from cnnviz.training.config import TrainConfig
from cnnviz.training.point import TEST, Point
from cnnviz.training.prepared_data import PreparedData, prepare
from cnnviz.training.stacked_training import advance_seeds
from cnnviz.training.training import Training

GOAL = 1.5
"""Time of all seeds together on a GPU, in times of one, at most."""
ACCURACY_TOLERANCE = 0.05
"""Difference of two test accuracies that rounding may have grown into."""
ONE, TOGETHER, APART = "one", "together", "one after another"


@dataclass(frozen=True, eq=False)
class Seeds:
    """Seeds of a task on data that lie on the device."""

    task: Task
    data: PreparedData
    config: TrainConfig
    count: int

    def train_one(self) -> list[float]:
        """(a) Returns the test accuracy of the first seed."""
        return self._train([0])

    def train_apart(self) -> list[float]:
        """(c) Returns the test accuracies of all seeds, trained one after another."""
        return [accuracy for seed in range(self.count) for accuracy in self._train([seed])]

    def train_together(self) -> list[float]:
        """(b) Returns the test accuracies of all seeds, trained in one pass."""
        return self._train(range(self.count))

    def _train(self, seeds: "range | list[int]") -> list[float]:
        points: list[list[Point]] = [[] for _ in seeds]
        trainings = [
            Training(
                self.task.architecture,
                self.config.changed(seed=seed),
                self.data,
                device=self.task.device,
                emit=own_points.extend,
                should_stop=lambda: False,
            )
            for seed, own_points in zip(seeds, points, strict=True)
        ]
        if len(trainings) == 1:
            trainings[0].advance()
        else:
            advance_seeds(trainings, lambda: False, lambda training, until: training.advance(until) is None)
        return [
            next(point.value for point in own_points if (point.split, point.metric) == (TEST, "accuracy"))
            for own_points in points
        ]


def compare(seeds: Seeds, repetitions: int) -> dict[str, list[float]]:
    """Measures the seconds of every repetition of every side, in turn, after one unmeasured round."""
    clock = time.perf_counter if seeds.task.device.type == "cuda" else time.process_time
    sides: dict[str, Callable[[], list[float]]] = {
        ONE: seeds.train_one,
        TOGETHER: seeds.train_together,
        APART: seeds.train_apart,
    }
    short = replace(seeds, config=seeds.config.changed(epochs=1))
    apart, together = short.train_apart(), short.train_together()
    if max(abs(one - other) for one, other in zip(apart, together, strict=True)) > ACCURACY_TOLERANCE:
        raise RuntimeError(f"seeds in one pass do not reach what they reach apart: {together}, {apart}")
    seconds: dict[str, list[float]] = {side: [] for side in sides}
    names = list(sides)
    for repetition in range(repetitions):
        rotation = repetition % len(names)
        for name in names[rotation:] + names[:rotation]:
            start = clock()
            sides[name]()  # each ends by reading its test accuracy: nothing is left in a GPU's queue
            seconds[name].append(clock() - start)
    return seconds


def _print(seeds: Seeds, seconds: dict[str, list[float]]) -> None:
    task, on_gpu = seeds.task, seeds.task.device.type == "cuda"
    print(f"\n{task.name}: {len(task.splits.train):,} samples, {seeds.config.epochs} epochs, {seeds.count} seeds,")
    print(f"{len(seconds[ONE])} repetitions; median [quartiles].\n")
    rows: list[list[object]] = []
    for side, times in seconds.items():
        ratios = [own / one for own, one in zip(times, seconds[ONE], strict=True)]
        goal = f"≤ {GOAL:g}, {verdict(median(ratios), GOAL)}" if side == TOGETHER and on_gpu else ""
        rows.append([side, spread(times, 2), spread(ratios, 2), goal])
    print(table(["side", "s", "÷ one", "goal"], rows), flush=True)


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--device", default="cpu", help="cpu, or a GPU such as cuda:0")
    parser.add_argument("--seeds", type=int, default=4)
    parser.add_argument("--repetitions", type=int, default=5)
    parser.add_argument("--samples", type=int, default=4096, help="training samples in the lab's format")
    parser.add_argument("--epochs", type=int, default=2, help="epochs of the nets for the lab in a repetition")
    parser.add_argument("--digits-epochs", type=int, default=10)
    options = parser.parse_args()
    torch.set_num_threads(1)
    device = torch.device(options.device)
    print(torch.cuda.get_device_name(device) if device.type == "cuda" else "CPU, one thread")
    lab = replace(lab_task(options.samples, options.epochs), name="lab's ConvNet, batch 64", batch_size=64)
    deeper = replace(
        lab, name="keywords, three blocks, batch 64", architecture=PRESETS["keywords-three-blocks"].architecture
    )
    tasks = (replace(task, device=device) for task in (lab, deeper, digits_task(options.digits_epochs)))
    for task in tasks:
        config = TrainConfig(batch_size=task.batch_size, epochs=task.epochs, normalization="none")
        seeds = Seeds(task, prepare(task.splits, config, device), config, options.seeds)
        _print(seeds, compare(seeds, options.repetitions))


if __name__ == "__main__":
    main()
