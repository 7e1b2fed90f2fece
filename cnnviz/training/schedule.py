"""Learning-rate schedules: how the rate changes from the first step of a training to the last."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from ignite.handlers.param_scheduler import LRScheduler as Handler
from ignite.handlers.param_scheduler import ParamScheduler
from torch import nn, optim
from torch.optim.lr_scheduler import LambdaLR, OneCycleLR

from cnnviz.training.config import TrainConfig

WARMUP_START = 0.01
"""Share of the learning rate with which a warm-up begins."""
Share = Callable[[int], float]
"""Function of the number of steps done, that returns the share of the learning rate for the next one."""


@dataclass(frozen=True)
class Schedule:
    """Kind of schedule."""

    description: str
    share: Callable[[TrainConfig, int, int], Share] | None
    """Function of a configuration, the number of all steps, and that of the steps in an epoch.

    None for one-cycle, which torch computes.
    """

    @property
    def has_warmup(self) -> bool:
        """Whether it has a warm-up of its own, so that none can be put before it."""
        return self.share is None


SCHEDULES: dict[str, Schedule] = {
    "constant": Schedule(
        "The same learning rate from the first step to the last.", lambda config, steps, per_epoch: lambda step: 1.0
    ),
    "step": Schedule(
        "Multiplied by gamma after every so many epochs, the step size.",
        lambda config, steps, per_epoch: lambda step: config.gamma ** (step // (config.step_size * per_epoch)),
    ),
    "cosine": Schedule(
        "Falls to 0 along half a cosine: fast learning at first, fine-tuning at the end.",
        lambda config, steps, per_epoch: lambda step: (1 + math.cos(math.pi * min(step / steps, 1))) / 2,
    ),
    "one-cycle": Schedule(
        "Rises to the learning rate in the first 30 % of the training, then falls far: learns fast, ends calmly.", None
    ),
}
"""Every schedule by name. Sources: torch.optim.lr_scheduler; Smith, "Super-Convergence" (2017) for one-cycle."""


def build_scheduler(
    optimizer: optim.Optimizer, config: TrainConfig, steps: int, steps_per_epoch: int
) -> ParamScheduler:
    """Returns an ignite handler that sets the learning rate at the start of each step.

    A warm-up takes the first steps of a training; the first step behind it has the rate with which the schedule begins.
    """
    schedule = SCHEDULES[config.schedule]
    if schedule.share is None:
        return Handler(OneCycleLR(optimizer, config.learning_rate, max(steps, 2), cycle_momentum=False))
    warmup = min(round(config.warmup * steps_per_epoch), steps - 1)
    warmup = warmup if warmup > 1 else 0
    share = schedule.share(config, steps - warmup, steps_per_epoch)

    def share_at(step: int) -> float:
        if step < warmup:
            return WARMUP_START + (1 - WARMUP_START) * step / (warmup - 1)
        return share(step - warmup)

    return Handler(LambdaLR(optimizer, share_at))


def learning_rates(config: TrainConfig, epochs: int, steps_per_epoch: int) -> npt.NDArray[np.float64]:
    """Returns the learning rate of every step, (steps,), in a training of that many epochs."""
    steps = epochs * steps_per_epoch
    optimizer = optim.SGD([nn.Parameter(torch.zeros(1))], lr=config.learning_rate)
    handler = build_scheduler(optimizer, config, steps, steps_per_epoch)
    values = np.empty(steps)
    for step in range(steps):
        handler(None)
        values[step] = optimizer.param_groups[0]["lr"]
    return values
