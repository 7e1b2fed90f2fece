"""What every training begins with: the net, its loss, its optimizer, its batches and its random numbers."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext

import torch
from torch import Tensor, nn

from cnnviz.architecture import Architecture, build
from cnnviz.data.augmentation import Augmentation
from cnnviz.training.batches import Batches
from cnnviz.training.config import OPTIMIZERS, TrainConfig
from cnnviz.training.loss import criterion, smoothed
from cnnviz.training.prepared import Batch, Prepared
from cnnviz.training.random import Random

LOW_PRECISION = torch.bfloat16
"""Of mixed precision: as wide a range as float32, so that no gradient has to be scaled."""


class Setup:
    """The parts of one training, ready for its first step."""

    def __init__(self, architecture: Architecture, config: TrainConfig, data: Prepared, device: torch.device) -> None:
        self._config, self._device = config, device
        self.random = Random(config.seed, device)
        with self.random.own():
            self.model = laid_out(build(architecture).to(device), architecture, config, device)
        self.criterion, self._loss = criterion(architecture, config), smoothed(architecture, config)
        self.optimizer = OPTIMIZERS[config.optimizer](self.model.parameters(), config)
        if config.max_grad_norm:
            self.optimizer.register_step_pre_hook(_clipping(self.model, config.max_grad_norm))
        self.noise = torch.Generator(device).manual_seed(config.seed)
        """Of augmentation, so that dropout's numbers stay the same."""
        x, y = data.train
        change = _augmenting(config, data.axes, x, self.noise)
        self.batches = Batches(x, y, config.batch_size, torch.Generator().manual_seed(config.seed), change)

    def gradients(self, batch: Batch) -> Tensor:
        """Give every weight its gradient on a batch; the loss."""
        x, y = batch
        if not self.model.training:
            self.model.train()
        self.optimizer.zero_grad()
        with self._precision():
            loss: Tensor = self._loss(self.model(x), y)
        loss.backward()  # type: ignore[no-untyped-call]
        return loss.detach()

    def scores(self, batch: Batch) -> Batch:
        """What the net makes of a batch, and the batch's labels; the net must be in evaluation mode."""
        x, y = batch
        with torch.no_grad(), self._precision():
            return self.model(x).float(), y

    def _precision(self) -> AbstractContextManager[object]:
        low = self._config.mixed_precision
        return torch.autocast(self._device.type, LOW_PRECISION) if low else nullcontext()


def laid_out(model: nn.Module, architecture: Architecture, config: TrainConfig, device: torch.device) -> nn.Module:
    """The model with its weights in the memory order that is faster, or was asked for.

    With channels last, torch's max-pool is vectorised on the CPU, which makes the lab's net 1.2 times faster; see
    docs/benchmarks.md. On CUDA it pays with mixed precision only, and is a choice.
    """
    pictures = len(architecture.input_shape) == 3  # torch has no channels_last for volumes among them
    if pictures and (config.channels_last if device.type == "cuda" else True):
        model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # torch's stub does not know it
    return model


def _clipping(model: nn.Module, norm: float) -> Callable[..., None]:
    """What shortens the gradients of a model before each step of its optimizer."""

    def clip(*_: object) -> None:
        nn.utils.clip_grad_norm_(model.parameters(), norm)

    return clip


def _augmenting(
    config: TrainConfig, axes: tuple[str, ...], x: Tensor, generator: torch.Generator
) -> Callable[[Tensor], Tensor]:
    """What changes a training batch."""
    if config.augmentation == Augmentation():
        return lambda batch: batch
    deviation = float(x.std())
    return lambda batch: config.augmentation.of(batch, axes, deviation, generator)
