"""Trains a design from the first step to the last, without interruption."""

from collections.abc import Callable

import torch

from cnnviz.architecture import Architecture
from cnnviz.data.splits import Splits
from cnnviz.training.batches import Batches
from cnnviz.training.config import TrainConfig
from cnnviz.training.point import Emit
from cnnviz.training.prepared_data import prepare
from cnnviz.training.training import Training, TrainingResult


def steps_per_epoch(samples: int, batch_size: int) -> int:
    """Returns the number of optimiser steps in one pass over that many samples.

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
) -> TrainingResult:
    """Runs a whole `Training` at once and returns its result; every number measured on the way goes to `emit`."""
    data = prepare(splits, config, device)
    training = Training(architecture, config, data, device=device, emit=emit, should_stop=should_stop)
    result = training.advance()
    assert result is not None  # noqa: S101  (nothing interrupts it)
    return result
