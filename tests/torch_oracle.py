"""torch as the judge of a layer: what it really answers, and what it refuses."""

import warnings
from collections.abc import Iterable

import torch
from torch.utils.flop_counter import FlopCounterMode

from cnnviz.errors import ShapeError
from cnnviz.layers import Block, Layer
from cnnviz.shapes import Shape


def accepted_shape(kind: str) -> Shape:
    """A sample that a fresh layer of that kind takes."""
    axes = {"1d": 1, "3d": 3}.get(kind[-2:], 2)
    return (4, *[12] * axes)


UNBATCHED_PREFIXES = ("MaxPool", "AvgPool", "LPPool", "Adaptive", "Conv", "InstanceNorm")
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
            if layer.kind == "LayerNorm":  # a batch as large as the first of normalized_shape would pass for an axis
                module(torch.zeros(3, *shape))
            if layer.kind.startswith("Adaptive"):  # a mean over the last axes comes to any sample for output_size 1
                assert len(shape) == int(layer.kind[-2]) + 1
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
