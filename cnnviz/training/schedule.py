"""Learning-rate schedules: how the rate changes from the first step of a training to the last."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from ignite.handlers.param_scheduler import LRScheduler as Handler
from ignite.handlers.param_scheduler import ParamScheduler, create_lr_scheduler_with_warmup
from torch import nn, optim
from torch.optim.lr_scheduler import LambdaLR, LRScheduler, OneCycleLR, StepLR

from cnnviz.training.config import TrainConfig

WARMUP_START = 0.01
"""Share of the learning rate with which a warm-up begins."""
MakeScheduler = Callable[[optim.Optimizer, TrainConfig, int, int], LRScheduler]
"""Function of an optimizer, a configuration, the number of all steps, and that of the steps in an epoch."""


@dataclass(frozen=True)
class Schedule:
    """Kind of schedule, with the function that builds its torch scheduler."""

    description: str
    make: MakeScheduler
    has_warmup: bool = False
    """Whether it has a warm-up of its own, so that none can be put before it."""


SCHEDULES: dict[str, Schedule] = {
    "constant": Schedule(
        "The same learning rate from the first step to the last.",
        lambda optimizer, config, steps, per_epoch: LambdaLR(optimizer, lambda step: 1.0),
    ),
    "step": Schedule(
        "Multiplied by gamma after every so many epochs, the step size.",
        lambda optimizer, config, steps, per_epoch: StepLR(optimizer, config.step_size * per_epoch, config.gamma),
    ),
    "cosine": Schedule(
        "Falls to 0 along half a cosine: fast learning at first, fine-tuning at the end.",
        # in closed form: under ignite's handler, torch's CosineAnnealingLR begins above the rate (0.104 for 0.1)
        lambda optimizer, config, steps, per_epoch: LambdaLR(
            optimizer, lambda step: (1 + math.cos(math.pi * min(step / max(steps, 1), 1))) / 2
        ),
    ),
    "one-cycle": Schedule(
        "Rises to the learning rate in the first 30 % of the training, then falls far: learns fast, ends calmly.",
        lambda optimizer, config, steps, per_epoch: OneCycleLR(
            optimizer, config.learning_rate, max(steps, 2), cycle_momentum=False
        ),
        has_warmup=True,
    ),
}
"""Every schedule by name. Sources: torch.optim.lr_scheduler; Smith, "Super-Convergence" (2017) for one-cycle."""


def build_scheduler(
    optimizer: optim.Optimizer, config: TrainConfig, steps: int, steps_per_epoch: int
) -> ParamScheduler:
    """Returns an ignite handler that sets the learning rate at the start of each step."""
    schedule = SCHEDULES[config.schedule]
    warmup = 0 if schedule.has_warmup else min(round(config.warmup * steps_per_epoch), steps - 1)
    if warmup < 2:
        return Handler(schedule.make(optimizer, config, steps, steps_per_epoch))
    main_scheduler = schedule.make(optimizer, config, steps - warmup, steps_per_epoch)
    rate = config.learning_rate
    return create_lr_scheduler_with_warmup(main_scheduler, WARMUP_START * rate, warmup, rate)


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
