"""How much memory the training of a design takes: an estimate before anything starts."""

from collections.abc import Sequence

from cnnviz.architecture.design import Architecture
from cnnviz.architecture.step import FLOAT32_BYTES, Step, iter_steps, trace_shapes
from cnnviz.shapes import numel

EVALUATION_BATCH = 256
"""Samples that are evaluated at a time; larger batches are slower on a CPU."""


def activation_bytes(architecture: Architecture) -> int:
    """Bytes of all layer outputs of one sample in float32; what training keeps for the backward pass."""
    return sum(step.activation_bytes for step in trace_shapes(architecture))


def training_bytes(design: Architecture | Sequence[Step], batch_size: int) -> int:
    """Estimate of a run's memory, of a design or of its steps.

    Weights, gradients and two moments; and each activation with its gradient while training, or the largest
    activation of an evaluated batch before and after a layer, whichever is more.
    """
    steps = trace_shapes(design) if isinstance(design, Architecture) else design
    largest = max((numel(step.output_shape) for step in iter_steps(steps) if step.output_shape), default=0)
    kept = sum(step.activation_bytes for step in steps)
    activations = max(2 * batch_size * kept, 2 * EVALUATION_BATCH * FLOAT32_BYTES * largest)
    return 4 * FLOAT32_BYTES * sum(step.parameters for step in steps) + activations
