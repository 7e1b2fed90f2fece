"""Rules on the order of layers: what stands between two of them, and what should not."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from math import prod

from cnnviz.advice.base import Finding, Net, behind, dropout_for, named, quiet
from cnnviz.architecture import Architecture, Mend, Step, every, number
from cnnviz.layers import Linear, ReLU, family
from cnnviz.layers.conv import Conv, Filters
from cnnviz.layers.dropout import AlphaDropout, Noise
from cnnviz.layers.norm import BatchNorm, ChannelNorm
from cnnviz.layers.pool import AdaptiveAvgPool, AvgPool
from cnnviz.layers.window import per_axis

SLOPES: dict[str, float] = {"Sigmoid": 0.25, "Hardsigmoid": 1 / 6, "Tanh": 0.606, "Softsign": 0.413}
"""Share of a gradient that a squashing activation hands on.

The largest slope of the sigmoids; of those with a slope of 1 at 0, the mean over normally distributed inputs.
"""
LEAST_GRADIENT = 1 / 20
"""What must arrive of a gradient. Three sigmoids hand on less (0.25³ = 0.016), and six tanh (0.606⁶ = 0.0495).

Glorot & Bengio, "Understanding the difficulty of training deep feedforward neural networks" (2010), section 3.1: nets
of four sigmoid layers were stuck for a hundred epochs, of five for good. LeNet-5 learned with four tanh.
"""


def no_activation(net: Net) -> Iterator[Finding]:
    """Two layers with weights, and nothing between them that bends a line.

    Convolutions split on purpose (windows of 1, groups) are left alone.
    """
    for stack in net.stacks:
        first: Step | None = None
        between: list[Step] = []
        for step in stack:
            if _mixes(step):
                if first:
                    yield Finding(step.path, _two_as_one(first, between, step), _relu_between(net, first, between))
                first, between = step, []
            elif first and (quiet(step) or isinstance(step.layer, BatchNorm | AvgPool | AdaptiveAvgPool)):
                between.append(step)
            else:
                first = None


def _mixes(step: Step) -> bool:
    layer = step.layer
    if isinstance(layer, Conv):
        return layer.groups == 1 and min(per_axis(layer.kernel_size, layer.axes)) > 1
    return isinstance(layer, Linear)


def _two_as_one(first: Step, between: Sequence[Step], second: Step) -> str:
    only = f" (only {' and '.join(dict.fromkeys(step.layer.kind for step in between))})" if between else ""
    text = f"Between {named(first)}, and {named(second)}, there is no activation{only}."
    kinds = {first.layer.kind, second.layer.kind}
    if kinds == {"Linear"} and first.input_shape[:-1] == second.input_shape[:-1] == ():
        (inputs,), (outputs,) = first.input_shape, second.output_shape or (0,)
        two, one = first.parameters + second.parameters, Linear(out_features=outputs).parameters((inputs,))
        text += f" Together they can do no more than one Linear from {inputs:,} to {outputs:,}"
        text += f", and take {two:,} parameters where it takes {one:,}." if two > one else "."
    return text


def _relu_between(net: Net, first: Step, between: Sequence[Step]) -> Iterator[Mend]:
    norms = [step for step in between if isinstance(step.layer, BatchNorm)]
    before = norms[-1] if norms else first
    text = f"Put a ReLU behind layer {number(before.path)}"
    yield Mend(text, net.architecture.inserted(behind(before), ReLU()))


def vanishing_gradient(net: Net) -> Iterator[Finding]:
    """So many sigmoids and tanh on the way that little of a gradient arrives; a way past them counts."""
    for stack in net.stacks:
        squashing = _squashing(stack)
        left = prod(SLOPES[step.layer.kind] for step in squashing)
        own = [step for step in squashing if len(step.path) == len(stack[0].path)]
        if left < LEAST_GRADIENT and own:
            counts = {kind: sum(step.layer.kind == kind for step in squashing) for kind in SLOPES}
            factors = " · ".join(f"{SLOPES[kind]:.2g}{_power(n)}" for kind, n in counts.items() if n)
            numbers = ", ".join(number(step.path) for step in squashing)
            text = (
                f"Layers {numbers} ({', '.join(kind for kind, n in counts.items() if n)}) squash their values one"
                f" after another. Of a gradient on its way back they hand on about {factors} = {left:.2g}: the"
                f" layers before them get one about {1 / left:,.0f} times smaller."
            )
            inner = [step for step in squashing if step is not net.last]
            yield Finding(own[0].path, text, _relu_instead(net.architecture, inner))


def _squashing(stack: Sequence[Step]) -> list[Step]:
    """The squashing activations on the easiest way through a stack."""
    found = []
    for step in stack:
        if step.stacks:
            ways = [_squashing(inside) for inside in step.stacks]
            found += max(ways, key=lambda way: prod(SLOPES[step.layer.kind] for step in way))
        elif step.layer.kind in SLOPES:
            found.append(step)
    return found


def _relu_instead(architecture: Architecture, squashing: Sequence[Step]) -> Iterator[Mend]:
    for step in squashing:
        architecture = architecture.replaced(step.path, kind="ReLU")
    yield Mend(f"Make layers {', '.join(number(step.path) for step in squashing)} ReLU", architecture)


def _power(n: int) -> str:
    return "" if n == 1 else "".join("⁰¹²³⁴⁵⁶⁷⁸⁹"[int(digit)] for digit in str(n))


def bias_before_norm(net: Net) -> Iterator[Finding]:
    """A bias per channel, right before a norm that takes the mean off each channel."""
    for stack in net.stacks:
        for step, norm in pairwise(stack):
            layer = step.layer
            per_channel = isinstance(layer, Filters) or (isinstance(layer, Linear) and len(step.input_shape) == 1)
            if per_channel and getattr(layer, "bias", False) and isinstance(norm.layer, ChannelNorm):
                text = (
                    f"The {norm.input_shape[0]:,} biases of {named(step)}, do nothing: {named(norm)}, takes the mean"
                    " of every channel away, and the bias with it."
                )
                yield Finding(step.path, text, _without_bias(net.architecture, step))


def _without_bias(architecture: Architecture, step: Step) -> Iterator[Mend]:
    yield Mend(f"Set the bias of layer {number(step.path)} to False", architecture.replaced(step.path, bias=False))


def dropout_before_norm(net: Net) -> Iterator[Finding]:
    """A Dropout whose values reach a BatchNorm before any layer with weights mixes them."""
    for stack in net.stacks:
        for index, step in enumerate(stack):
            if not isinstance(step.layer, Noise) or isinstance(step.layer, AlphaDropout) or step.layer.p == 0:
                continue
            norm = _norm_ahead(stack[index + 1 :])
            if norm:
                yield Finding(step.path, _shifted(step, step.layer.p, norm), _dropout_later(net, stack, step, norm))


def _norm_ahead(stack: Sequence[Step]) -> Step | None:
    for step in stack:
        if isinstance(step.layer, BatchNorm):
            return step
        if not (quiet(step) or family(step.layer.kind) in ("activation", "pool")):
            return None
    return None


def _shifted(step: Step, p: float, norm: Step) -> str:
    larger = f"{1 / (1 - p):.3g} times as large as" if p < 1 else "0, unlike"
    return (
        f"{named(step, 'Layer')} with p = {p:g}, stands before {named(norm)}. While training it makes the mean"
        f" square of the values {larger} in evaluation, and the norm keeps the variance it saw in training."
    )


def _dropout_later(net: Net, stack: Sequence[Step], step: Step, norm: Step) -> Iterator[Mend]:
    index = norm.path[-1]
    following = stack[index + 1] if index + 1 < len(stack) else None
    targets = [norm]
    if following and family(following.layer.kind) == "activation":
        targets.insert(0, following)
    for target in targets:
        kind = dropout_for(target.input_shape, step.layer.kind)
        moved = net.architecture.replaced(step.path, kind=kind).moved(step.path, target.path)
        text = f"Put the {step.layer.kind} behind layer {number(target.path)}, {target.layer.kind}"
        yield Mend(text if kind == step.layer.kind else f"{text}, as {kind}", moved)
    yield Mend(f"Remove the {step.layer.kind}", net.architecture.removed(step.path))


def dropout_axes(net: Net) -> Iterator[Finding]:
    """A dropout of feature maps on samples that have none, or others."""
    for step in every(net.steps):
        kind, axes = step.layer.kind, len(step.input_shape)
        wanted = {"Dropout1d": 2, "Dropout2d": 3, "Dropout3d": 4}.get(kind, axes)
        if axes == wanted:
            continue
        given = "single numbers" if axes == 1 else f"{axes} axes"
        whole = kind == "Dropout1d" or (kind == "Dropout3d" and axes < 4)
        does = (
            "torch takes its samples for channels and zeroes whole samples"
            if whole
            else f"it works as {dropout_for(step.input_shape, kind)}, and torch warns that it will refuse it"
        )
        text = (
            f"{named(step, 'Layer')}, drops feature maps of samples with {wanted} axes, but its input has {given}:"
            f" {does}."
        )
        yield Finding(step.path, text, _fitting_dropout(net.architecture, step))


def _fitting_dropout(architecture: Architecture, step: Step) -> Iterator[Mend]:
    kind = dropout_for(step.input_shape, step.layer.kind)
    yield Mend(f"Make it {kind}", architecture.replaced(step.path, kind=kind))
