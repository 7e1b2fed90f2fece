"""The handlers of torch's functions in pasted code: those that are layers, and those that join or reshape tensors."""

from __future__ import annotations

import ast

from cnnviz.layers.join import CONCAT
from cnnviz.source.arguments import Arguments, read_arguments
from cnnviz.source.arithmetic import combine
from cnnviz.source.interpreter import Interpreter, Scope
from cnnviz.source.layer_calls import checked_layer_call
from cnnviz.source.tensors import apply_layer, join_tensors, reshape_tensor
from cnnviz.source.torch_names import FUNCTIONS, LAYER_FUNCTIONS
from cnnviz.source.values import Symbol, Tensor

FUNCTION_DEFAULTS: dict[str, dict[str, object]] = {
    "flatten": {"start_dim": 0},
    "alpha_dropout": {"training": False},
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


def reshape(interpreter: Interpreter, node: ast.Call, scope: Scope) -> Tensor:
    """Gives a tensor another shape, as far as that is a Flatten: torch.reshape."""
    arguments = read_arguments(interpreter, node, scope)
    values = arguments.matched(("input", "shape"), "torch.reshape", node.lineno)
    tensor, sizes = values.get("input"), values.get("shape")
    if not isinstance(tensor, Tensor) or not isinstance(sizes, tuple | list):
        raise interpreter.not_understood(node)
    return reshape_tensor(tensor, sizes, interpreter.snippet(node), node.lineno)
