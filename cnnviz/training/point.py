"""The only event of a run."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

BATCH, TRAIN, VALIDATION, TEST, DEVICE = "batch", "train", "validation", "test", "device"
"""What a point is about, besides the layers: those have their numbers."""


class Point(NamedTuple):
    """One number at one optimiser step."""

    step: int
    epoch: int
    split: str
    """batch, train, validation or test; device; or the number of a layer, such as 3 or 3.b1."""
    metric: str
    """loss and the other METRICS; gradient_norm and update_ratio of a layer; samples_per_second and memory_bytes."""
    value: float


Emit = Callable[[Sequence[Point]], None]
