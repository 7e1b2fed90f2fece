"""The handlers of torch's functions in pasted code: those that are layers, and those that join or reshape tensors."""

from __future__ import annotations

import ast
from typing import Any

from cnnviz.architecture import MAX_SIZE
from cnnviz.layers.join import CONCAT
from cnnviz.shapes import AXES
from cnnviz.source.arguments import Arguments, read_arguments
from cnnviz.source.arithmetic import combine
from cnnviz.source.interpreter import Interpreter, Scope
from cnnviz.source.layer_calls import checked_layer_call
from cnnviz.source.tensors import apply_layer, join_tensors, reshape_tensor
from cnnviz.source.torch_names import FUNCTIONS, LAYER_FUNCTIONS
from cnnviz.source.values import LayerCall, Symbol, Tensor, TensorNode, Unresolved

FUNCTION_DEFAULTS: dict[str, dict[str, object]] = {
    "flatten": {"start_dim": 0},
    "alpha_dropout": {"training": False},
    "feature_alpha_dropout": {"training": False},
}
"""Defaults of functions that are not those of their layers."""


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


def add(interpreter: Interpreter, node: ast.Call, scope: Scope) -> object:
    """Adds two tensors or numbers: torch.add."""
    arguments = read_arguments(interpreter, node, scope)
    values = arguments.matched(("input", "other"), "torch.add", node.lineno)
    return combine(interpreter, values.get("input"), ast.Add(), values.get("other"), node)


def multiply(interpreter: Interpreter, node: ast.Call, scope: Scope) -> object:
    """Multiplies two tensors: torch.mul."""
    arguments = read_arguments(interpreter, node, scope)
    values = arguments.matched(("input", "other"), interpreter.snippet(node.func), node.lineno)
    return combine(interpreter, values.get("input"), ast.Mult(), values.get("other"), node)


def reshape(interpreter: Interpreter, node: ast.Call, scope: Scope) -> Tensor:
    """Gives a tensor another shape, as far as that is a Flatten: torch.reshape."""
    arguments = read_arguments(interpreter, node, scope)
    values = arguments.matched(("input", "shape"), "torch.reshape", node.lineno)
    tensor, sizes = values.get("input"), values.get("shape")
    if not isinstance(tensor, Tensor) or not isinstance(sizes, tuple | list):
        raise interpreter.not_understood(node)
    return reshape_tensor(tensor, sizes, interpreter.snippet(node), node.lineno)


def make_batch(interpreter: Interpreter, node: ast.Call, scope: Scope) -> Tensor:
    """Makes a batch of numbers to measure sizes with: torch.zeros(1, 3, 16, 16); outside functions nobody needs it."""
    if scope.names is interpreter.globals:
        raise interpreter.not_understood(node)
    positional, named = read_arguments(interpreter, node, scope)
    sizes: object = named.get("size", positional)
    if isinstance(sizes, list) and len(sizes) == 1 and isinstance(sizes[0], tuple | list):
        sizes = sizes[0]
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


def mean(interpreter: Interpreter, node: ast.Call, scope: Scope) -> Tensor:
    """Pools axes: torch.mean, torch.amax."""
    tensor, arguments = tensor_and_arguments(interpreter, node, scope)
    return pool_axes(interpreter, tensor, arguments, node)


def largest(interpreter: Interpreter, node: ast.Call, scope: Scope) -> object:
    """Pools an axis: torch.max."""
    tensor, arguments = tensor_and_arguments(interpreter, node, scope)
    return largest_along(interpreter, tensor, arguments, node)


def squeeze(interpreter: Interpreter, node: ast.Call, scope: Scope) -> Tensor:
    """Leaves out axes of length 1: torch.squeeze."""
    tensor, arguments = tensor_and_arguments(interpreter, node, scope)
    return squeeze_tensor(interpreter, tensor, arguments, node)


def pool_axes(interpreter: Interpreter, tensor: Tensor, arguments: Arguments, node: ast.Call) -> Tensor:
    """Returns what mean or amax over axes behind the channels gives: an adaptive pool, and a Flatten of these axes."""
    name = node.func.attr if isinstance(node.func, ast.Attribute) else ""
    named = {"dim" if key == "axis" else key: value for key, value in arguments.named.items()}
    values = Arguments(arguments.positional, named).matched(("dim", "keepdim", "dtype"), name, node.lineno)
    dims = values.get("dim")
    return _pool(
        interpreter, tensor, dims, "Max" if name == "amax" else "Avg", node, keeps=values.get("keepdim") is True
    )


def largest_along(interpreter: Interpreter, tensor: Tensor, arguments: Arguments, node: ast.Call) -> object:
    """Returns what max along an axis gives: the largest values, and their places, which no design holds."""
    values = arguments.matched(("dim", "keepdim"), "max", node.lineno)
    if not isinstance(values.get("dim"), int):
        raise interpreter.not_understood(node)
    pooled = _pool(interpreter, tensor, values["dim"], "Max", node, keeps=values.get("keepdim") is True)
    return (pooled, Unresolved(interpreter.not_understood(node, "no layer gives the places of the largest values")))


def squeeze_tensor(interpreter: Interpreter, tensor: Tensor, arguments: Arguments, node: ast.Call) -> Tensor:
    """Returns a tensor without axes of length 1."""
    values, shape = arguments.matched(("dim",), "squeeze", node.lineno), tensor.node.shape
    dims = values.get("dim")
    axes = range(1, len(shape) + 1) if dims is None else _axes(interpreter, tensor, dims, node)
    wanted = tuple(size for axis, size in enumerate(shape, 1) if axis not in axes or size != 1)
    if not wanted:
        raise interpreter.not_understood(node, "nothing but the batch would be left")
    return reshape_tensor(tensor, [tensor.node.sizes[0], *wanted], interpreter.snippet(node), node.lineno)


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
    count = len(tensor.node.sizes)
    listed: list[Any] = list(dims) if isinstance(dims, tuple | list) else [dims]
    if not all(isinstance(axis, int) and -count <= axis < count for axis in listed):
        raise interpreter.not_understood(node)
    return [int(axis) % count for axis in listed]


def tensor_and_arguments(interpreter: Interpreter, node: ast.Call, scope: Scope) -> tuple[Tensor, Arguments]:
    """Returns the tensor that a function gets first, or as input, and its other arguments."""
    positional, named = read_arguments(interpreter, node, scope)
    given = [named.pop("input"), *positional] if "input" in named else positional
    if not given or not isinstance(given[0], Tensor):
        raise interpreter.not_understood(node)
    return given[0], Arguments(given[1:], named)
