"""How fast cnnviz trains, beside the lab's own loop and beside bare PyTorch on the same net and data.

(a) cnnviz: a `Training` as the worker treats it, in slices, with checkpoints, its points written as messages.
(b) the lab: ignite's trainer, a DataLoader over a TensorDataset, a ProgressBar, validation after each epoch.
(c) bare: a Python loop over resident tensors with the arithmetic of (a), loss and accuracy kept as (a) keeps them.
(d) no records: (a) without points, further metrics, gradients of layers, slices and checkpoints, for what they cost.

What each does in an epoch beside the training steps themselves: (a) and (c) evaluate validation and as many training
samples as (a) does, and remember the weights of the best epoch; (b) evaluates validation only, so (a) does more.
(a) and (c) shuffle, (b) does not, as in the lab. All end with the test split, all start from the same seed, and (a)
and (c) must end with the same test accuracy. One thread; the three take turns, in another order each time.
"""

import argparse
import io
import itertools
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from statistics import median
from unittest.mock import patch

import numpy as np
import torch
from ignite.engine import Engine, Events, create_supervised_evaluator, create_supervised_trainer
from ignite.handlers import ProgressBar
from ignite.metrics import Accuracy, Loss
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

from benchmarks.table import spread, table, verdict
from cnnviz.architecture import EVALUATION_BATCH, Architecture, build_model
from cnnviz.data import DATASETS
from cnnviz.data.content import Content
from cnnviz.data.splits import Part, Splits
from cnnviz.layers import Conv2d, Flatten, Linear, LogSoftmax, ReLU
from cnnviz.presets import PRESETS
from cnnviz.processes.pipe import send
from cnnviz.runs.worker.messages import PointsReport
from cnnviz.runs.worker.point_buffer import PointBuffer
from cnnviz.training.config import TrainConfig
from cnnviz.training.gradient_stats import GradientStats
from cnnviz.training.loss import build_criterion
from cnnviz.training.metrics import METRICS
from cnnviz.training.point import Point
from cnnviz.training.prepared_data import prepare, to_device
from cnnviz.training.setup import to_memory_format
from cnnviz.training.trainer import train
from cnnviz.training.training import MIN_TRAIN_SAMPLES_EVALUATED, Training

CPU = torch.device("cpu")
LEARNING_RATE, MOMENTUM = 1e-3, 0.9
ACCURACY_TOLERANCE = 0.01
"""Difference of two test accuracies that another order of the same sums may make."""
WITHOUT_RECORDS = "cnnviz, no records"
GOALS = {
    "large": {"lab": 1.05, "bare": 0.97, WITHOUT_RECORDS: 0.98},
    "small": {"lab": 1.6, "bare": 0.87, WITHOUT_RECORDS: 0.98},
}
"""Speed of cnnviz over the speed of each other side, at least, where the convolution rules and where overhead does."""
SLICE_SECONDS, CHECKPOINT_SECONDS = 1.0, 1.0
"""As in the worker."""


@dataclass(frozen=True)
class Task:
    """A net and the data on which it is trained."""

    name: str
    architecture: Architecture
    splits: Splits
    batch_size: int
    epochs: int
    size: str
    device: torch.device = CPU

    @property
    def samples(self) -> int:
        """Training samples that one repetition passes through the net."""
        return self.epochs * len(self.splits.train)


def lab_task(samples: int, epochs: int) -> Task:
    """Returns the lab's net at its batch size, with noise in its format."""
    generator = np.random.default_rng(0)
    total = samples * 10 // 8
    x = generator.standard_normal((total, 1, 99, 26), dtype=np.float32)
    y = np.arange(total) % 35
    splits = Content(x, y, tuple(map(str, range(35)))).split()
    return Task("lab's ConvNet, 99 × 26, batch 256", PRESETS["lab-convnet"].architecture, splits, 256, epochs, "large")


def digits_task(epochs: int) -> Task:
    """Returns the digits with the net that the app proposes."""
    data = DATASETS["digits"].load_splits()
    return Task("digits, its preset, batch 64", PRESETS["digits-convnet"].architecture, data, 64, epochs, "small")


def tiny_task(epochs: int) -> Task:
    """Returns the digits with a net of almost no arithmetic."""
    layers = [Conv2d(out_channels=4, kernel_size=3), ReLU(), Flatten(), Linear(out_features=10), LogSoftmax(dim=1)]
    design = Architecture(input_shape=(1, 8, 8), layers=layers)
    return Task("digits, one small Conv2d, batch 64", design, DATASETS["digits"].load_splits(), 64, epochs, "small")


def task_config(task: Task) -> TrainConfig:
    """Returns the settings with which all sides train."""
    return TrainConfig(
        batch_size=task.batch_size,
        epochs=task.epochs,
        learning_rate=LEARNING_RATE,
        momentum=MOMENTUM,
        normalization="none",
    )


def train_with_cnnviz(task: Task) -> float:
    """(a) Trains as the worker does, with slices, reports and checkpoints; returns the test accuracy."""
    reports, test_accuracy = io.BytesIO(), 0.0

    def send_points(points: tuple[Point, ...]) -> None:
        nonlocal test_accuracy
        test_accuracy = next((p.value for p in points if (p.split, p.metric) == ("test", "accuracy")), test_accuracy)
        send(reports, PointsReport(run="benchmark", points=points))

    point_buffer, config = PointBuffer(send_points), task_config(task)
    data = prepare(task.splits, config, task.device)
    training = Training(
        task.architecture, config, data, device=task.device, emit=point_buffer.add, should_stop=lambda: False
    )
    end, slices = None, itertools.count(1)
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(1) as writer:
        while end is None:
            deadline = time.monotonic() + SLICE_SECONDS
            end = training.advance(lambda deadline=deadline: time.monotonic() >= deadline)
            if next(slices) % (CHECKPOINT_SECONDS // SLICE_SECONDS) == 0 or end:
                writer.submit(training.snapshot().write, Path(folder, "checkpoint"))
    point_buffer.flush()
    return test_accuracy


def train_without_records(task: Task) -> float:
    """(d) Trains like (a), without points, further metrics, gradients of layers, slices and checkpoints."""
    test_accuracy = 0.0

    def emit(points: Sequence[Point]) -> None:
        nonlocal test_accuracy
        test_accuracy = next((p.value for p in points if (p.split, p.metric) == ("test", "accuracy")), test_accuracy)

    no_gradient_stats: dict[str, object] = {
        "before_step": lambda self: None,
        "after_step": lambda self, step, epoch: [],
    }
    with (
        patch.dict(METRICS, {"accuracy": METRICS["accuracy"]}, clear=True),
        patch.multiple(GradientStats, **no_gradient_stats),
    ):
        train(
            task.architecture, task_config(task), task.splits, device=task.device, emit=emit, should_stop=lambda: False
        )
    return test_accuracy


def train_like_lab(task: Task) -> float:
    """(b) Trains with ignite, as the lab's notebook does; returns the test accuracy."""
    torch.manual_seed(0)
    model, loss = build_model(task.architecture).to(task.device), build_criterion(task.architecture, TrainConfig())
    optimizer = torch.optim.SGD(model.parameters(), lr=LEARNING_RATE, momentum=MOMENTUM)
    loaders = {
        name: DataLoader(TensorDataset(*_to_tensors(part)), batch_size=task.batch_size)
        for name, part in zip(("train", "validation", "test"), task.splits.parts, strict=True)
    }
    trainer = create_supervised_trainer(model, optimizer, loss, device=task.device)
    evaluator = create_supervised_evaluator(model, metrics={"acc": Accuracy(), "loss": Loss(loss)}, device=task.device)
    progress_bar = ProgressBar(persist=True, file=io.StringIO())  # drawn as in a notebook, shown to nobody
    progress_bar.attach(trainer, output_transform=lambda value: {"batch loss": value})
    epoch_lines: list[str] = []

    @trainer.on(Events.EPOCH_COMPLETED)
    def validate(engine: Engine) -> None:
        evaluator.run(loaders["validation"])
        metrics = evaluator.state.metrics
        epoch_lines.append(f"epoch {engine.state.epoch}: accuracy {metrics['acc']:.2f}, loss {metrics['loss']:.2f}")

    trainer.run(loaders["train"], max_epochs=task.epochs)
    evaluator.run(loaders["test"])
    return float(evaluator.state.metrics["acc"])


def train_bare(task: Task) -> float:
    """(c) Trains with the least PyTorch that computes what (a) computes; returns the test accuracy."""
    torch.manual_seed(0)
    model = to_memory_format(
        build_model(task.architecture).to(task.device), task.architecture, TrainConfig(), task.device
    )
    criterion = build_criterion(task.architecture, TrainConfig())
    optimizer = torch.optim.SGD(model.parameters(), lr=LEARNING_RATE, momentum=MOMENTUM)
    x, y = to_device(task.splits.train, task.device)
    validation = to_device(task.splits.validation, task.device)
    sample = max(MIN_TRAIN_SAMPLES_EVALUATED, len(task.splits.validation))
    generator = torch.Generator().manual_seed(0)
    bounds = _batch_bounds(len(y), task.batch_size)
    numbers: list[float] = []
    best, weights = (-1.0, 0.0), model.state_dict()
    for _ in range(task.epochs):
        losses = []
        order = torch.randperm(len(y), generator=generator).to(task.device)
        model.train()
        for start, end in bounds:
            rows = order[start:end]
            optimizer.zero_grad()
            loss = criterion(model(x[rows]), y[rows])
            loss.backward()
            optimizer.step()
            losses.append(loss.detach())
        numbers += torch.stack(losses).tolist()
        numbers += _evaluate(model, criterion, x[:sample], y[:sample])
        accuracy, mean = _evaluate(model, criterion, *validation)
        numbers += accuracy, mean
        if (accuracy, -mean) > best:
            best = accuracy, -mean
            weights = {name: value.detach().clone() for name, value in model.state_dict().items()}
    model.load_state_dict(weights)
    return _evaluate(model, criterion, *to_device(task.splits.test, task.device))[0]


def _evaluate(model: nn.Module, criterion: nn.Module, x: Tensor, y: Tensor) -> tuple[float, float]:
    """Computes accuracy and mean loss, batch by batch."""
    correct, loss = torch.zeros((), device=x.device), torch.zeros((), device=x.device)
    model.eval()
    with torch.no_grad():
        for start, end in _batch_bounds(len(y), EVALUATION_BATCH):
            out = model(x[start:end])
            correct += (out.argmax(1) == y[start:end]).sum()
            loss += criterion(out, y[start:end]) * (end - start)
    return float(correct) / len(y), float(loss) / len(y)


def _batch_bounds(samples: int, batch_size: int) -> list[tuple[int, int]]:
    starts = list(range(0, samples, batch_size))
    if batch_size > 1 and len(starts) > 1 and samples - starts[-1] == 1:
        starts.pop()
    return list(pairwise([*starts, samples]))


def _to_tensors(part: Part) -> tuple[Tensor, Tensor]:
    return torch.from_numpy(part.x), torch.from_numpy(part.y)


SIDES: dict[str, Callable[[Task], float]] = {
    "cnnviz": train_with_cnnviz,
    "lab": train_like_lab,
    "bare": train_bare,
    WITHOUT_RECORDS: train_without_records,
}


def compare(task: Task, repetitions: int) -> dict[str, list[float]]:
    """Measures the seconds of every repetition of every side, in turn, after one unmeasured round."""
    short = replace(task, epochs=1)
    accuracies = {side: run(short) for side, run in SIDES.items()}
    if abs(accuracies["cnnviz"] - accuracies["bare"]) > ACCURACY_TOLERANCE:
        raise RuntimeError(f"the bare loop does not compute what cnnviz computes: {accuracies}")
    seconds: dict[str, list[float]] = {side: [] for side in SIDES}
    sides = list(SIDES)
    for repetition in range(repetitions):
        rotation = repetition % len(sides)
        for side in sides[rotation:] + sides[:rotation]:
            start = time.perf_counter()
            SIDES[side](task)  # each ends by reading its test accuracy: nothing is left in a GPU's queue
            seconds[side].append(time.perf_counter() - start)
    return seconds


def _print(task: Task, seconds: dict[str, list[float]]) -> None:
    print(f"\n{task.name}: {len(task.splits.train):,} training samples, {task.epochs} epochs a repetition,")
    print(f"{len(seconds['cnnviz'])} repetitions; median [quartiles], ratios taken within each round.\n")
    rows: list[list[object]] = []
    for side, times in seconds.items():
        ratios = [
            other_seconds / own_seconds for other_seconds, own_seconds in zip(times, seconds["cnnviz"], strict=True)
        ]
        row: list[object] = [side, spread(times, 2), f"{task.samples / median(times):,.0f}"]
        if side == "cnnviz":
            row += ["1", ""]
        else:
            goal = GOALS[task.size][side]
            row += [spread(ratios, 3), f"≥ {goal:g}, {verdict(median(ratios), goal, at_least=True)}"]
        rows.append(row)
    print(table(["side", "s", "samples/s", "cnnviz's speed ÷ its speed", "goal"], rows), flush=True)


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repetitions", type=int, default=9)
    parser.add_argument("--samples", type=int, default=8192, help="training samples in the lab's format")
    parser.add_argument("--epochs", type=int, default=2, help="epochs of the lab's net in a repetition")
    parser.add_argument("--digits-epochs", type=int, default=15)
    parser.add_argument("--device", default="cpu", help="cpu, or a GPU such as cuda:0")
    options = parser.parse_args()
    torch.set_num_threads(1)
    device = torch.device(options.device)
    print(torch.cuda.get_device_name(device) if device.type == "cuda" else "CPU, one thread")
    for task in (
        lab_task(options.samples, options.epochs),
        digits_task(options.digits_epochs),
        tiny_task(4 * options.digits_epochs),
    ):
        _print(task, compare(replace(task, device=device), options.repetitions))


if __name__ == "__main__":
    main()
