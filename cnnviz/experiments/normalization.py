"""One channel through BatchNorm, batch after batch."""

from dataclasses import dataclass
from typing import Annotated

import numpy as np
import numpy.typing as npt
import torch
from pydantic import Field
from torch import nn

from cnnviz.validation import FrozenModel

Values = npt.NDArray[np.float64]


class ChannelQuestion(FrozenModel):
    """How the values of the channel are distributed, and in which batches they come."""

    mean: Annotated[float, Field(ge=-10, le=10)] = 3.0
    deviation: Annotated[float, Field(ge=0.1, le=10)] = 2.0
    batch_size: Annotated[int, Field(ge=2, le=256)] = 32
    momentum: Annotated[float, Field(ge=0.01, le=1)] = 0.1
    """Weight of the newest batch in the running mean and variance: torch's own meaning of the word."""
    batches: Annotated[int, Field(ge=1, le=200)] = 40
    seed: Annotated[int, Field(ge=0, le=2**31 - 1)] = 0


@dataclass(frozen=True)
class NormalizedChannel:
    """What BatchNorm has made of the channel."""

    before: Values
    """Values of all batches (batches × batch size)."""
    in_training: Values
    """What training mode made of them, each batch by its own mean and variance."""
    in_evaluation: Values
    """What evaluation mode makes of them after the last batch, by the running mean and variance."""
    batch_means: Values
    """Mean of each batch."""
    running_means: Values
    """Running mean after each batch; it starts at 0."""
    running_variances: Values
    """Running variance after each batch; it starts at 1."""


def normalize_channel(question: ChannelQuestion) -> NormalizedChannel:
    """Returns what torch's BatchNorm1d makes of a channel of normally distributed values."""
    generator = torch.Generator().manual_seed(question.seed)
    noise = torch.randn(question.batches, question.batch_size, dtype=torch.float64, generator=generator)
    batches = question.mean + question.deviation * noise
    layer = nn.BatchNorm1d(1, momentum=question.momentum).double()
    outputs, means, variances = [], [], []
    with torch.no_grad():
        for batch in batches:
            outputs.append(layer(batch[:, None])[:, 0])
            running = layer.state_dict()
            means.append(float(running["running_mean"]))
            variances.append(float(running["running_var"]))
        evaluated = layer.eval()(batches.reshape(-1, 1)).reshape(batches.shape)
    return NormalizedChannel(
        before=batches.numpy(),
        in_training=torch.stack(outputs).numpy(),
        in_evaluation=evaluated.numpy(),
        batch_means=batches.mean(dim=1).numpy(),
        running_means=np.array(means),
        running_variances=np.array(variances),
    )
