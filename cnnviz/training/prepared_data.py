"""Samples that are ready for training: scaled, and on the device."""

from dataclasses import dataclass

import torch
from torch import Tensor

from cnnviz.data.scaling import Scale, fit_scale
from cnnviz.data.splits import Part, Splits
from cnnviz.training.config import TrainConfig

Batch = tuple[Tensor, Tensor]
"""x (N, *shape) float32 and y (N,) int64, on the device."""


@dataclass(frozen=True, eq=False)
class PreparedData:
    """Training, validation and test part of a data set, on a device; trainings with the same scale share them."""

    train: Batch
    validation: Batch
    test: Batch
    axes: tuple[str, ...]
    scale: Scale
    """Scaling that was applied to all samples."""

    @property
    def nbytes(self) -> int:
        """Size in bytes of all three parts."""
        return sum(tensor.nbytes for part in (self.train, self.validation, self.test) for tensor in part)


def prepare(splits: Splits, config: TrainConfig, device: torch.device) -> PreparedData:
    """Returns the samples scaled as the configuration says; the scale is fitted to the training part alone."""
    scale = fit_scale(splits.train.x, config.floor, config.normalization)
    train, validation, test = (to_device(Part(scale.apply(part.x), part.y), device) for part in splits.parts)
    return PreparedData(train, validation, test, splits.axes, scale)


def to_device(part: Part, device: torch.device) -> Batch:
    """Copies x and y of a part to the device."""
    return torch.from_numpy(part.x).to(device), torch.from_numpy(part.y).to(device)
