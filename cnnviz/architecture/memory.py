"""Estimates of the memory that training a design takes."""

from collections.abc import Sequence

from cnnviz.architecture.design import Architecture
from cnnviz.architecture.micro_batch import evaluation_batch_size, micro_batch_size
from cnnviz.architecture.step import FLOAT32_BYTES, Step, iter_steps, trace_shapes
from cnnviz.shapes import numel


def activation_bytes(architecture: Architecture) -> int:
    """Returns the bytes of all layer outputs of one sample in float32, which are kept for the backward pass."""
    return sum(step.activation_bytes for step in trace_shapes(architecture))


def training_bytes(design: Architecture | Sequence[Step], batch_size: int) -> int:
    """Returns an estimate of the bytes that a run takes, for a design or its steps.

    It counts weights, gradients and two moments of each, and the larger of two: every activation with its gradient for
    a micro-batch of training, or twice the largest activation for an evaluation batch.
    """
    steps = trace_shapes(design) if isinstance(design, Architecture) else design
    largest = max((numel(step.output_shape) for step in iter_steps(steps) if step.output_shape), default=0)
    kept = sum(step.activation_bytes for step in steps)
    training = 2 * micro_batch_size(steps, batch_size) * kept
    evaluation = 2 * evaluation_batch_size(steps) * FLOAT32_BYTES * largest
    return 4 * FLOAT32_BYTES * sum(step.parameters for step in steps) + max(training, evaluation)
