"""Numbers drawn anew for each sample, by which code leaves out a branch in training: stochastic depth.

Source: https://pytorch.org/vision/stable/generated/torchvision.ops.stochastic_depth.html
"""

from __future__ import annotations

import ast
import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto

from cnnviz.layers import Scale, StochasticDepth
from cnnviz.source.interpreter import Interpreter
from cnnviz.source.layer_calls import checked_layer_call
from cnnviz.source.tensor_values import Tensor
from cnnviz.source.tensors import apply_layer
from cnnviz.source.values import Symbol

_LEAVES_OUT = "random numbers in a design are those of Dropout and StochasticDepth, which scale by 1 / (1 - p)"


class Step(Enum):
    """How far the numbers have come: not set, between 0 and 1, the same plus `keep`, 0 or 1, and 0 or 1 / keep."""

    EMPTY = auto()
    UNIFORM = auto()
    RAISED = auto()
    BINARY = auto()
    SCALED = auto()


@dataclass(eq=False)
class RandomMask:
    """A random number for each sample, with axes of length 1; an operation in place takes it a step further."""

    step: Step
    keep: float = 0.0
    """With which probability a sample is kept."""
    axes: int = 0


def make_mask(sizes: Sequence[object], *, is_uniform: bool) -> RandomMask | None:
    """Returns what torch.rand or torch.empty makes of the size of a batch and axes of length 1; None for others."""
    if len(sizes) < 2 or sizes[0] is not Symbol.BATCH or any(size != 1 for size in sizes[1:]):
        return None
    return RandomMask(Step.UNIFORM if is_uniform else Step.EMPTY, axes=len(sizes))


def drawn(mask: RandomMask, keep: float) -> RandomMask:
    """Returns 1 with that probability, else 0."""
    return RandomMask(Step.BINARY, keep, mask.axes)


def combine_mask(
    interpreter: Interpreter, left: object, sign: ast.operator, right: object, node: ast.expr | ast.stmt
) -> RandomMask | Tensor:
    """Returns a mask plus or by a number, or a tensor times a mask, which is a StochasticDepth."""
    if isinstance(left, RandomMask) and isinstance(sign, ast.Add | ast.Mult):
        left, right = right, left
    match left, sign, right:
        case ((int() | float()), ast.Add(), RandomMask(step=Step.UNIFORM)):
            return RandomMask(Step.RAISED, float(left), right.axes)
        case RandomMask(step=Step.BINARY), ast.Div(), (int() | float()) if right == left.keep:
            return RandomMask(Step.SCALED, left.keep, left.axes)
        case Tensor(), ast.Mult(), RandomMask(step=Step.SCALED) if right.axes == len(left.sizes):
            return _leave_out(interpreter, left, right.keep, node)
        case Tensor(), ast.Mult(), RandomMask(step=Step.BINARY) if right.axes == len(left.sizes):
            before, scale = left.node.before, left.node.layer
            if before and isinstance(scale, Scale) and math.isclose(scale.factor * right.keep, 1):
                return _leave_out(interpreter, Tensor(before), right.keep, node)
    raise interpreter.not_understood(node, _LEAVES_OUT)


def compare_mask(
    interpreter: Interpreter, left: RandomMask, sign: type[ast.cmpop], right: object, node: ast.expr
) -> RandomMask:
    """Returns 0 or 1 by whether random numbers are below, or above, a number."""
    if left.step is Step.UNIFORM and isinstance(right, int | float):
        if sign in (ast.Lt, ast.LtE):
            return drawn(left, float(right))
        if sign in (ast.Gt, ast.GtE):
            return drawn(left, 1 - right)
    raise interpreter.not_understood(node, _LEAVES_OUT)


def floor_mask(interpreter: Interpreter, mask: RandomMask, node: ast.expr) -> RandomMask:
    """Returns 1 where keep plus a number between 0 and 1 reaches 1, which has the probability keep; else 0."""
    if mask.step is not Step.RAISED or not 0 <= mask.keep <= 1:
        raise interpreter.not_understood(node, _LEAVES_OUT)
    return drawn(mask, mask.keep)


def is_stochastic_depth(trained: object, evaluated: object) -> bool:
    """Returns whether a tensor in training is a StochasticDepth of the one in evaluation."""
    return (
        isinstance(trained, Tensor)
        and isinstance(evaluated, Tensor)
        and isinstance(trained.node.layer, StochasticDepth)
        and trained.node.before is evaluated.node
    )


def _leave_out(interpreter: Interpreter, tensor: Tensor, keep: float, node: ast.expr | ast.stmt) -> Tensor:
    call = interpreter.snippet(node)
    return apply_layer(checked_layer_call("StochasticDepth", {"p": 1 - keep}, call, node.lineno), tensor, node.lineno)
