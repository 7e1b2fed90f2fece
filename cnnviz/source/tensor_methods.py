"""Methods of tensors in pasted code."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from functools import partial

from cnnviz.architecture import MAX_SIZE
from cnnviz.shapes import numel
from cnnviz.source.arguments import read_arguments
from cnnviz.source.arithmetic import combine, combine_in_place
from cnnviz.source.axis_functions import (
    largest_along,
    permute_tensor,
    pool_axes,
    squeeze_tensor,
    transpose_tensor,
    unsqueeze_tensor,
)
from cnnviz.source.functional_layers import clamp_tensor, unflatten_tensor
from cnnviz.source.interpreter import Interpreter, Scope
from cnnviz.source.method_handler import WITHOUT_EFFECT, MethodHandler, unchanged
from cnnviz.source.random_masks import RandomMask, combine_mask, drawn, floor_mask, make_mask
from cnnviz.source.tensor_values import Sample, Stacked, Tensor
from cnnviz.source.tensors import reshape_tensor
from cnnviz.source.torch_functions import add_up, apply_layer_function, other_operand
from cnnviz.source.torch_names import LAYER_FUNCTIONS


def _sample_size(interpreter: Interpreter, owner: Sample, node: ast.Call, scope: Scope) -> object:
    positional, _ = read_arguments(interpreter, node, scope)
    axis = positional[0] if positional else None
    if axis is None:
        return owner.shape
    if not isinstance(axis, int) or not -len(owner.shape) <= axis < len(owner.shape):
        raise interpreter.not_understood(node)
    return owner.shape[axis]


def _sample_numbers(interpreter: Interpreter, owner: Sample, node: ast.Call, scope: Scope) -> int:
    return numel(owner.shape)


def _detach(interpreter: Interpreter, owner: Tensor, node: ast.Call, scope: Scope) -> Tensor:
    return Tensor(owner.node.cut_off(interpreter.snippet(node), node.lineno), owner)


def _detach_in_place(interpreter: Interpreter, owner: Tensor, node: ast.Call, scope: Scope) -> Tensor:
    owner.cut_off(interpreter.snippet(node), node.lineno)
    return owner


def _clone(interpreter: Interpreter, owner: Tensor, node: ast.Call, scope: Scope) -> Tensor:
    return Tensor(owner.node)


def _layer(function: str, interpreter: Interpreter, owner: Tensor, node: ast.Call, scope: Scope) -> Tensor:
    """Applies the layer that a method of tensors is."""
    return apply_layer_function(interpreter, function, owner, read_arguments(interpreter, node, scope), node)


def _size(interpreter: Interpreter, owner: Tensor, node: ast.Call, scope: Scope) -> object:
    positional, named = read_arguments(interpreter, node, scope)
    sizes = owner.sizes
    if not positional and not named:
        return sizes
    axis = positional[0] if positional else named.get("dim")
    if not isinstance(axis, int) or not -len(sizes) <= axis < len(sizes):
        raise interpreter.not_understood(node)
    return sizes[axis]


def _count(interpreter: Interpreter, owner: Tensor, node: ast.Call, scope: Scope) -> int:
    """Returns the numbers in a batch of a known size: numel()."""
    if owner.held.batch is None or owner.seen:
        raise interpreter.not_understood(node)
    return owner.held.batch * numel(owner.held.shape)


def _axes(interpreter: Interpreter, owner: Tensor, node: ast.Call, scope: Scope) -> int:
    return len(owner.sizes)


def _view(interpreter: Interpreter, owner: Tensor, node: ast.Call, scope: Scope) -> Tensor:
    positional, named = read_arguments(interpreter, node, scope)
    if named:
        raise interpreter.not_understood(node)
    first = positional[0] if positional else ()
    sizes: Sequence[object] = first if isinstance(first, tuple | list) else positional
    return reshape_tensor(owner, sizes, interpreter.snippet(node), node.lineno)


def _unflatten(interpreter: Interpreter, owner: Tensor, node: ast.Call, scope: Scope) -> Tensor:
    return unflatten_tensor(interpreter, owner, read_arguments(interpreter, node, scope), node)


def _operate(sign: ast.operator, interpreter: Interpreter, owner: Tensor, node: ast.Call, scope: Scope) -> object:
    """Adds to a tensor, subtracts, multiplies or divides it, in place where the name ends with _: add, mul_."""
    arguments = read_arguments(interpreter, node, scope)
    other = other_operand(interpreter, sign, arguments, node)
    return (combine_in_place if _is_in_place(node) else combine)(interpreter, owner, sign, other, node)


def _pool(kind: str, interpreter: Interpreter, owner: Tensor, node: ast.Call, scope: Scope) -> Tensor:
    return pool_axes(kind, interpreter, owner, read_arguments(interpreter, node, scope), node)


def _max(interpreter: Interpreter, owner: Tensor, node: ast.Call, scope: Scope) -> object:
    return largest_along(interpreter, owner, read_arguments(interpreter, node, scope), node)


def _squeeze(interpreter: Interpreter, owner: Tensor, node: ast.Call, scope: Scope) -> Tensor:
    return squeeze_tensor(interpreter, owner, read_arguments(interpreter, node, scope), node)


def _unsqueeze(interpreter: Interpreter, owner: Tensor, node: ast.Call, scope: Scope) -> Tensor:
    values = read_arguments(interpreter, node, scope).matched(("dim",), "unsqueeze", node.lineno)
    return unsqueeze_tensor(interpreter, owner, values.get("dim"), node)


def _permute(interpreter: Interpreter, owner: Tensor, node: ast.Call, scope: Scope) -> Tensor:
    positional, named = read_arguments(interpreter, node, scope)
    order = positional[0] if len(positional) == 1 and isinstance(positional[0], tuple | list) else positional
    if named:
        raise interpreter.not_understood(node)
    return permute_tensor(interpreter, owner, order, node)


def _transpose(interpreter: Interpreter, owner: Tensor, node: ast.Call, scope: Scope) -> Tensor:
    return transpose_tensor(interpreter, owner, read_arguments(interpreter, node, scope), node)


def _clamp(interpreter: Interpreter, owner: Tensor, node: ast.Call, scope: Scope) -> Tensor:
    arguments = read_arguments(interpreter, node, scope)
    return clamp_tensor(interpreter, owner, arguments, node, inplace=_is_in_place(node))


def _is_in_place(node: ast.Call) -> bool:
    return isinstance(node.func, ast.Attribute) and node.func.attr.endswith("_")


def _take_part(interpreter: Interpreter, owner: Tensor, node: ast.Call, scope: Scope) -> object:
    """Refuses what takes a tensor apart: chunk, split."""
    raise interpreter.not_understood(
        node, "no layer takes a tensor apart, so a design cannot use a part of the channels"
    )


def _expand(interpreter: Interpreter, owner: Tensor, node: ast.Call, scope: Scope) -> Tensor:
    """Stretches axes of length 1, which a product does by itself: expand, expand_as."""
    positional, _ = read_arguments(interpreter, node, scope)
    first = positional[0] if positional else None
    sizes: Sequence[object] = first.sizes if isinstance(first, Tensor) else positional
    sizes = first if isinstance(first, tuple | list) else sizes
    before = owner.node.sizes
    if len(sizes) != len(before):
        raise interpreter.not_understood(node)
    wanted = [own if size == -1 else size for own, size in zip(before, sizes, strict=True)]
    shape = tuple(size for size in wanted[1:] if isinstance(size, int) and 1 <= size <= MAX_SIZE)
    fits = all(own in (1, size) for own, size in zip(before[1:], wanted[1:], strict=True))
    if wanted[0] != before[0] or len(shape) != len(before) - 1 or not fits:
        raise interpreter.not_understood(node)
    seen_by = (
        f"Line {node.lineno}: `{interpreter.snippet(node)}` stretches axes of length 1; a design can only multiply what"
        " has that shape by it."
    )
    return owner if shape == owner.node.shape else Tensor(owner.node, owner, seen=shape, seen_by=seen_by)


def _add_up(interpreter: Interpreter, owner: object, node: ast.Call, scope: Scope) -> Tensor:
    return add_up(interpreter, owner, read_arguments(interpreter, node, scope), node, divides=False)


def _mean_of_stacked(interpreter: Interpreter, owner: Stacked, node: ast.Call, scope: Scope) -> Tensor:
    return add_up(interpreter, owner, read_arguments(interpreter, node, scope), node, divides=True)


def _floor(interpreter: Interpreter, owner: RandomMask, node: ast.Call, scope: Scope) -> RandomMask:
    return _put(owner, floor_mask(interpreter, owner, node), node)


def _draw(interpreter: Interpreter, owner: RandomMask, node: ast.Call, scope: Scope) -> RandomMask:
    """Draws 0 or 1 for each sample: bernoulli_(0.9)."""
    keep = read_arguments(interpreter, node, scope).matched(("p",), "bernoulli_", node.lineno).get("p", 0.5)
    if not isinstance(keep, int | float):
        raise interpreter.not_understood(node)
    return _put(owner, drawn(owner, float(keep)), node)


def _divide_mask(interpreter: Interpreter, owner: RandomMask, node: ast.Call, scope: Scope) -> RandomMask:
    other = read_arguments(interpreter, node, scope).matched(("other",), "div", node.lineno).get("other")
    result = combine_mask(interpreter, owner, ast.Div(), other, node)
    if not isinstance(result, RandomMask):
        raise interpreter.not_understood(node)
    return _put(owner, result, node)


def _put(owner: RandomMask, result: RandomMask, node: ast.Call) -> RandomMask:
    """Returns the result, which takes the place of the mask where the name ends with _."""
    if not _is_in_place(node):
        return result
    owner.step, owner.keep = result.step, result.keep
    return owner


def _new_mask(interpreter: Interpreter, owner: Tensor, node: ast.Call, scope: Scope) -> RandomMask:
    """Makes numbers for each sample that are not yet set: x.new_empty((x.shape[0], 1, 1, 1))."""
    positional, _ = read_arguments(interpreter, node, scope)
    sizes = positional[0] if len(positional) == 1 and isinstance(positional[0], tuple | list) else positional
    if mask := make_mask(sizes, is_uniform=False):
        return mask
    raise interpreter.not_understood(node)


OPERATORS: dict[str, ast.operator] = {
    "add": ast.Add(),
    "sub": ast.Sub(),
    "mul": ast.Mult(),
    "multiply": ast.Mult(),
    "div": ast.Div(),
}
"""The operator that each method of tensors is."""


TENSOR_METHODS: dict[type, dict[str, MethodHandler]] = {
    Tensor: {
        **{
            name.removeprefix("torch.Tensor."): partial(_layer, name)
            for name in LAYER_FUNCTIONS
            if name.startswith("torch.Tensor.")
        },
        **WITHOUT_EFFECT,
        "clone": _clone,
        "detach": _detach,
        "detach_": _detach_in_place,
        "size": _size,
        "numel": _count,
        "nelement": _count,
        "dim": _axes,
        "view": _view,
        "reshape": _view,
        "unflatten": _unflatten,
        **{f"{name}{end}": partial(_operate, sign) for name, sign in OPERATORS.items() for end in ("", "_")},
        **dict.fromkeys(("clamp", "clamp_", "clip", "clip_"), _clamp),
        **dict.fromkeys(("chunk", "split", "unbind", "narrow"), _take_part),
        "new_empty": _new_mask,
        "expand": _expand,
        "expand_as": _expand,
        "sum": _add_up,
        "mean": partial(_pool, "Avg"),
        "amax": partial(_pool, "Max"),
        "max": _max,
        "squeeze": _squeeze,
        "unsqueeze": _unsqueeze,
        "permute": _permute,
        "transpose": _transpose,
        "swapaxes": _transpose,
    },
    RandomMask: {
        **dict.fromkeys(("to", "type", "type_as", "float", "half"), unchanged),
        **dict.fromkeys(("floor", "floor_"), _floor),
        **dict.fromkeys(("div", "div_"), _divide_mask),
        "bernoulli_": _draw,
    },
    Stacked: {"sum": _add_up, "mean": _mean_of_stacked},
    Sample: {"size": _sample_size, "numel": _sample_numbers, "nelement": _sample_numbers},
}
"""The handler of every method of tensors, by the type of its owner and its name."""
