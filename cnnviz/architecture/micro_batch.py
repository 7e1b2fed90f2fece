"""Micro-batches: the parts of a batch that are too much work for a net at one time."""

from collections.abc import Sequence

from cnnviz.architecture.step import Step, iter_steps
from cnnviz.layers.norm import BatchNorm

EVALUATION_BATCH = 256
"""Samples in a batch while evaluating; larger batches are slower on a CPU."""
MICRO_BATCH_MULTIPLY_ADDS = 10**10
"""Most multiply-adds of a forward pass: with the backward pass, about half a second on two cores."""
BACKWARD_FACTOR = 3
"""Work of forward and backward pass together, as a multiple of the forward pass."""


def micro_batch_size(steps: Sequence[Step], batch_size: int) -> int:
    """Returns how many samples of a training batch are worked on at a time.

    The gradients of the parts add up to that of the batch (gradient accumulation), so the step is the same; not with
    BatchNorm, whose mean and variance are those of all samples that it sees at a time: its batches stay whole.
    """
    if any(isinstance(step.layer, BatchNorm) for step in iter_steps(steps)):
        return batch_size
    return min(batch_size, _fitting(steps, MICRO_BATCH_MULTIPLY_ADDS))


def evaluation_batch_size(steps: Sequence[Step]) -> int:
    """Returns how many samples are evaluated at a time."""
    return min(EVALUATION_BATCH, _fitting(steps, BACKWARD_FACTOR * MICRO_BATCH_MULTIPLY_ADDS))


def _fitting(steps: Sequence[Step], multiply_adds: int) -> int:
    return max(1, multiply_adds // max(1, sum(step.multiply_adds for step in steps)))
