"""Rules about the cost of a net: parameters for each sample, and memory."""

from __future__ import annotations

from collections.abc import Iterator

from cnnviz.advice.base import Net, Occurrence, label_step, layer_of_kind
from cnnviz.architecture import Mend, Step, evaluation_batch_size, iter_steps, layer_number, training_bytes
from cnnviz.layers import Flatten, Linear
from cnnviz.layers.conv import ConvBase
from cnnviz.shapes import numel
from cnnviz.words import format_mebibytes

MAX_PARAMETERS_PER_SAMPLE = 200
"""Parameters for each training sample above which there is a remark.

Twice what the largest of the well-known nets had: VGG-16, 138 million for the 1.28 million pictures of ImageNet, 108
for each, and it took dropout, weight decay and augmented pictures to do it.
"""


def find_too_many_parameters(net: Net) -> Iterator[Occurrence]:
    """Finds far more parameters than training samples."""
    samples, total = net.task.samples, sum(step.parameters for step in net.steps)
    if not samples or total <= MAX_PARAMETERS_PER_SAMPLE * samples:
        return
    largest = max((step for step in iter_steps(net.steps) if not step.stacks), key=lambda step: step.parameters)
    text = (
        f"The net has {total:,} parameters to learn from {samples:,} training samples, {total / samples:,.0f} for each."
        f" {label_step(largest, 'Layer')}, alone has {largest.parameters:,} of them."
    )
    yield Occurrence(largest.path, text, _pool_before_flatten(net, largest))


def _pool_before_flatten(net: Net, largest: Step) -> Iterator[Mend]:
    """Yields nets with a pool before the Flatten, so that the Linear layer gets fewer inputs."""
    before = net.steps[: largest.path[0]]
    flattens = [step for step in before if isinstance(step.layer, Flatten) and len(step.input_shape) > 1]
    convolved = any(isinstance(step.layer, ConvBase) for step in iter_steps(before))
    if not (isinstance(largest.layer, Linear) and flattens and convolved):
        return
    flatten = flattens[-1]
    axes = len(flatten.input_shape) - 1
    pools = [(f"MaxPool{axes}d", {"kernel_size": k, "ceil_mode": True}) for k in (2, 4)]
    for kind, arguments in [*pools, (f"AdaptiveAvgPool{axes}d", {"output_size": 1})]:
        pool = layer_of_kind(kind, **arguments)
        settings = " and ".join(f"{name} {value}" for name, value in arguments.items() if name != "ceil_mode")
        text = f"Put a {kind} with {settings} before the Flatten (layer {layer_number(flatten.path)})"
        yield Mend(text, net.architecture.insert_layer(flatten.path, pool))


def find_too_much_memory(net: Net) -> Iterator[Occurrence]:
    """Finds a run that would need more memory than the device gives it."""
    limit, batch_size = net.task.memory, net.task.batch_size
    if limit is None or batch_size is None:
        return
    needed = training_bytes(net.steps, batch_size)
    if needed <= limit:
        return
    text = (
        f"Training it with batches of {batch_size:,} takes at least {format_mebibytes(needed)}, more than the"
        f" {format_mebibytes(limit)} available. "
    )
    fitting = _largest_batch(net, limit)
    largest = max(iter_steps(net.steps), key=lambda step: numel(step.output_shape or ()))
    least = training_bytes(net.steps, 1)
    alone = sum(2 * step.activation_bytes + 16 * step.parameters for step in net.steps)  # of one sample in training
    if fitting:
        text += f"Batches of {fitting:,} would fit."
    elif alone <= limit:
        text += (
            f"No batch is small enough: after each epoch it is evaluated {evaluation_batch_size(net.steps)} samples at"
            f" a time, which takes at least {format_mebibytes(least)} whatever the batch, most of it for"
            f" {label_step(largest)}."
        )
    else:
        text += f"No batch is small enough; most is taken by the weights and by {label_step(largest)}."
    yield Occurrence(largest.path, text)


def _largest_batch(net: Net, limit: int) -> int:
    """Returns the largest batch size that fits; 0 where none does."""
    if training_bytes(net.steps, 1) > limit:
        return 0
    activation_total = sum(step.activation_bytes for step in net.steps)
    weights = 16 * sum(step.parameters for step in net.steps)
    return (limit - weights) // (2 * max(activation_total, 1))
