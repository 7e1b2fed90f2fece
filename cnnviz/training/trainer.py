"""Training a design with ignite: batches in, points out, the best epoch's weights at the end."""

import logging
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, cast

import torch
from ignite.engine import Engine, Events, create_supervised_evaluator, create_supervised_trainer
from ignite.metrics import Accuracy, Loss
from torch import Tensor, nn

from cnnviz.architecture import Architecture, build
from cnnviz.data.augmentation import Augmentation
from cnnviz.data.base import Split, Splits
from cnnviz.data.scaling import Scale, fitted
from cnnviz.errors import TrainingError
from cnnviz.layers import LogSoftmax
from cnnviz.training.batches import EVALUATION_BATCH, Batches, resident
from cnnviz.training.config import OPTIMIZERS, TrainConfig
from cnnviz.training.schedule import scheduler

TRAIN_SAMPLE = 2_000
"""Training samples that are evaluated after each epoch, at least; as many as there are in validation if more."""
FLUSH_SECONDS = 0.1
LAYOUTS = {"cpu": torch.channels_last}
"""Memory format of the weights by device type. With channels last, torch's max-pool is vectorised on the CPU, which
makes the lab's net 1.2 times faster; see docs/benchmarks.md."""

logging.getLogger("ignite").setLevel(logging.WARNING)


class Point(NamedTuple):
    """The only event of a run: one number at one optimiser step."""

    step: int
    epoch: int
    split: str
    """batch, train, validation or test."""
    metric: str
    """loss or accuracy."""
    value: float


Emit = Callable[[Sequence[Point]], None]


@dataclass(frozen=True, eq=False)
class Result:
    """How a training ended."""

    weights: dict[str, Tensor]
    """State dict of the best epoch (highest validation accuracy, then lowest loss), on the CPU."""
    best_epoch: int
    """0 when it was stopped before the first epoch ended."""
    stopped: bool
    scale: Scale
    """What was done to all samples before the net saw them."""
    note: str = ""
    """Why it ended before its last epoch, if it did so by itself."""


def criterion(architecture: Architecture, config: TrainConfig) -> nn.Module:
    """The loss that was chosen.

    Of itself NLLLoss behind LogSoftmax, as in the lab, and CrossEntropyLoss (which contains LogSoftmax) otherwise.
    """
    ends_in_logs = bool(architecture.layers) and isinstance(architecture.layers[-1], LogSoftmax)
    nll = ends_in_logs if config.loss == "auto" else config.loss == "NLLLoss"
    return nn.NLLLoss() if nll else nn.CrossEntropyLoss()


def smoothed(architecture: Architecture, config: TrainConfig) -> nn.Module:
    """The loss that training makes small: `criterion`, with smoothed labels where the configuration says so.

    NLLLoss knows no smoothing. Behind a LogSoftmax, CrossEntropyLoss is the same: a LogSoftmax of log-probabilities
    changes nothing.
    """
    plain = criterion(architecture, config)
    return nn.CrossEntropyLoss(label_smoothing=config.label_smoothing) if config.label_smoothing else plain


def steps_per_epoch(samples: int, batch_size: int) -> int:
    """Optimiser steps in one pass over that many samples.

    >>> steps_per_epoch(1437, 64)
    23
    """
    return len(Batches(torch.empty(0), torch.empty(samples), batch_size))


def train(
    architecture: Architecture,
    config: TrainConfig,
    splits: Splits,
    *,
    device: torch.device,
    emit: Emit,
    should_stop: Callable[[], bool],
) -> Result:
    """Train a design and report every number on the way through `emit`.

    Each step gives a batch loss, each epoch loss and accuracy on training samples (dropout off) and validation.
    At the end the best epoch's weights are measured once on the test split; a stop ends at once, without test.
    Raises TrainingError when the loss is no longer a number.
    """
    torch.manual_seed(config.seed)
    model = build(architecture).to(device)
    layout = LAYOUTS.get(device.type)
    if layout and len(architecture.input_shape) == 3:  # pictures; torch has no channels_last for volumes among them
        model.to(memory_format=layout)  # type: ignore[call-overload]  # torch's stub does not know it
    loss = criterion(architecture, config)
    optimizer = OPTIMIZERS[config.optimizer](model.parameters(), config)
    if config.max_grad_norm:
        optimizer.register_step_pre_hook(_clipping(model, config.max_grad_norm))
    scale = fitted(splits.train.x, config.floor, config.normalization)
    train_part, validation, test = (Split(scale.of(part.x), part.y) for part in splits.parts)
    x, y = resident(train_part, device)
    batches = Batches(
        x, y, config.batch_size, torch.Generator().manual_seed(config.seed), _augmenting(config, splits.axes, x)
    )
    sample = max(TRAIN_SAMPLE, len(validation))  # the split has shuffled: the first ones are a fair sample
    measured = {
        "train": Batches(x[:sample], y[:sample], EVALUATION_BATCH),
        "validation": Batches(*resident(validation, device), EVALUATION_BATCH),
    }

    trainer = create_supervised_trainer(
        model,
        optimizer,
        smoothed(architecture, config),
        output_transform=lambda x, y, y_pred, loss: loss.detach(),
    )
    steps = config.epochs * len(batches)
    trainer.add_event_handler(Events.ITERATION_STARTED, scheduler(optimizer, config, steps, len(batches)))
    evaluator = create_supervised_evaluator(model, metrics={"accuracy": Accuracy(), "loss": Loss(loss)})
    for engine in (trainer, evaluator):
        engine.add_event_handler(Events.ITERATION_COMPLETED, lambda e: e.terminate() if should_stop() else None)

    recorder = _Recorder(emit)
    trainer.add_event_handler(Events.ITERATION_COMPLETED, recorder.batch_loss)
    trainer.add_event_handler(Events.EPOCH_COMPLETED, recorder.flush)
    best = _Best(model)

    @trainer.on(Events.EPOCH_COMPLETED)
    def evaluate(engine: Engine) -> None:
        for name, part in measured.items():
            evaluator.run(part)
            if should_stop():
                engine.terminate()
                return
            recorder.metrics(name, engine.state.iteration, engine.state.epoch, evaluator.state.metrics)
        best.offer(engine.state.iteration, engine.state.epoch, evaluator.state.metrics)
        if config.patience and engine.state.epoch - best.epoch >= config.patience < config.epochs:
            engine.terminate()

    trainer.run(batches, max_epochs=config.epochs)
    recorder.flush(trainer)
    stopped = should_stop()
    if best.epoch and not stopped:
        model.load_state_dict(best.weights)
        evaluator.run(Batches(*resident(test, device), EVALUATION_BATCH))
        stopped = should_stop()
        if not stopped:
            recorder.metrics("test", best.step, best.epoch, evaluator.state.metrics)
    early = not stopped and trainer.state.epoch < config.epochs
    note = f"Ended after epoch {trainer.state.epoch}: no better one came for {config.patience} epochs." if early else ""
    return Result(best.weights, best.epoch, stopped, scale, note)


def _clipping(model: nn.Module, norm: float) -> Callable[..., None]:
    """What shortens the gradients of a model before each step of its optimizer."""

    def clip(*_: object) -> None:
        nn.utils.clip_grad_norm_(model.parameters(), norm)

    return clip


def _augmenting(config: TrainConfig, axes: tuple[str, ...], x: Tensor) -> Callable[[Tensor], Tensor]:
    """What changes a training batch; its random numbers are its own, so that dropout's stay the same."""
    if config.augmentation == Augmentation():
        return lambda batch: batch
    generator = torch.Generator(x.device).manual_seed(config.seed)
    deviation = float(x.std())
    return lambda batch: config.augmentation.of(batch, axes, deviation, generator)


def _score(metrics: dict[str, float]) -> tuple[float, float]:
    return metrics["accuracy"], -metrics["loss"]


class _Recorder:
    """Turns what engines know into points; batch losses are fetched from the device a few times a second only."""

    def __init__(self, emit: Emit) -> None:
        self._emit = emit
        self._waiting: list[tuple[int, int, Tensor]] = []
        self._last = 0.0

    def batch_loss(self, engine: Engine) -> None:
        self._waiting.append((engine.state.iteration, engine.state.epoch, cast("Tensor", engine.state.output)))
        if time.monotonic() - self._last >= FLUSH_SECONDS:
            self.flush(engine)

    def flush(self, _engine: Engine) -> None:
        if not self._waiting:
            return
        values = torch.stack([loss for _, _, loss in self._waiting]).tolist()
        points = [
            Point(step, epoch, "batch", "loss", value)
            for (step, epoch, _), value in zip(self._waiting, values, strict=True)
        ]
        self._waiting.clear()
        self._last = time.monotonic()
        self._send(points)

    def metrics(self, split: str, step: int, epoch: int, metrics: dict[str, float]) -> None:
        self._send([Point(step, epoch, split, metric, float(value)) for metric, value in metrics.items()])

    def _send(self, points: list[Point]) -> None:
        finite = [point for point in points if math.isfinite(point.value)]
        if finite:
            self._emit(finite)
        if len(finite) < len(points):
            bad = next(point for point in points if not math.isfinite(point.value))
            raise TrainingError(
                f"The {bad.split} loss stopped being a number at step {bad.step} (epoch {bad.epoch}): the training"
                " diverged. Try a learning rate ten times smaller."
            )


class _Best:
    """The weights of the best epoch so far."""

    def __init__(self, model: nn.Module) -> None:
        self._model = model
        self._score = (-1.0, -math.inf)
        self.step = self.epoch = 0
        self.weights = self._copy()

    def offer(self, step: int, epoch: int, metrics: dict[str, float]) -> None:
        score = _score(metrics)
        if score > self._score:
            self._score, self.step, self.epoch, self.weights = score, step, epoch, self._copy()

    def _copy(self) -> dict[str, Tensor]:
        # state_dict() alone is an alias of the living weights
        return {
            name: value.detach().to("cpu", memory_format=torch.contiguous_format, copy=True)
            for name, value in self._model.state_dict().items()
        }
