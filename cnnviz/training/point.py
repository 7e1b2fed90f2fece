"""The one kind of event that a run emits: a number that was measured at some step."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

BATCH, TRAIN, VALIDATION, TEST, DEVICE = "batch", "train", "validation", "test", "device"
"""Values of `Point.split`: mostly a part of the data set; points about a layer have its number instead."""


class Point(NamedTuple):
    """Number measured at one optimiser step."""

    step: int
    epoch: int
    split: str
    """batch, train, validation or test; device; or the number of a layer, such as 3 or 3.b1."""
    metric: str
    """loss and the other METRICS; gradient_norm and update_ratio of a layer; samples_per_second and memory_bytes."""
    value: float


Emit = Callable[[Sequence[Point]], None]
