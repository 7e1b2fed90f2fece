"""The parts that every training needs: net, loss, optimizer, batches and random numbers."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext

import torch
from torch import Tensor, nn

from cnnviz.architecture import Architecture, build_model, evaluation_batch_size, micro_batch_size, trace
from cnnviz.data.augmentation import Augmentation
from cnnviz.training.batches import WHOLE_BATCH, Batches, Place
from cnnviz.training.config import OPTIMIZERS, TrainConfig
from cnnviz.training.loss import build_criterion, build_training_loss
from cnnviz.training.prepared_data import Batch, PreparedData
from cnnviz.training.random_state import RandomState

AUTOCAST_DTYPE = torch.bfloat16
"""Type for mixed precision; its range is as wide as that of float32, so that gradients need no scaling."""


class TrainingSetup:
    """Net, loss, optimizer, batches and random numbers of one training, ready for its first step."""

    def __init__(
        self, architecture: Architecture, config: TrainConfig, data: PreparedData, device: torch.device
    ) -> None:
        self._config, self._device = config, device
        self.random = RandomState(config.seed, device)
        with self.random.activate():
            self.model = to_memory_format(build_model(architecture).to(device), architecture, config, device)
        self.criterion = build_criterion(architecture, config)
        self.training_loss = build_training_loss(architecture, config)
        self.optimizer = OPTIMIZERS[config.optimizer](self.model.parameters(), config)
        if config.max_grad_norm:
            self.optimizer.register_step_pre_hook(_clip_gradients_hook(self.model, config.max_grad_norm))
        self.augmentation_generator = torch.Generator(device).manual_seed(config.seed)
        """Generator for augmentation alone, so that dropout draws the same numbers with and without it."""
        x, y = data.train
        transform = _augmentation_transform(config, data.axes, x, self.augmentation_generator)
        order, steps = torch.Generator().manual_seed(config.seed), trace(architecture)
        self._micro_batch = micro_batch_size(steps, config.batch_size)
        self.batches = Batches(x, y, config.batch_size, order, transform, self._micro_batch)
        self.whole_batches = Batches(x, y, config.batch_size, order, transform)
        """The same batches, not cut into micro-batches: for `backward_in_parts`. One of the two is to be used."""
        self._evaluation_batch = evaluation_batch_size(steps)

    def backward(self, micro_batch: Batch, place: Place = WHOLE_BATCH) -> Tensor:
        """Adds the gradient of every weight on a micro-batch to those before it, and returns its part of the loss."""
        x, y = micro_batch
        if not self.model.training:
            self.model.train()
        if place.is_first:
            self.optimizer.zero_grad()
        with self.autocast():
            loss: Tensor = self.training_loss(self.model(x), y)
        if place.share < 1:
            loss = loss * place.share
        loss.backward()  # type: ignore[no-untyped-call]
        return loss.detach()

    def backward_in_parts(self, batch: Batch) -> Tensor:
        """Computes the gradient of every weight on a whole batch, in micro-batches, and returns the loss."""
        x, y = batch
        size = self._micro_batch
        if size >= self._config.batch_size:
            return self.backward(batch)
        losses = [
            self.backward((x_part, y_part), Place(len(y_part) / len(y), number == 0, is_last=True))
            for number, (x_part, y_part) in enumerate(zip(torch.split(x, size), torch.split(y, size), strict=True))
        ]
        return torch.stack(losses).sum()

    def evaluation_batches(self, part: Batch) -> Batches:
        """Returns the batches in which a part is evaluated."""
        return Batches(*part, self._evaluation_batch)

    def predict(self, batch: Batch) -> Batch:
        """Returns the net's scores (N, C) for a batch, and the batch's labels; the net must be in evaluation mode."""
        x, y = batch
        with torch.no_grad(), self.autocast():
            return self.model(x).float(), y

    def autocast(self) -> AbstractContextManager[object]:
        """Returns the context in which the net computes: with mixed precision where that was chosen."""
        mixed = self._config.mixed_precision
        return torch.autocast(self._device.type, AUTOCAST_DTYPE) if mixed else nullcontext()


def to_memory_format(
    model: nn.Module, architecture: Architecture, config: TrainConfig, device: torch.device
) -> nn.Module:
    """Puts the model's weights into the faster memory order or, on a GPU, the one that was chosen; returns the model.

    With channels last, torch's max-pool is vectorised on the CPU, which makes the lab's net 1.2 times faster; see
    docs/benchmarks.md. On CUDA it only pays with mixed precision, so it is a setting.
    """
    pictures = len(architecture.input_shape) == 3  # for volumes, torch has no channels_last
    if pictures and (config.channels_last if device.type == "cuda" else True):
        model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # torch's stub does not know it
    return model


def _clip_gradients_hook(model: nn.Module, norm: float) -> Callable[..., None]:
    """Returns a hook that clips the gradients of a model before each step of its optimizer."""

    def clip(*_: object) -> None:
        nn.utils.clip_grad_norm_(model.parameters(), norm)

    return clip


def _augmentation_transform(
    config: TrainConfig, axes: tuple[str, ...], x: Tensor, generator: torch.Generator
) -> Callable[[Tensor], Tensor]:
    """Returns the function that augments the x of a training batch."""
    if config.augmentation == Augmentation():
        return lambda batch: batch
    deviation = float(x.std())
    return lambda batch: config.augmentation.apply(batch, axes, deviation, generator)
