"""The handlers of torch's functions in pasted code: those that are layers, and those that join or reshape tensors."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from typing import Any

from cnnviz.architecture import MAX_SIZE
from cnnviz.layers import Unflatten
from cnnviz.layers.join import CONCAT
from cnnviz.shapes import AXES, numel
from cnnviz.source.arguments import Arguments, read_arguments
from cnnviz.source.arithmetic import combine
from cnnviz.source.interpreter import UNDERSTOOD, Interpreter, Scope
from cnnviz.source.layer_calls import checked_layer_call
from cnnviz.source.random_masks import RandomMask, floor_mask, make_mask
from cnnviz.source.tensors import apply_layer, join_tensors, reshape_tensor
from cnnviz.source.torch_names import FUNCTIONS, LAYER_FUNCTIONS
from cnnviz.source.values import SWAPPED, Begun, LayerCall, MisfitError, Stacked, Symbol, Tensor, TensorNode, Unresolved

FUNCTION_DEFAULTS: dict[str, dict[str, object]] = {
    "flatten": {"start_dim": 0},
    "alpha_dropout": {"training": False},
    "feature_alpha_dropout": {"training": False},
}
"""Defaults of functions that are not those of their layers."""
STACKED = (
    "what torch.stack puts on an axis of its own can only be added up or averaged along that axis, as a sum of branches"
)


def layer_function(name: str, interpreter: Interpreter, node: ast.Call, scope: Scope) -> Tensor:
    """Applies the layer that a function of torch is to its first argument, or the one named input."""
    positional, named = read_arguments(interpreter, node, scope)
    if "input" in named:
        positional = [named.pop("input"), *positional]
    if not positional:
        raise interpreter.not_understood(node)
    return apply_layer_function(interpreter, name, positional[0], Arguments(positional[1:], named), node)


def apply_layer_function(
    interpreter: Interpreter, name: str, tensor: object, arguments: Arguments, node: ast.Call
) -> Tensor:
    """Applies the layer that a function of torch is, such as F.max_pool2d, to a tensor."""
    function = LAYER_FUNCTIONS[name]
    kind, parameters = FUNCTIONS[function]
    call, line = interpreter.snippet(node.func), node.lineno
    if not isinstance(tensor, Tensor):
        raise interpreter.not_understood(node)
    values = FUNCTION_DEFAULTS.get(function, {}) | arguments.matched(parameters, call, line)
    training = values.pop("training", True)
    if training is False:
        return tensor
    if training not in (True, Symbol.TRAINING):
        raise interpreter.not_understood(node)
    if training is True and "dropout" in function:
        interpreter.remarks[
            f"Line {line}: {call} without training=self.training drops while a net is evaluated, too; in the design it"
            " is off then."
        ] = None
    return apply_layer(checked_layer_call(kind, values, call, line, inplace=name.endswith("_")), tensor, line)


def concatenate(interpreter: Interpreter, node: ast.Call, scope: Scope) -> Tensor:
    """Puts tensors side by side: torch.cat."""
    positional, named = read_arguments(interpreter, node, scope)
    named = {"dim" if name == "axis" else name: value for name, value in named.items()}
    values = Arguments(positional, named).matched(("tensors", "dim"), "torch.cat", node.lineno)
    tensors, dim = values.get("tensors"), values.get("dim", 0)
    if not isinstance(tensors, list | tuple) or not tensors or not all(isinstance(t, Tensor) for t in tensors):
        raise interpreter.not_understood(node)
    if dim != 1 and dim != -len(tensors[0].node.shape):
        raise interpreter.not_understood(node, "a design can put branches side by side on the channels only, dim=1")
    return join_tensors(CONCAT, tensors, node.lineno, ordered=True) if len(tensors) > 1 else Tensor(tensors[0].node)


def operate(sign: ast.operator, interpreter: Interpreter, node: ast.Call, scope: Scope) -> object:
    """Adds, subtracts, multiplies or divides two values: torch.add, torch.sub, torch.mul, torch.div."""
    value, arguments = value_and_arguments(interpreter, node, scope)
    return combine(interpreter, value, sign, other_operand(interpreter, sign, arguments, node), node)


def other_operand(interpreter: Interpreter, sign: ast.operator, arguments: Arguments, node: ast.Call) -> object:
    """Returns the second operand of such a function; of a sum, times `alpha`."""
    names = ("other", "alpha") if isinstance(sign, ast.Add | ast.Sub) else ("other",)
    values = arguments.matched(names, interpreter.snippet(node.func), node.lineno)
    other, alpha = values.get("other"), values.get("alpha", 1)
    return other if alpha == 1 else combine(interpreter, other, ast.Mult(), alpha, node)


def reshape(interpreter: Interpreter, node: ast.Call, scope: Scope) -> Tensor:
    """Gives a tensor another shape, as far as that is a Flatten: torch.reshape."""
    arguments = read_arguments(interpreter, node, scope)
    values = arguments.matched(("input", "shape"), "torch.reshape", node.lineno)
    tensor, sizes = values.get("input"), values.get("shape")
    if not isinstance(tensor, Tensor) or not isinstance(sizes, tuple | list):
        raise interpreter.not_understood(node)
    return reshape_tensor(tensor, sizes, interpreter.snippet(node), node.lineno)


def make_batch(interpreter: Interpreter, node: ast.Call, scope: Scope) -> Tensor | RandomMask:
    """Makes a batch of numbers to measure sizes with: torch.zeros(1, 3, 16, 16); outside functions nobody needs it."""
    if scope.names is interpreter.globals:
        raise interpreter.not_understood(node)
    positional, named = read_arguments(interpreter, node, scope)
    sizes: object = named.get("size", positional)
    if isinstance(sizes, list) and len(sizes) == 1 and isinstance(sizes[0], tuple | list):
        sizes = sizes[0]
    is_uniform = interpreter.full_name(node.func, scope) == "torch.rand"
    if isinstance(sizes, tuple | list) and (mask := make_mask(sizes, is_uniform=is_uniform)):
        return mask
    if not isinstance(sizes, tuple | list) or not all(isinstance(size, int) and size > 0 for size in sizes):
        raise interpreter.not_understood(node)
    if len(sizes) - 1 not in AXES or max(sizes) > MAX_SIZE:
        raise interpreter.not_understood(node)
    return Tensor(TensorNode(tuple(sizes[1:]), batch=sizes[0]))


def first_argument(interpreter: Interpreter, node: ast.Call, scope: Scope) -> object:
    """Returns the first argument: torch.autograd.Variable changes nothing."""
    positional, _ = read_arguments(interpreter, node, scope)
    if not positional:
        raise interpreter.not_understood(node)
    return positional[0]


def last_argument(interpreter: Interpreter, node: ast.Call, scope: Scope) -> object:
    """Returns the second of two arguments: typing.cast."""
    positional, _ = read_arguments(interpreter, node, scope)
    if len(positional) != 2:
        raise interpreter.not_understood(node)
    return positional[1]


def pool(kind: str, interpreter: Interpreter, node: ast.Call, scope: Scope) -> Tensor:
    """Pools axes: torch.mean, whose kind is Avg, and torch.amax, whose kind is Max; or adds up what was stacked."""
    value, arguments = value_and_arguments(interpreter, node, scope)
    if isinstance(value, Stacked) and kind == "Avg":
        return add_up(interpreter, value, arguments, node, divides=True)
    if not isinstance(value, Tensor):
        raise interpreter.not_understood(node)
    return pool_axes(kind, interpreter, value, arguments, node)


def stack(interpreter: Interpreter, node: ast.Call, scope: Scope) -> Stacked:
    """Puts tensors side by side on an axis of their own: torch.stack."""
    arguments = read_arguments(interpreter, node, scope)
    values = arguments.matched(("tensors", "dim"), "torch.stack", node.lineno)
    tensors, dim = values.get("tensors"), values.get("dim", 0)
    if not isinstance(tensors, list | tuple) or not tensors or not all(isinstance(t, Tensor) for t in tensors):
        raise interpreter.not_understood(node)
    shapes = {tensor.node.shape for tensor in tensors}
    axes = len(tensors[0].node.sizes) + 1
    if len(shapes) > 1 or not isinstance(dim, int) or not -axes <= dim < axes:
        raise interpreter.not_understood(node, "torch stacks tensors of one shape only")
    return Stacked(tuple(tensors), dim % axes)


def sum_axis(interpreter: Interpreter, node: ast.Call, scope: Scope) -> Tensor:
    """Adds up what was stacked: torch.sum."""
    value, arguments = value_and_arguments(interpreter, node, scope)
    return add_up(interpreter, value, arguments, node, divides=False)


def add_up(interpreter: Interpreter, value: object, arguments: Arguments, node: ast.Call, *, divides: bool) -> Tensor:
    """Returns the sum of tensors that were stacked, along the axis on which they were."""
    if not isinstance(value, Stacked):
        raise interpreter.not_understood(node, "no layer adds up an axis; a mean over it is a pool")
    named = {"dim" if key == "axis" else key: argument for key, argument in arguments.named.items()}
    dims = Arguments(arguments.positional, named).matched(("dim",), "sum", node.lineno).get("dim")
    dim = dims[0] if isinstance(dims, list | tuple) and len(dims) == 1 else dims
    axes = len(value.tensors[0].node.sizes) + 1
    if not isinstance(dim, int) or not -axes <= dim < axes or dim % axes != value.axis:
        raise interpreter.not_understood(node, STACKED)
    first, *others = value.tensors
    result: object = Tensor(first.node)
    for other in others:
        result = combine(interpreter, result, ast.Add(), other, node)
    if divides and others:
        result = combine(interpreter, result, ast.Div(), len(value.tensors), node)
    if not isinstance(result, Tensor):
        raise interpreter.not_understood(node)
    return result


def largest(interpreter: Interpreter, node: ast.Call, scope: Scope) -> object:
    """Pools an axis: torch.max."""
    tensor, arguments = tensor_and_arguments(interpreter, node, scope)
    return largest_along(interpreter, tensor, arguments, node)


def floor(interpreter: Interpreter, node: ast.Call, scope: Scope) -> RandomMask:
    """Rounds random numbers down: torch.floor."""
    value, _ = value_and_arguments(interpreter, node, scope)
    if not isinstance(value, RandomMask):
        raise interpreter.not_understood(node)
    return floor_mask(interpreter, value, node)


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


def tensor_and_arguments(interpreter: Interpreter, node: ast.Call, scope: Scope) -> tuple[Tensor, Arguments]:
    """Returns the tensor that a function gets first, or as input, and its other arguments."""
    value, arguments = value_and_arguments(interpreter, node, scope)
    if not isinstance(value, Tensor):
        raise interpreter.not_understood(node, STACKED if isinstance(value, Stacked) else UNDERSTOOD)
    return value, arguments


def value_and_arguments(interpreter: Interpreter, node: ast.Call, scope: Scope) -> tuple[object, Arguments]:
    """Returns what a function gets first, or as input, and its other arguments."""
    positional, named = read_arguments(interpreter, node, scope)
    given = [named.pop("input"), *positional] if "input" in named else positional
    if not given:
        raise interpreter.not_understood(node)
    return given[0], Arguments(given[1:], named)
