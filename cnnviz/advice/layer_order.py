"""Rules about the order of layers: what is missing between two of them, and what should be elsewhere."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import pairwise
from math import prod

from cnnviz.advice.base import (
    Net,
    Occurrence,
    dropout_kind_for,
    label_step,
    layer_of_kind,
    passes_values_on,
    path_after,
)
from cnnviz.architecture import Architecture, Mend, Step, iter_steps, layer_number
from cnnviz.layers import Linear, ReLU, family
from cnnviz.layers.conv import Conv, ConvBase
from cnnviz.layers.dropout import AlphaDropout, DropoutBase
from cnnviz.layers.norm import BatchNorm, ChannelNorm
from cnnviz.layers.pool.adaptive_pool import AdaptiveAvgPool
from cnnviz.layers.pool.avg_pool import AvgPool
from cnnviz.layers.window import per_axis
from cnnviz.shapes import numel

GRADIENT_FACTORS: dict[str, float] = {"Sigmoid": 0.25, "Hardsigmoid": 1 / 6, "Tanh": 0.606, "Softsign": 0.413}
"""Share of a gradient that a squashing activation passes on.

The largest slope of the sigmoids; of those with a slope of 1 at 0, the mean over normally distributed inputs.
"""
MAX_NORM_AXES = 3
"""Axes behind the channels for which there is a BatchNorm."""
MIN_GRADIENT = 1 / 20
"""Share of a gradient that must arrive. Three sigmoids pass on less (0.25³ = 0.016), and six tanh (0.606⁶ = 0.0495).

Glorot & Bengio, "Understanding the difficulty of training deep feedforward neural networks" (2010), section 3.1: nets
of four sigmoid layers were stuck for a hundred epochs, of five for good. LeNet-5 learned with four tanh.
"""


def find_missing_activation(net: Net) -> Iterator[Occurrence]:
    """Finds two layers with weights and nothing nonlinear between them: a next step where both are Linear.

    Convolutions split on purpose (windows of 1, groups) are left alone.
    """
    for stack in net.stacks:
        first: Step | None = None
        between: list[Step] = []
        for step in stack:
            if _mixes_values(step):
                if first:
                    yield Occurrence(
                        step.path,
                        _describe_linear_pair(first, between, step),
                        _relu_between(net, first, between),
                        is_step=isinstance(first.layer, Linear) and isinstance(step.layer, Linear),
                    )
                first, between = step, []
            elif first and (passes_values_on(step) or isinstance(step.layer, BatchNorm | AvgPool | AdaptiveAvgPool)):
                between.append(step)
            else:
                first = None


def _mixes_values(step: Step) -> bool:
    layer = step.layer
    if isinstance(layer, Conv):
        return layer.groups == 1 and min(per_axis(layer.kernel_size, layer.axes)) > 1
    return isinstance(layer, Linear)


def _describe_linear_pair(first: Step, between: Sequence[Step], second: Step) -> str:
    only = f" (only {' and '.join(dict.fromkeys(step.layer.kind for step in between))})" if between else ""
    text = f"Between {label_step(first)}, and {label_step(second)}, there is no activation{only}."
    kinds = {first.layer.kind, second.layer.kind}
    if kinds == {"Linear"} and first.input_shape[:-1] == second.input_shape[:-1] == ():
        (inputs,), (outputs,) = first.input_shape, second.output_shape or (0,)
        two, one = first.parameters + second.parameters, _joined(first, second).parameters((inputs,))
        text += f" Together they can do no more than one Linear from {inputs:,} to {outputs:,}"
        text += f", and have {two:,} parameters where it has {one:,}." if two > one else "."
    return text


def _joined(first: Step, second: Step) -> Linear:
    """Returns the one Linear that can do what two in a row do; a bias of either is one of it."""
    has_bias = any(getattr(step.layer, "bias", False) for step in (first, second))
    return Linear(out_features=numel(second.output_shape or (1,)), bias=has_bias)


def _relu_between(net: Net, first: Step, between: Sequence[Step]) -> Iterator[Mend]:
    norms = [step for step in between if isinstance(step.layer, BatchNorm)]
    before = norms[-1] if norms else first
    text = f"Put a ReLU after layer {layer_number(before.path)}"
    yield Mend(text, net.architecture.insert_layer(path_after(before), ReLU()))


def find_vanishing_gradient(net: Net) -> Iterator[Occurrence]:
    """Finds so many sigmoids and tanh in a row that little of a gradient arrives; a path around them counts."""
    for stack in net.stacks:
        squashing = _squashing_steps(stack)
        gradient_left = prod(GRADIENT_FACTORS[step.layer.kind] for step in squashing)
        in_this_stack = [step for step in squashing if len(step.path) == len(stack[0].path)]
        if gradient_left < MIN_GRADIENT and in_this_stack:
            counts = {kind: sum(step.layer.kind == kind for step in squashing) for kind in GRADIENT_FACTORS}
            factors = " · ".join(f"{GRADIENT_FACTORS[kind]:.2g}{_superscript(n)}" for kind, n in counts.items() if n)
            numbers = ", ".join(layer_number(step.path) for step in squashing)
            text = (
                f"Layers {numbers} ({', '.join(kind for kind, n in counts.items() if n)}) squash their values one"
                f" after another. On its way back, about {factors} = {gradient_left:.2g} of a gradient gets through:"
                f" the layers before them get one that is about {1 / gradient_left:,.0f} times smaller."
            )
            inner = [step for step in squashing if step is not net.last_computing_step]
            yield Occurrence(in_this_stack[0].path, text, _relu_instead(net.architecture, inner))


def _squashing_steps(stack: Sequence[Step]) -> list[Step]:
    """Returns the squashing activations on the easiest path through a stack."""
    squashing = []
    for step in stack:
        if step.stacks:
            branches = [_squashing_steps(inside) for inside in step.stacks]
            squashing += max(branches, key=lambda way: prod(GRADIENT_FACTORS[step.layer.kind] for step in way))
        elif step.layer.kind in GRADIENT_FACTORS:
            squashing.append(step)
    return squashing


def _relu_instead(architecture: Architecture, squashing: Sequence[Step]) -> Iterator[Mend]:
    for step in squashing:
        architecture = architecture.update_layer(step.path, kind="ReLU")
    yield Mend(f"Make layers {', '.join(layer_number(step.path) for step in squashing)} ReLU", architecture)


def _superscript(n: int) -> str:
    return "" if n == 1 else "".join("⁰¹²³⁴⁵⁶⁷⁸⁹"[int(digit)] for digit in str(n))


def find_missing_norm(net: Net) -> Iterator[Occurrence]:
    """Finds a convolution before an activation with no norm between them: a next step, as nets learn without it."""
    if net.task.batch_size == 1:  # BatchNorm needs a variance, which one sample does not have
        return
    for stack in net.stacks:
        for index, step in enumerate(stack):
            if not isinstance(step.layer, ConvBase) or math.prod((step.output_shape or ())[1:]) == 1:
                continue  # a convolution of one position is a Linear, as in squeeze and excitation
            if _reaches_activation_without_norm(stack[index + 1 :]):
                text = f"There is no norm between {label_step(step)}, and the activation after it."
                yield Occurrence(step.path, text, _batch_norm_after(net, step), is_step=True)


def _reaches_activation_without_norm(stack: Sequence[Step]) -> bool:
    for step in stack:
        if family(step.layer.kind) == "activation":
            return step.layer.kind != "SELU"  # which keeps mean and variance itself
        if not (passes_values_on(step) or family(step.layer.kind) == "pool"):
            return False
    return False


def _batch_norm_after(net: Net, step: Step) -> Iterator[Mend]:
    axes = len(step.output_shape or ()) - 1
    if not 1 <= axes <= MAX_NORM_AXES:
        return
    text = f"Put a BatchNorm{axes}d after layer {layer_number(step.path)}"
    architecture = net.architecture
    if getattr(step.layer, "bias", False):
        text += ", and set the bias of the layer to False: the norm has a shift of its own"
        architecture = architecture.update_layer(step.path, bias=False)
    yield Mend(text, architecture.insert_layer(path_after(step), layer_of_kind(f"BatchNorm{axes}d")))


def find_bias_before_norm(net: Net) -> Iterator[Occurrence]:
    """Finds a bias for each channel right before a norm that subtracts the mean of each channel."""
    for stack in net.stacks:
        for step, norm in pairwise(stack):
            layer = step.layer
            per_channel = isinstance(layer, ConvBase) or (isinstance(layer, Linear) and len(step.input_shape) == 1)
            if per_channel and getattr(layer, "bias", False) and isinstance(norm.layer, ChannelNorm):
                text = (
                    f"The {norm.input_shape[0]:,} biases of {label_step(step)}, do nothing: {label_step(norm)},"
                    " subtracts the mean of every channel, and the bias with it."
                )
                yield Occurrence(step.path, text, _without_bias(net.architecture, step))


def _without_bias(architecture: Architecture, step: Step) -> Iterator[Mend]:
    yield Mend(
        f"Set the bias of layer {layer_number(step.path)} to False", architecture.update_layer(step.path, bias=False)
    )


def find_dropout_before_norm(net: Net) -> Iterator[Occurrence]:
    """Finds a Dropout whose values reach a BatchNorm before any layer with weights mixes them."""
    for stack in net.stacks:
        for index, step in enumerate(stack):
            if not isinstance(step.layer, DropoutBase) or isinstance(step.layer, AlphaDropout) or step.layer.p == 0:
                continue
            norm = _next_batch_norm(stack[index + 1 :])
            if norm:
                yield Occurrence(
                    step.path,
                    _describe_variance_shift(step, step.layer.p, norm),
                    _move_dropout_behind(net, stack, step, norm),
                )


def _next_batch_norm(stack: Sequence[Step]) -> Step | None:
    for step in stack:
        if isinstance(step.layer, BatchNorm):
            return step
        if not (passes_values_on(step) or family(step.layer.kind) in ("activation", "pool")):
            return None
    return None


def _describe_variance_shift(step: Step, p: float, norm: Step) -> str:
    larger = f"{1 / (1 - p):.3g} times as large as" if p < 1 else "0, unlike"
    return (
        f"{label_step(step, 'Layer')} with p = {p:g}, comes before {label_step(norm)}. In training it makes the"
        f" mean square of the values {larger} in evaluation, and the norm keeps the variance it saw in training."
    )


def _move_dropout_behind(net: Net, stack: Sequence[Step], step: Step, norm: Step) -> Iterator[Mend]:
    index = norm.path[-1]
    following = stack[index + 1] if index + 1 < len(stack) else None
    targets = [norm]
    if following and family(following.layer.kind) == "activation":
        targets.insert(0, following)
    for target in targets:
        kind = dropout_kind_for(target.input_shape, step.layer.kind)
        moved = net.architecture.update_layer(step.path, kind=kind).move_layer(step.path, target.path)
        text = f"Put the {step.layer.kind} after layer {layer_number(target.path)}, {target.layer.kind}"
        yield Mend(text if kind == step.layer.kind else f"{text}, as {kind}", moved)
    yield Mend(f"Remove the {step.layer.kind}", net.architecture.remove_layer(step.path))


def find_wrong_dropout_axes(net: Net) -> Iterator[Occurrence]:
    """Finds a dropout of feature maps on samples without any, or with another number of axes."""
    for step in iter_steps(net.steps):
        kind, axes = step.layer.kind, len(step.input_shape)
        expected = {"Dropout1d": 2, "Dropout2d": 3, "Dropout3d": 4}.get(kind, axes)
        if axes == expected:
            continue
        actual = "single numbers" if axes == 1 else f"{axes} axes"
        zeroes_samples = kind == "Dropout1d" or (kind == "Dropout3d" and axes < 4)
        effect = (
            "torch mistakes the samples for channels and zeroes whole samples"
            if zeroes_samples
            else f"it works as {dropout_kind_for(step.input_shape, kind)}, and torch warns that it will refuse it"
        )
        text = (
            f"{label_step(step, 'Layer')}, drops feature maps of samples with {expected} axes, but its input has"
            f" {actual}:"
            f" {effect}."
        )
        yield Occurrence(step.path, text, _fitting_dropout(net.architecture, step))


def _fitting_dropout(architecture: Architecture, step: Step) -> Iterator[Mend]:
    kind = dropout_kind_for(step.input_shape, step.layer.kind)
    yield Mend(f"Make it {kind}", architecture.update_layer(step.path, kind=kind))
