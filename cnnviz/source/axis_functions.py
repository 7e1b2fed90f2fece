"""The handlers of torch's functions that pool axes, leave out those of length 1, or move them."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from typing import Any

from cnnviz.layers import Unflatten
from cnnviz.shapes import AXES, numel
from cnnviz.source.arguments import Arguments
from cnnviz.source.interpreter import Interpreter, Scope
from cnnviz.source.tensor_values import SWAPPED, Begun, Stacked, Tensor, TensorNode
from cnnviz.source.tensors import apply_layer, reshape_tensor
from cnnviz.source.torch_functions import add_up, tensor_and_arguments, value_and_arguments
from cnnviz.source.values import LayerCall, MisfitError, Unresolved


def pool(kind: str, interpreter: Interpreter, node: ast.Call, scope: Scope) -> Tensor:
    """Pools axes: torch.mean, whose kind is Avg, and torch.amax, whose kind is Max; or adds up what was stacked."""
    value, arguments = value_and_arguments(interpreter, node, scope)
    if isinstance(value, Stacked) and kind == "Avg":
        return add_up(interpreter, value, arguments, node, divides=True)
    if not isinstance(value, Tensor):
        raise interpreter.not_understood(node)
    return pool_axes(kind, interpreter, value, arguments, node)


def largest(interpreter: Interpreter, node: ast.Call, scope: Scope) -> object:
    """Pools an axis: torch.max."""
    tensor, arguments = tensor_and_arguments(interpreter, node, scope)
    return largest_along(interpreter, tensor, arguments, node)


def squeeze(interpreter: Interpreter, node: ast.Call, scope: Scope) -> Tensor:
    """Leaves out axes of length 1: torch.squeeze."""
    tensor, arguments = tensor_and_arguments(interpreter, node, scope)
    return squeeze_tensor(interpreter, tensor, arguments, node)


def pool_axes(kind: str, interpreter: Interpreter, tensor: Tensor, arguments: Arguments, node: ast.Call) -> Tensor:
    """Returns what mean or amax over axes behind the channels gives: an adaptive pool, and a Flatten of these axes."""
    name = {"Avg": "mean", "Max": "amax"}[kind]
    named = {"dim" if key == "axis" else key: value for key, value in arguments.named.items()}
    values = Arguments(arguments.positional, named).matched(("dim", "keepdim", "dtype"), name, node.lineno)
    dims = values.get("dim")
    return _pool(interpreter, tensor, dims, kind, node, keeps=values.get("keepdim") is True)


def largest_along(interpreter: Interpreter, tensor: Tensor, arguments: Arguments, node: ast.Call) -> object:
    """Returns what max along an axis gives: the largest values, and their places, which no design holds."""
    values = arguments.matched(("dim", "keepdim"), "max", node.lineno)
    if not isinstance(values.get("dim"), int):
        raise interpreter.not_understood(node)
    pooled = _pool(interpreter, tensor, values["dim"], "Max", node, keeps=values.get("keepdim") is True)
    return (pooled, Unresolved(interpreter.not_understood(node, "no layer gives the places of the largest values")))


def squeeze_tensor(interpreter: Interpreter, tensor: Tensor, arguments: Arguments, node: ast.Call) -> Tensor:
    """Returns a tensor without axes of length 1."""
    values, shape = arguments.matched(("dim",), "squeeze", node.lineno), tensor.sizes[1:]
    dims = values.get("dim")
    axes = range(1, len(shape) + 1) if dims is None else _axes(interpreter, tensor, dims, node)
    wanted = tuple(size for axis, size in enumerate(shape, 1) if axis not in axes or size != 1)
    if not wanted:
        seen_by = f"Line {node.lineno}: `{interpreter.snippet(node)}` leaves nothing but the batch."
        return Tensor(tensor.node, tensor, seen=(), seen_by=seen_by)
    return reshape_tensor(tensor, [tensor.sizes[0], *wanted], interpreter.snippet(node), node.lineno)


def unsqueeze_tensor(interpreter: Interpreter, tensor: Tensor, axis: object, node: ast.expr) -> Tensor:
    """Returns the input of a net with an axis of length 1 more: the design's samples have it."""
    before = tensor.node
    count = len(before.sizes) + 1
    if not isinstance(axis, int) or not -count <= axis < count or axis % count == 0:
        raise interpreter.not_understood(node)
    if before.before is not None:
        raise interpreter.not_understood(node, "a design can give an axis of length 1 only to the input itself")
    place = axis % count - 1
    shape = (*before.shape[:place], 1, *before.shape[place:])
    if len(shape) not in AXES:
        raise MisfitError(
            f"Line {node.lineno}: `{interpreter.snippet(node)}` gives a sample more axes than a net takes."
        )
    return Tensor(TensorNode(shape, batch=before.batch), tensor)


def permute_tensor(interpreter: Interpreter, tensor: Tensor, order: Sequence[object], node: ast.Call) -> Tensor:
    """Returns a tensor whose axes of length 1 stand elsewhere, which changes no number; others cannot be moved."""
    count, shape = len(tensor.sizes), tensor.sizes[1:]
    axes = [axis % count for axis in order if isinstance(axis, int) and -count <= axis < count]
    moved = [axis for axis in axes[1:] if axis and shape[axis - 1] != 1]
    if axes[:3] == [0, 2, 1] and axes[3:] == list(range(3, count)) and (shuffled := _shuffled(tensor, node)):
        return shuffled
    if len(axes) < len(order) or sorted(axes) != list(range(count)) or axes[0] != 0 or moved != sorted(moved):
        raise interpreter.not_understood(
            node, "the axes of a sample stay in their order in a design, channels first; leave it out"
        )
    wanted = tuple(int(size) for size in (shape[axis - 1] for axis in axes[1:]) if isinstance(size, int))
    if wanted == shape:
        return tensor
    call, line = interpreter.snippet(node), node.lineno
    if tensor.seen is not None:
        return Tensor(tensor.node) if tensor.begun else tensor.seen_as(wanted)
    if len(moved) > 1:
        return reshape_tensor(tensor, [tensor.sizes[0], *wanted], call, line)
    flat = reshape_tensor(tensor, [tensor.sizes[0], numel(tensor.node.shape)], call, line)  # a row of numbers
    seen_by = (
        f"Line {line}: `{call}` leaves a row of numbers with axes of length 1 around it. In a design, only activations,"
        " a Dropout, and a Linear or a softmax along the row itself can follow; squeeze it first."
    )
    return Tensor(flat.node, tensor, seen=wanted, seen_by=seen_by)


def _shuffled(tensor: Tensor, node: ast.Call) -> Tensor | None:
    """Returns a tensor whose channels were split in groups, which are swapped here; None where it is none.

    Seen as one again, it is a ChannelShuffle: https://pytorch.org/docs/stable/generated/torch.nn.ChannelShuffle.html
    """
    before = tensor.held.before
    split = tensor.held.layer
    if tensor.seen is not None or before is None or not isinstance(split, Unflatten) or split.dim != 1:
        return None
    groups, width, *sizes = tensor.node.shape
    if len(tensor.node.shape) != len(before.shape) + 1 or len(before.shape) not in (3, 4):
        return None
    seen_by = (
        f"Line {node.lineno}: this swaps groups of channels. A view that puts them side by side again makes it a"
        " ChannelShuffle; nothing else can follow in a design."
    )
    return Tensor(before, seen=(width, groups, *sizes), seen_by=seen_by, begun=Begun(SWAPPED, groups))


def permute(interpreter: Interpreter, node: ast.Call, scope: Scope) -> Tensor:
    """Moves axes of length 1: torch.permute."""
    tensor, arguments = tensor_and_arguments(interpreter, node, scope)
    values = arguments.matched(("dims",), "torch.permute", node.lineno)
    dims = values.get("dims")
    if not isinstance(dims, list | tuple):
        raise interpreter.not_understood(node)
    return permute_tensor(interpreter, tensor, dims, node)


def transpose(interpreter: Interpreter, node: ast.Call, scope: Scope) -> Tensor:
    """Swaps two axes, one of length 1: torch.transpose."""
    tensor, arguments = tensor_and_arguments(interpreter, node, scope)
    return transpose_tensor(interpreter, tensor, arguments, node)


def transpose_tensor(interpreter: Interpreter, tensor: Tensor, arguments: Arguments, node: ast.Call) -> Tensor:
    """Returns a tensor with two axes swapped, of which one has length 1."""
    values = arguments.matched(("dim0", "dim1"), "transpose", node.lineno)
    count, axes = len(tensor.sizes), list(values.values())
    if len(axes) != 2 or not all(isinstance(axis, int) and -count <= axis < count for axis in axes):
        raise interpreter.not_understood(node)
    first, second = (int(str(axis)) % count for axis in axes)
    order: list[object] = list(range(count))
    order[first], order[second] = second, first
    return permute_tensor(interpreter, tensor, order, node)


def _pool(interpreter: Interpreter, tensor: Tensor, dims: object, kind: str, node: ast.Call, *, keeps: bool) -> Tensor:
    shape = tensor.node.shape
    axes = _axes(interpreter, tensor, dims, node)
    if not axes or 0 in axes or 1 in axes or len(shape) < 2:
        raise interpreter.not_understood(node, "a design can pool the axes after the channels only")
    sizes = tuple(1 if axis in axes else size for axis, size in enumerate(shape, 1))
    output: object = sizes[1] if len(shape) == 2 else sizes[1:]
    call, line = interpreter.snippet(node.func), node.lineno
    arguments = {"output_size": 1 if set(sizes[1:]) == {1} else output}
    pooled = apply_layer(LayerCall(f"Adaptive{kind}Pool{len(shape) - 1}d", arguments, call, line), tensor, line)
    if keeps:
        return pooled
    wanted = tuple(size for axis, size in enumerate(sizes, 1) if axis not in axes)
    return reshape_tensor(pooled, [tensor.node.sizes[0], *wanted], interpreter.snippet(node), line)


def _axes(interpreter: Interpreter, tensor: Tensor, dims: object, node: ast.Call) -> list[int]:
    """Returns axes, counted from that of the batch."""
    count = len(tensor.sizes)
    listed: list[Any] = list(dims) if isinstance(dims, tuple | list) else [dims]
    if not all(isinstance(axis, int) and -count <= axis < count for axis in listed):
        raise interpreter.not_understood(node)
    return [int(axis) % count for axis in listed]
