"""Convolutions and pools of Keras as layers of torch, where these have the same windows.

Source: https://keras.io/api/layers/, and for the padding https://www.tensorflow.org/api_docs/python/tf/nn.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from cnnviz.errors import ShapeError
from cnnviz.layers import PALETTE
from cnnviz.layers.window import collapse_equal
from cnnviz.shapes import Shape, format_shape
from cnnviz.source.keras_arguments import Calls, Rule, flag, is_channels_last, made, refused, sizes
from cnnviz.source.values import KerasLayer

Pairs = list[tuple[int, int]]
"""What is added before and behind each axis."""


def _same_padding(sizes: Shape, kernels: Sequence[int], strides: Sequence[int]) -> Pairs:
    """What padding='same' adds before and after each axis, so that ⌈size / stride⌉ come out."""
    totals = [max((-(-n // s) - 1) * s + k - n, 0) for n, k, s in zip(sizes, kernels, strides, strict=True)]
    return [(total // 2, total - total // 2) for total in totals]


def _conv_padding(
    layer: KerasLayer, shape: Shape, spans: Sequence[int], strides: Sequence[int]
) -> tuple[Pairs, object]:
    """Returns the zeros before and behind each axis that need a layer of their own, and the convolution's padding.

    A convolution adds the same on both sides, except at a stride of 1; a ZeroPad adds what it likes.
    """
    padding, added = layer.arguments.get("padding", "valid"), layer.arguments.get("zero_padding")
    if padding == "valid":
        return [], added or 0
    if padding == "causal" and layer.name == "Conv1D":
        return [(spans[0] - 1, 0)], 0
    if padding != "same" or added:
        raise refused(layer, f"with padding={padding!r} is no layer here")
    if set(strides) == {1} or len(spans) != len(shape) - 1:
        return [], "same"
    pads = _same_padding(shape[1:], spans, strides)
    if any(before != behind for before, behind in pads):
        return pads, 0
    return [], collapse_equal([before for before, _ in pads])


def _zero_pad(layer: KerasLayer, pairs: Pairs) -> Calls:
    """Yields a ZeroPad of what is added before and behind each axis, unless that is nothing."""
    numbers = [number for pair in reversed(pairs) for number in pair]  # torch begins with the last axis
    if any(numbers):
        yield made(layer, f"ZeroPad{len(pairs)}d", padding=collapse_equal(numbers))


def conv(axes: int) -> Rule:
    """Returns the rule of convolutions, plain, depthwise or separable."""

    def rule(layer: KerasLayer, shape: Shape) -> Calls:
        kernels = sizes(layer, "kernel_size", None, axes)
        strides, dilations = sizes(layer, "strides", 1, axes), sizes(layer, "dilation_rate", 1, axes)
        spans = [d * (k - 1) + 1 for k, d in zip(kernels, dilations, strict=True)]
        pairs, padding = _conv_padding(layer, shape, spans, strides)
        window = {
            "kernel_size": collapse_equal(kernels),
            "stride": collapse_equal(strides),
            "padding": padding,
            "dilation": collapse_equal(dilations),
        }
        kind, bias = f"Conv{axes}d", flag(layer, "use_bias")
        yield from _zero_pad(layer, pairs)
        if layer.name.startswith(("Separable", "Depthwise")):
            channels = shape[0] * sizes(layer, "depth_multiplier", 1, 1)[0]
            is_whole = layer.name.startswith("Depthwise")
            yield made(layer, kind, out_channels=channels, groups=shape[0], bias=bias and is_whole, **window)
            if not is_whole:
                yield made(layer, kind, out_channels=layer.arguments["filters"], kernel_size=1, bias=bias)
        else:
            groups = layer.arguments.get("groups", 1)
            yield made(layer, kind, out_channels=layer.arguments["filters"], groups=groups, bias=bias, **window)

    return rule


def transposed_conv(axes: int) -> Rule:
    """Returns the rule of transposed convolutions."""

    def rule(layer: KerasLayer, shape: Shape) -> Calls:
        kernels, strides = sizes(layer, "kernel_size", None, axes), sizes(layer, "strides", 1, axes)
        padding = layer.arguments.get("padding", "valid")
        is_plain = sizes(layer, "dilation_rate", 1, axes) == (1,) * axes
        if layer.arguments.get("output_padding") is not None or not is_plain or padding not in ("valid", "same"):
            raise refused(layer, "is read without output_padding and dilation_rate only")
        overlaps = [max(k - s, 0) for k, s in zip(kernels, strides, strict=True)]
        yield made(
            layer,
            f"ConvTranspose{axes}d",
            out_channels=layer.arguments["filters"],
            kernel_size=collapse_equal(kernels),
            stride=collapse_equal(strides),
            padding=collapse_equal([overlap // 2 for overlap in overlaps]) if padding == "same" else 0,
            output_padding=collapse_equal([max(s - k, 0) for k, s in zip(kernels, strides, strict=True)]),
            bias=flag(layer, "use_bias"),
        )
        if padding == "same":  # cuts off one more behind than before where the overlap is odd
            yield from _zero_pad(layer, [(0, -(overlap % 2)) for overlap in overlaps])

    return rule


def pool(kind: str, axes: int) -> Rule:
    """Returns the rule of pools: `kind` is Max or Avg."""

    def rule(layer: KerasLayer, shape: Shape) -> Calls:
        kernels = sizes(layer, "pool_size", 2, axes)
        strides = kernels if layer.arguments.get("strides") is None else sizes(layer, "strides", None, axes)
        padding = layer.arguments.get("padding", "valid")
        arguments: dict[str, Any] = {"kernel_size": collapse_equal(kernels)}
        if strides != kernels:
            arguments["stride"] = collapse_equal(strides)
        if padding == "same" and len(shape) - 1 == axes:
            arguments |= _same_pool(layer, f"{kind}Pool{axes}d", arguments, shape, kernels, strides)
        elif padding not in ("valid", "same"):
            raise refused(layer, f"gets padding={padding!r}; it takes 'valid' or 'same'")
        yield made(layer, f"{kind}Pool{axes}d", **arguments)

    return rule


def _same_pool(
    layer: KerasLayer,
    kind: str,
    arguments: dict[str, Any],
    shape: Shape,
    kernels: Sequence[int],
    strides: Sequence[int],
) -> dict[str, Any]:
    """Returns the arguments by which a pool has the windows of padding='same', of which the edge is left out."""
    wanted = (shape[0], *(-(-n // s) for n, s in zip(shape[1:], strides, strict=True)))
    before = [before for before, _ in _same_padding(shape[1:], kernels, strides)]
    more: dict[str, Any] = {"padding": collapse_equal(before)} if any(before) else {}
    if any(before) and kind.startswith("Avg"):
        more["count_include_pad"] = False
    for ceil_mode in (False, True):
        more |= {"ceil_mode": True} if ceil_mode else {}
        try:
            if PALETTE[kind](**arguments, **more).output_shape(shape) == wanted:
                return more
        except ShapeError:
            pass
    raise refused(layer, "with padding='same' has windows here that no pool of torch has; use padding='valid'")


def global_pool(kind: str, axes: int) -> Rule:
    """Returns the rule of pools over all positions."""

    def rule(layer: KerasLayer, shape: Shape) -> Calls:
        yield made(layer, f"Adaptive{kind}Pool{axes}d", output_size=1)
        if layer.arguments.get("keepdims") is not True:
            yield made(layer, "Flatten")

    return rule


def zero_padding(layer: KerasLayer, shape: Shape) -> Calls:
    """Yields zeros around a sample."""
    pairs = _zero_pairs(layer)
    if pairs is None:
        raise refused(layer, "takes whole numbers, or pairs of them, as padding")
    yield from _zero_pad(layer, pairs)


def _zero_pairs(layer: KerasLayer) -> Pairs | None:
    """Returns what a ZeroPadding adds before and behind each axis; None where its argument says nothing of the kind."""
    axes = int(layer.name[-2])
    value = layer.arguments.get("padding", 1)
    if axes == 1 and isinstance(value, list | tuple):
        value = [value]
    items = list(value) if isinstance(value, list | tuple) else [value] * axes
    pairs = [tuple(item) if isinstance(item, list | tuple) else (item, item) for item in items]
    numbers = [number for pair in pairs for number in pair]
    is_known = len(pairs) == axes and all(len(pair) == 2 for pair in pairs)
    is_known = is_known and all(type(number) is int and number >= 0 for number in numbers)
    return pairs if is_known else None


def with_padding(padding: KerasLayer, conv: KerasLayer) -> KerasLayer | None:
    """Returns a convolution that pads as the ZeroPadding before it does; None where it cannot."""
    pairs, axes = _zero_pairs(padding), int(padding.name[-2])
    if conv.name not in (f"Conv{axes}D", f"SeparableConv{axes}D", f"DepthwiseConv{axes}D"):
        return None
    if conv.arguments.get("padding", "valid") != "valid" or not is_channels_last(padding):
        return None
    if pairs is None or any(before != behind for before, behind in pairs):
        return None
    return replace(conv, arguments={**conv.arguments, "zero_padding": collapse_equal([before for before, _ in pairs])})


def upsampling(axes: int) -> Rule:
    """Returns the rule of layers that repeat values, or draw straight lines between them.

    Torch's bicubic curve is another one than Keras'.
    """

    def rule(layer: KerasLayer, shape: Shape) -> Calls:
        mode = layer.arguments.get("interpolation", "nearest")
        if mode not in ("nearest", "bilinear"):
            raise refused(layer, "is read with interpolation='nearest' or 'bilinear' only")
        if len(shape) != axes + 1:
            raise refused(layer, f"takes samples with {axes + 1} axes, but one of {format_shape(shape)} comes in")
        factors = tuple(float(size) for size in sizes(layer, "size", 2, axes))
        yield made(layer, "Upsample", scale_factor=factors[0] if len(set(factors)) == 1 else factors, mode=mode)

    return rule
