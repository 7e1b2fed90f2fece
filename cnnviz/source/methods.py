"""Methods of tensors, modules and lists in pasted code."""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, TypeGuard

from cnnviz.source.arguments import read_arguments
from cnnviz.source.interpreter import Interpreter, Scope
from cnnviz.source.tensors import reshape_tensor
from cnnviz.source.torch_functions import apply_layer_function
from cnnviz.source.torch_names import LAYER_FUNCTIONS
from cnnviz.source.values import BlockCall, Instance, LayerCall, Module, Sequential, Symbol, Tensor

MethodHandler = Callable[[Interpreter, Any, ast.Call, Scope], object]


def _unchanged(interpreter: Interpreter, owner: object, node: ast.Call, scope: Scope) -> object:
    """Returns the tensor or module itself: the method changes nothing in the design."""
    return owner


def _append(interpreter: Interpreter, owner: Sequential | list[object], node: ast.Call, scope: Scope) -> object:
    """Adds the last argument to a Sequential or a list: append(layer), add_module(name, layer)."""
    arguments = read_arguments(interpreter, node, scope)
    return _grow(interpreter, owner, arguments.positional[-1:], node)


def _extend(interpreter: Interpreter, owner: Sequential | list[object], node: ast.Call, scope: Scope) -> object:
    arguments = read_arguments(interpreter, node, scope)
    return _grow(interpreter, owner, arguments.positional[0] if arguments.positional else None, node)


def _grow(interpreter: Interpreter, owner: Sequential | list[object], more: object, node: ast.Call) -> object:
    if not _are_modules(more):
        raise interpreter.not_understood(node)
    modules = owner.modules if isinstance(owner, Sequential) else owner
    modules[:] = interpreter.bounded_list([*modules, *more], node)
    return owner


def _register(interpreter: Interpreter, owner: Instance, node: ast.Call, scope: Scope) -> object:
    """Sets an attribute of a net: add_module(name, layer)."""
    arguments = read_arguments(interpreter, node, scope)
    more = arguments.positional[-1:]
    if not _are_modules(more):
        raise interpreter.not_understood(node)
    owner.attributes[str(arguments.positional[0])] = more[0]
    return owner


def _are_modules(values: object) -> TypeGuard[list[object]]:
    return isinstance(values, list) and bool(values) and all(isinstance(value, Module) for value in values)


def _clone(interpreter: Interpreter, owner: Tensor, node: ast.Call, scope: Scope) -> Tensor:
    return Tensor(owner.node)


def _layer(function: str, interpreter: Interpreter, owner: Tensor, node: ast.Call, scope: Scope) -> Tensor:
    """Applies the layer that a method of tensors is."""
    return apply_layer_function(interpreter, function, owner, read_arguments(interpreter, node, scope), node)


def _size(interpreter: Interpreter, owner: Tensor, node: ast.Call, scope: Scope) -> object:
    positional, named = read_arguments(interpreter, node, scope)
    sizes = (Symbol.BATCH, *owner.node.shape)
    if not positional and not named:
        return sizes
    axis = positional[0] if positional else None
    if named or not isinstance(axis, int) or not -len(sizes) <= axis < len(sizes):
        raise interpreter.not_understood(node)
    return sizes[axis]


def _view(interpreter: Interpreter, owner: Tensor, node: ast.Call, scope: Scope) -> Tensor:
    positional, named = read_arguments(interpreter, node, scope)
    if named:
        raise interpreter.not_understood(node)
    first = positional[0] if positional else ()
    sizes: Sequence[object] = first if isinstance(first, tuple | list) else positional
    return reshape_tensor(owner, sizes, interpreter.snippet(node), node.lineno)


_WITHOUT_EFFECT: dict[str, MethodHandler] = dict.fromkeys(
    ("to", "cuda", "cpu", "float", "double", "train", "eval", "requires_grad_", "contiguous"), _unchanged
)
_REGISTER: dict[str, MethodHandler] = {"add_module": _register, "register_module": _register}

METHODS: dict[type, dict[str, MethodHandler]] = {
    Tensor: {
        **{
            name.removeprefix("torch.Tensor."): partial(_layer, name)
            for name in LAYER_FUNCTIONS
            if name.startswith("torch.Tensor.")
        },
        **_WITHOUT_EFFECT,
        "clone": _clone,
        "size": _size,
        "view": _view,
        "reshape": _view,
    },
    LayerCall: _WITHOUT_EFFECT,
    BlockCall: _WITHOUT_EFFECT,
    Instance: {**_WITHOUT_EFFECT, **_REGISTER},
    Sequential: {
        **_WITHOUT_EFFECT,
        "append": _append,
        "extend": _extend,
        "add_module": _append,
        "register_module": _append,
    },
    list: {"append": _append, "extend": _extend},
}
"""The handler of every method that is understood, by the type of its owner and its name."""
CHANGING_METHODS = (*METHODS[list], *_REGISTER, "insert", "pop", "remove", "clear")
"""Methods that change what a module or a list holds, understood or not."""
