"""One feature map of a convolution: what each input map gives it, their sum, the bias, and what follows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import comb, prod

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional

from cnnviz.inside.feature_maps import SHAPE_KEEPING_FAMILIES, LayerMaps, following_maps
from cnnviz.layers.conv import Conv, ConvTranspose
from cnnviz.layers.window import per_axis
from cnnviz.windows import Window

Kernel = npt.NDArray[np.float32]
"""(*kernel_size): the weights for one input map."""
CONVOLUTIONS = {1: functional.conv1d, 2: functional.conv2d, 3: functional.conv3d}
TRANSPOSED = {1: functional.conv_transpose1d, 2: functional.conv_transpose2d, 3: functional.conv_transpose3d}
PAD_MODES = {"zeros": "constant", "reflect": "reflect", "replicate": "replicate", "circular": "circular"}
"""What torch's `pad` calls the padding modes of its convolutions."""


@dataclass(frozen=True, eq=False)
class MapSum:
    """One map of a convolution as a sum over its input maps; spatial sizes only, without batch and channel.

    J input maps (J, *sizes) meet J kernels (J, *kernel_size) and give J parts (J, *out); these and the bias add up to
    `total` (*out). `following` are the titles and maps of the norm and activation behind it.
    """

    input_channels: tuple[int, ...]
    inputs: Tensor
    kernels: Tensor
    parts: Tensor
    bias: float
    total: Tensor
    following: tuple[tuple[str, Tensor], ...]


def is_convolution(record: LayerMaps) -> bool:
    """Whether a layer has one kernel for each pair of input and output map."""
    return isinstance(record.layer, Conv | ConvTranspose)


def map_sum(maps: Sequence[LayerMaps], record: LayerMaps, channel: int, kernel: Kernel | None = None) -> MapSum:
    """Returns the sum that one output map of a convolution is, for the first sample of the batch.

    With another `kernel`, every input map meets that one instead of the net's own, and what follows is computed anew.
    """
    layer = record.layer
    if not isinstance(layer, Conv | ConvTranspose):
        raise TypeError(layer.kind)
    before, after = record.before[:1], record.after[:1]
    per_group = before.shape[1] // layer.groups
    first = channel // (layer.out_channels // layer.groups) * per_group
    channels = tuple(range(first, first + per_group))
    inputs = before[:, first : first + per_group]
    weight, bias = _weights_of(record, channel, first, per_group), _bias_of(record, channel)
    if kernel is not None:
        weight = torch.from_numpy(kernel).expand_as(weight).contiguous()
    with torch.no_grad():
        parts = _parts(record, inputs, weight)
        total = after[0, channel] if kernel is None else parts.sum(0) + bias
        following = _follow(maps, record, channel, None if kernel is None else total)
    return MapSum(channels, inputs[0], weight, parts, bias, total, following)


def padded_input(layer: Conv[object, object], batch: Tensor) -> Tensor:
    """Returns the input (N, C, *sizes) of a convolution with its padding."""
    rules = [rule for rule in layer.axis_rules(tuple(batch.shape[1:])) if isinstance(rule, Window)]
    pads = [size for rule in reversed(rules) for size in rule.padding]
    return functional.pad(batch, pads, mode=PAD_MODES[layer.padding_mode]) if any(pads) else batch


def example_kernels(kernel_size: Sequence[int], axes: Sequence[str]) -> dict[str, Kernel]:
    """Returns kernels that everybody can foresee the effect of, by title: identity, blur, and Sobel along each axis.

    Source: Sobel & Feldman (1968): a difference along one axis, smoothed by binomial weights along the others.

    >>> example_kernels((3, 3), ("height", "width"))["Sobel along the width"].tolist()
    [[-1.0, 0.0, 1.0], [-2.0, 0.0, 2.0], [-1.0, 0.0, 1.0]]
    """
    identity = np.zeros(kernel_size, np.float32)
    identity[tuple((size - 1) // 2 for size in kernel_size)] = 1
    kernels = {"Identity": identity, "Blur": np.full(kernel_size, 1 / prod(kernel_size), np.float32)}
    for place, axis in enumerate(axes):
        if kernel_size[place] < 2:
            continue
        factors = [
            _difference(size) if other == place else np.array([comb(size - 1, i) for i in range(size)], float)
            for other, size in enumerate(kernel_size)
        ]
        product = factors[0]
        for factor in factors[1:]:
            product = np.multiply.outer(product, factor)
        kernels[f"Sobel along the {axis}"] = product.astype(np.float32)
    return kernels


def _difference(size: int) -> npt.NDArray[np.float64]:
    """Returns the weights of a difference: −1 at the first place, 1 at the last, with binomial weights in between."""
    smoothing = np.array([comb(size - 2, i) for i in range(size - 1)], float)
    return np.convolve(smoothing, [-1, 1])


def _weights_of(record: LayerMaps, channel: int, first: int, count: int) -> Tensor:
    """Returns the kernels (J, *kernel_size) of one output map."""
    weight: Tensor = record.module.weight.detach()  # type: ignore[operator]
    layer = record.layer
    if isinstance(layer, ConvTranspose):
        return weight[first : first + count, channel % (layer.out_channels // layer.groups)]
    return weight[channel]


def _bias_of(record: LayerMaps, channel: int) -> float:
    bias = record.module.bias
    return float(bias.detach()[channel]) if isinstance(bias, Tensor) else 0.0


def _parts(record: LayerMaps, inputs: Tensor, weight: Tensor) -> Tensor:
    """Returns what each input map (1, J, *sizes) alone gives with its kernel, (J, *out)."""
    layer, axes, count = record.layer, inputs.dim() - 2, inputs.shape[1]
    kernels = weight[:, None]
    if isinstance(layer, ConvTranspose):
        result: Tensor = TRANSPOSED[axes](
            inputs,
            kernels,
            stride=per_axis(layer.stride, axes),
            padding=per_axis(layer.padding, axes),
            output_padding=per_axis(layer.output_padding, axes),
            groups=count,
            dilation=per_axis(layer.dilation, axes),
        )
        return result[0]
    assert isinstance(layer, Conv)  # noqa: S101
    result = CONVOLUTIONS[axes](
        padded_input(layer, inputs),
        kernels,
        stride=per_axis(layer.stride, axes),
        dilation=per_axis(layer.dilation, axes),
        groups=count,
    )
    return result[0]


def _follow(
    maps: Sequence[LayerMaps], record: LayerMaps, channel: int, changed: Tensor | None
) -> tuple[tuple[str, Tensor], ...]:
    """Returns this map behind each norm, activation and dropout that follows; from another map where it is changed."""
    behind = following_maps(maps, record, SHAPE_KEEPING_FAMILIES)
    if changed is None:
        return tuple((later.title, later.after[0, channel]) for later in behind)
    batch = record.after.clone()
    batch[0, channel] = changed
    result = []
    for later in behind:
        batch = later.module(batch.clone())
        result.append((later.title, batch[0, channel]))
    return tuple(result)
