"""What every training begins with: the net, its loss, its optimizer, its batches and its random numbers."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext

import torch
from torch import Tensor, nn

from cnnviz.architecture import Architecture, build_model
from cnnviz.data.augmentation import Augmentation
from cnnviz.training.batches import Batches
from cnnviz.training.config import OPTIMIZERS, TrainConfig
from cnnviz.training.loss import build_criterion, build_training_loss
from cnnviz.training.prepared_data import Batch, PreparedData
from cnnviz.training.random_state import RandomState

AUTOCAST_DTYPE = torch.bfloat16
"""Of mixed precision: as wide a range as float32, so that no gradient has to be scaled."""


class TrainingSetup:
    """The parts of one training, ready for its first step."""

    def __init__(
        self, architecture: Architecture, config: TrainConfig, data: PreparedData, device: torch.device
    ) -> None:
        self._config, self._device = config, device
        self.random = RandomState(config.seed, device)
        with self.random.activate():
            self.model = to_memory_format(build_model(architecture).to(device), architecture, config, device)
        self.criterion, self._loss = build_criterion(architecture, config), build_training_loss(architecture, config)
        self.optimizer = OPTIMIZERS[config.optimizer](self.model.parameters(), config)
        if config.max_grad_norm:
            self.optimizer.register_step_pre_hook(_clip_gradients_hook(self.model, config.max_grad_norm))
        self.augmentation_generator = torch.Generator(device).manual_seed(config.seed)
        """Of augmentation, so that dropout's numbers stay the same."""
        x, y = data.train
        change = _augment_batches(config, data.axes, x, self.augmentation_generator)
        self.batches = Batches(x, y, config.batch_size, torch.Generator().manual_seed(config.seed), change)

    def backward(self, batch: Batch) -> Tensor:
        """Give every weight its gradient on a batch; the loss."""
        x, y = batch
        if not self.model.training:
            self.model.train()
        self.optimizer.zero_grad()
        with self._autocast():
            loss: Tensor = self._loss(self.model(x), y)
        loss.backward()  # type: ignore[no-untyped-call]
        return loss.detach()

    def predict(self, batch: Batch) -> Batch:
        """What the net makes of a batch, and the batch's labels; the net must be in evaluation mode."""
        x, y = batch
        with torch.no_grad(), self._autocast():
            return self.model(x).float(), y

    def _autocast(self) -> AbstractContextManager[object]:
        mixed = self._config.mixed_precision
        return torch.autocast(self._device.type, AUTOCAST_DTYPE) if mixed else nullcontext()


def to_memory_format(
    model: nn.Module, architecture: Architecture, config: TrainConfig, device: torch.device
) -> nn.Module:
    """The model with its weights in the memory order that is faster, or was asked for.

    With channels last, torch's max-pool is vectorised on the CPU, which makes the lab's net 1.2 times faster; see
    docs/benchmarks.md. On CUDA it pays with mixed precision only, and is a choice.
    """
    pictures = len(architecture.input_shape) == 3  # torch has no channels_last for volumes among them
    if pictures and (config.channels_last if device.type == "cuda" else True):
        model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # torch's stub does not know it
    return model


def _clip_gradients_hook(model: nn.Module, norm: float) -> Callable[..., None]:
    """What shortens the gradients of a model before each step of its optimizer."""

    def clip(*_: object) -> None:
        nn.utils.clip_grad_norm_(model.parameters(), norm)

    return clip


def _augment_batches(
    config: TrainConfig, axes: tuple[str, ...], x: Tensor, generator: torch.Generator
) -> Callable[[Tensor], Tensor]:
    """What changes a training batch."""
    if config.augmentation == Augmentation():
        return lambda batch: batch
    deviation = float(x.std())
    return lambda batch: config.augmentation.apply(batch, axes, deviation, generator)
