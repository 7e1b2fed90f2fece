"""One sample through Dropout, again and again."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from cnnviz.seeding import seeded

FEATURES = 16
Values = npt.NDArray[np.float64]


@dataclass(frozen=True)
class DroppedSample:
    """A sample, and what Dropout has made of it each time it went through."""

    sample: Values
    """Values (features,); evaluation mode gives the same."""
    in_training: Values
    """Outputs (times, features) in training mode: 0, or the value divided by 1 − p."""


def drop(p: float, *, times: int = 10, seed: int = 0) -> DroppedSample:
    """Returns what torch's Dropout makes of the same sample in training mode, `times` times."""
    sample = torch.linspace(0.25, 4, FEATURES, dtype=torch.float64)
    layer = nn.Dropout(p)
    with seeded(seed):
        outputs = torch.stack([layer(sample) for _ in range(times)])
    return DroppedSample(sample.numpy(), outputs.numpy())
