"""How fast cnnviz trains, beside the lab's own loop and beside bare PyTorch on the same net and data.

(a) cnnviz: a `Training` as the worker treats it, in slices, with checkpoints, its points written as messages.
(b) the lab: ignite's trainer, a DataLoader over a TensorDataset, a ProgressBar, validation after each epoch.
(c) bare: a Python loop over resident tensors with the arithmetic of (a), loss and accuracy kept as (a) keeps them.
(d) spare: (a) without points, further metrics, gradients of layers, slices and checkpoints: what those cost.

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
from cnnviz.architecture import Architecture, build_model
from cnnviz.data import DATASETS
from cnnviz.data.content import Content
from cnnviz.data.splits import Splits, Subset
from cnnviz.layers import Conv2d, Flatten, Linear, LogSoftmax, ReLU
from cnnviz.presets import PRESETS
from cnnviz.processes.pipe import send
from cnnviz.runs.worker.messages import PointsReport
from cnnviz.runs.worker.point_buffer import PointBuffer
from cnnviz.training.batches import EVALUATION_BATCH
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
ROUNDING = 0.01
"""Difference of two test accuracies that another order of the same sums may make."""
SPARE = "cnnviz, spare"
GOALS = {"large": {"lab": 1.05, "bare": 0.97, SPARE: 0.98}, "small": {"lab": 1.6, "bare": 0.87, SPARE: 0.98}}
"""Speed of cnnviz over the speed of each other side, at least, where the convolution rules and where overhead does."""
SLICE_SECONDS, CHECKPOINT_SECONDS = 1.0, 10.0
"""As in the worker."""


@dataclass(frozen=True)
class Task:
    """What is trained."""

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


def lab(samples: int, epochs: int) -> Task:
    """The lab's net at its batch size, on noise of its format."""
    generator = np.random.default_rng(0)
    total = samples * 10 // 8
    x = generator.standard_normal((total, 1, 99, 26), dtype=np.float32)
    y = np.arange(total) % 35
    splits = Content(x, y, tuple(map(str, range(35)))).split()
    return Task("lab's ConvNet, 99 × 26, batch 256", PRESETS["lab-convnet"].architecture, splits, 256, epochs, "large")


def digits(epochs: int) -> Task:
    """The digits with the net that the app proposes."""
    data = DATASETS["digits"].load_splits()
    return Task("digits, its preset, batch 64", PRESETS["digits-convnet"].architecture, data, 64, epochs, "small")


def tiny(epochs: int) -> Task:
    """The digits with a net of almost no arithmetic."""
    layers = [Conv2d(out_channels=4, kernel_size=3), ReLU(), Flatten(), Linear(out_features=10), LogSoftmax(dim=1)]
    design = Architecture(input_shape=(1, 8, 8), layers=layers)
    return Task("digits, one small Conv2d, batch 64", design, DATASETS["digits"].load_splits(), 64, epochs, "small")


def config_of(task: Task) -> TrainConfig:
    """What all sides train with."""
    return TrainConfig(
        batch_size=task.batch_size,
        epochs=task.epochs,
        learning_rate=LEARNING_RATE,
        momentum=MOMENTUM,
        normalization="none",
    )


def cnnviz(task: Task) -> float:
    """(a) the product's own training as the worker does it: slices, reports, checkpoints; the test accuracy."""
    reports, last = io.BytesIO(), 0.0

    def say(points: tuple[Point, ...]) -> None:
        nonlocal last
        last = next((p.value for p in points if (p.split, p.metric) == ("test", "accuracy")), last)
        send(reports, PointsReport(run="benchmark", points=points))

    outbox, config = PointBuffer(say), config_of(task)
    data = prepare(task.splits, config, task.device)
    training = Training(task.architecture, config, data, device=task.device, emit=outbox.add, should_stop=lambda: False)
    done, slices = None, itertools.count(1)
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(1) as writer:
        while done is None:
            deadline = time.monotonic() + SLICE_SECONDS
            done = training.advance(lambda deadline=deadline: time.monotonic() >= deadline)
            if next(slices) % (CHECKPOINT_SECONDS // SLICE_SECONDS) == 0 or done:
                writer.submit(training.snapshot().write, Path(folder, "checkpoint"))
    outbox.flush()
    return last


def spare(task: Task) -> float:
    """(a) without its points, metrics but loss and accuracy, layers' gradients, slices and checkpoints."""
    last = 0.0

    def emit(points: Sequence[Point]) -> None:
        nonlocal last
        last = next((p.value for p in points if (p.split, p.metric) == ("test", "accuracy")), last)

    nothing: dict[str, object] = {"before": lambda self: None, "after": lambda self, step, epoch: []}
    with (
        patch.dict(METRICS, {"accuracy": METRICS["accuracy"]}, clear=True),
        patch.multiple(GradientStats, **nothing),
    ):
        train(task.architecture, config_of(task), task.splits, device=task.device, emit=emit, should_stop=lambda: False)
    return last


def notebook(task: Task) -> float:
    """(b) what the lab's notebook does with ignite; the test accuracy."""
    torch.manual_seed(0)
    model, loss = build_model(task.architecture).to(task.device), build_criterion(task.architecture, TrainConfig())
    optimizer = torch.optim.SGD(model.parameters(), lr=LEARNING_RATE, momentum=MOMENTUM)
    loaders = {
        name: DataLoader(TensorDataset(*_tensors(part)), batch_size=task.batch_size)
        for name, part in zip(("train", "validation", "test"), task.splits.parts, strict=True)
    }
    trainer = create_supervised_trainer(model, optimizer, loss, device=task.device)
    evaluator = create_supervised_evaluator(model, metrics={"acc": Accuracy(), "loss": Loss(loss)}, device=task.device)
    bar = ProgressBar(persist=True, file=io.StringIO())  # drawn as in a notebook, shown to nobody
    bar.attach(trainer, output_transform=lambda value: {"batch loss": value})
    shown: list[str] = []

    @trainer.on(Events.EPOCH_COMPLETED)
    def validate(engine: Engine) -> None:
        evaluator.run(loaders["validation"])
        metrics = evaluator.state.metrics
        shown.append(f"epoch {engine.state.epoch}: accuracy {metrics['acc']:.2f}, loss {metrics['loss']:.2f}")

    trainer.run(loaders["train"], max_epochs=task.epochs)
    evaluator.run(loaders["test"])
    return float(evaluator.state.metrics["acc"])


def bare(task: Task) -> float:
    """(c) the least that PyTorch needs for what (a) finds out; the test accuracy."""
    torch.manual_seed(0)
    model = to_memory_format(
        build_model(task.architecture).to(task.device), task.architecture, TrainConfig(), task.device
    )
    loss_of = build_criterion(task.architecture, TrainConfig())
    optimizer = torch.optim.SGD(model.parameters(), lr=LEARNING_RATE, momentum=MOMENTUM)
    x, y = to_device(task.splits.train, task.device)
    validation = to_device(task.splits.validation, task.device)
    sample = max(MIN_TRAIN_SAMPLES_EVALUATED, len(task.splits.validation))
    generator = torch.Generator().manual_seed(0)
    bounds = _bounds(len(y), task.batch_size)
    numbers: list[float] = []
    best, weights = (-1.0, 0.0), model.state_dict()
    for _ in range(task.epochs):
        losses = []
        order = torch.randperm(len(y), generator=generator).to(task.device)
        model.train()
        for start, end in bounds:
            rows = order[start:end]
            optimizer.zero_grad()
            loss = loss_of(model(x[rows]), y[rows])
            loss.backward()
            optimizer.step()
            losses.append(loss.detach())
        numbers += torch.stack(losses).tolist()
        numbers += _evaluate(model, loss_of, x[:sample], y[:sample])
        accuracy, mean = _evaluate(model, loss_of, *validation)
        numbers += accuracy, mean
        if (accuracy, -mean) > best:
            best = accuracy, -mean
            weights = {name: value.detach().clone() for name, value in model.state_dict().items()}
    model.load_state_dict(weights)
    return _evaluate(model, loss_of, *to_device(task.splits.test, task.device))[0]


def _evaluate(model: nn.Module, loss_of: nn.Module, x: Tensor, y: Tensor) -> tuple[float, float]:
    """Accuracy and mean loss, batch by batch."""
    right, loss = torch.zeros((), device=x.device), torch.zeros((), device=x.device)
    model.eval()
    with torch.no_grad():
        for start, end in _bounds(len(y), EVALUATION_BATCH):
            out = model(x[start:end])
            right += (out.argmax(1) == y[start:end]).sum()
            loss += loss_of(out, y[start:end]) * (end - start)
    return float(right) / len(y), float(loss) / len(y)


def _bounds(samples: int, batch_size: int) -> list[tuple[int, int]]:
    starts = list(range(0, samples, batch_size))
    if batch_size > 1 and len(starts) > 1 and samples - starts[-1] == 1:
        starts.pop()
    return list(pairwise([*starts, samples]))


def _tensors(part: Subset) -> tuple[Tensor, Tensor]:
    return torch.from_numpy(part.x), torch.from_numpy(part.y)


SIDES: dict[str, Callable[[Task], float]] = {"cnnviz": cnnviz, "lab": notebook, "bare": bare, SPARE: spare}


def compare(task: Task, repetitions: int) -> dict[str, list[float]]:
    """Seconds of every repetition of every side, taken in turn; one unmeasured round before."""
    short = replace(task, epochs=1)
    ends = {side: run(short) for side, run in SIDES.items()}
    if abs(ends["cnnviz"] - ends["bare"]) > ROUNDING:
        raise RuntimeError(f"the bare loop does not compute what cnnviz computes: {ends}")
    seconds: dict[str, list[float]] = {side: [] for side in SIDES}
    names = list(SIDES)
    for repetition in range(repetitions):
        turn = repetition % len(names)
        for side in names[turn:] + names[:turn]:
            start = time.perf_counter()
            SIDES[side](task)  # each ends by reading its test accuracy: nothing is left in a GPU's queue
            seconds[side].append(time.perf_counter() - start)
    return seconds


def _print(task: Task, seconds: dict[str, list[float]]) -> None:
    print(f"\n{task.name}: {len(task.splits.train):,} training samples, {task.epochs} epochs a repetition,")
    print(f"{len(seconds['cnnviz'])} repetitions; median [quartiles], ratios taken within each round.\n")
    rows: list[list[object]] = []
    for side, times in seconds.items():
        ratios = [other / own for other, own in zip(times, seconds["cnnviz"], strict=True)]
        row: list[object] = [side, spread(times, 2), f"{task.samples / median(times):,.0f}"]
        if side == "cnnviz":
            row += ["1", ""]
        else:
            goal = GOALS[task.size][side]
            row += [spread(ratios, 3), f"≥ {goal:g}, {verdict(median(ratios), goal, at_least=True)}"]
        rows.append(row)
    print(table(["side", "s", "samples/s", "cnnviz's speed ÷ its speed", "goal"], rows), flush=True)


def main() -> None:
    """Measure and print."""
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
    for task in (lab(options.samples, options.epochs), digits(options.digits_epochs), tiny(4 * options.digits_epochs)):
        _print(task, compare(replace(task, device=device), options.repetitions))


if __name__ == "__main__":
    main()
