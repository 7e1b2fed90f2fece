"""torch as the judge of a layer: what it really answers, and what it refuses."""

import re
import warnings
from collections.abc import Iterable

import torch
from torch.utils.flop_counter import FlopCounterMode

from cnnviz.errors import ShapeError
from cnnviz.layers import Block, Layer
from cnnviz.shapes import AXES, Shape


def accepted_shape(kind: str) -> Shape:
    """A sample that a fresh layer of that kind takes."""
    axes = {"1d": 1, "3d": 3}.get(kind[-2:], 2)
    return (4, *[12] * axes)


AXES_BY_NAME = re.compile(r"(?:Adaptive|ZeroPad|ConstantPad|PixelShuffle|PixelUnshuffle)\D*(\d?)")
"""Kinds that torch applies to the last axes of any sample; ours take samples with as many axes as their names say."""
UNBATCHED_PREFIXES = (
    "MaxPool", "AvgPool", "LPPool", "Adaptive", "Fractional", "Conv", "InstanceNorm", "Reflection", "Replication",
    "Circular", "Pixel", "Softmax2d",
)  # fmt: skip
"""Kinds that take a sample without the batch axis, so that a batch of (C, L) samples would pass for one (C, H, W)."""


def our_output_shape(layer: Layer, shape: Shape) -> Shape | None:
    try:
        return layer.output_shape(shape)
    except ShapeError:
        return None


def torch_result(layer: Layer, shape: Shape) -> tuple[Shape | None, int]:
    """Real output shape and parameter count; shape None where torch refuses to build or to run."""
    if isinstance(layer, Block) and any(stack_is_refused(stack, shape) for stack in layer.stacks):
        return None, 0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # dropout2d of a vector, 'same' with an even kernel
        try:
            module = layer.build_module(shape)
            out = module(torch.zeros(2, *shape))
            if layer.kind.startswith(UNBATCHED_PREFIXES):
                module(torch.zeros(shape))
            if layer.kind in (
                "LayerNorm",
                "RMSNorm",
            ):  # a batch as large as the first of normalized_shape would pass for an axis
                module(torch.zeros(3, *shape))
            if named := AXES_BY_NAME.match(layer.kind):
                assert len(shape) == int(named[1] or 2) + 1
            if layer.kind in ("GLU", "Unflatten", "Softmax", "Softmin", "LogSoftmax"):  # torch works along a batch, too
                assert layer.dim % (len(shape) + 1) != 0
            assert len(out.shape) - 1 in AXES
        except (RuntimeError, ValueError, IndexError, AssertionError):
            return None, 0
    if out.numel() == 0:  # a transposed convolution whose padding cuts all away: an answer without a single value
        return None, 0
    return tuple(out.shape[1:]), sum(p.numel() for p in module.parameters())


def stack_is_refused(stack: Iterable[Layer], shape: Shape) -> bool:
    before: Shape | None = shape
    for layer in stack:
        before = torch_result(layer, before)[0]
        if before is None:
            return True
    return False


def torch_multiply_adds(layer: Layer, shape: Shape) -> int:
    """Multiply-adds of one sample as torch counts them: half of its floating-point operations."""
    with FlopCounterMode(display=False) as counter, torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        layer.build_module(shape)(torch.zeros(2, *shape))
    return counter.get_total_flops() // 2 // 2
