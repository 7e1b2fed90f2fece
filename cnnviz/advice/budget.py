"""Rules on what a net takes: parameters for the samples there are, memory for the device."""

from __future__ import annotations

from collections.abc import Iterator

from cnnviz.advice.base import Finding, Net, made, named
from cnnviz.architecture import EVALUATION_BATCH, Mend, Step, every, number, training_bytes
from cnnviz.layers import Flatten, Linear
from cnnviz.layers.conv import Filters
from cnnviz.shapes import size_of

MOST_PER_SAMPLE = 200
"""Parameters for each training sample above which a net is told.

Twice what the largest of the well-known nets had: VGG-16, 138 million for the 1.28 million pictures of ImageNet, 108
for each, and it took dropout, weight decay and augmented pictures to do it.
"""
MB = 2**20


def parameters(net: Net) -> Iterator[Finding]:
    """Far more parameters than training samples."""
    samples, total = net.task.samples, sum(step.parameters for step in net.steps)
    if not samples or total <= MOST_PER_SAMPLE * samples:
        return
    most = max((step for step in every(net.steps) if not step.stacks), key=lambda step: step.parameters)
    text = (
        f"The net has {total:,} parameters to learn from {samples:,} training samples, {total / samples:,.0f} for each."
        f" {named(most, 'Layer')}, alone has {most.parameters:,} of them."
    )
    yield Finding(most.path, text, _smaller(net, most))


def _smaller(net: Net, most: Step) -> Iterator[Mend]:
    """Pool before the Flatten, so that Linear gets fewer inputs."""
    before = net.steps[: most.path[0]]
    flattens = [step for step in before if isinstance(step.layer, Flatten) and len(step.input_shape) > 1]
    convolved = any(isinstance(step.layer, Filters) for step in every(before))
    if not (isinstance(most.layer, Linear) and flattens and convolved):
        return
    flatten = flattens[-1]
    axes = len(flatten.input_shape) - 1
    pools = [(f"MaxPool{axes}d", {"kernel_size": k, "ceil_mode": True}) for k in (2, 4)]
    for kind, given in [*pools, (f"AdaptiveAvgPool{axes}d", {"output_size": 1})]:
        pool = made(kind, **given)
        told = " and ".join(f"{name} {value}" for name, value in given.items() if name != "ceil_mode")
        text = f"Put a {kind} with {told} before the Flatten (layer {number(flatten.path)})"
        yield Mend(text, net.architecture.inserted(flatten.path, pool))


def memory(net: Net) -> Iterator[Finding]:
    """A run that would take more memory than the device gives it."""
    limit, batch_size = net.task.memory, net.task.batch_size
    if limit is None or batch_size is None:
        return
    needed = training_bytes(net.steps, batch_size)
    if needed <= limit:
        return
    text = (
        f"Training it with batches of {batch_size:,} takes about {needed / MB:,.0f} MB, more than the"
        f" {limit / MB:,.0f} MB there are. "
    )
    fitting = _largest_batch(net, limit)
    most = max(every(net.steps), key=lambda step: size_of(step.output_shape or ()))
    least = training_bytes(net.steps, 1)
    alone = sum(2 * step.activation_bytes + 16 * step.parameters for step in net.steps)  # of one sample in training
    if fitting:
        text += f"Batches of {fitting:,} would fit."
    elif alone <= limit:
        text += (
            f"No batch is small enough: after each epoch it is evaluated {EVALUATION_BATCH} samples at a time, which"
            f" takes about {least / MB:,.0f} MB whatever the batch, most of it for {named(most)}."
        )
    else:
        text += f"No batch is small enough; most is taken by the weights and by {named(most)}."
    yield Finding(most.path, text)


def _largest_batch(net: Net, limit: int) -> int:
    """The largest batch that fits; 0 where none does."""
    if training_bytes(net.steps, 1) > limit:
        return 0
    kept = sum(step.activation_bytes for step in net.steps)
    weights = 16 * sum(step.parameters for step in net.steps)
    return (limit - weights) // (2 * max(kept, 1))
