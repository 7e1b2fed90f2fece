"""The handlers of calls in pasted code."""

from __future__ import annotations

import ast
from functools import partial

from cnnviz.source.arguments import Arguments, read_arguments
from cnnviz.source.attributes import attribute_of
from cnnviz.source.blocks import block_kinds
from cnnviz.source.functions import apply_module, call_function, instantiate
from cnnviz.source.interpreter import CallHandler, Interpreter, Scope
from cnnviz.source.methods import METHODS
from cnnviz.source.python_functions import length, make_ordered_dict, make_range
from cnnviz.source.torch_functions import add, concatenate, layer_function, reshape
from cnnviz.source.torch_modules import (
    LAYER_CLASSES,
    make_block,
    make_identity,
    make_layer,
    make_module_list,
    make_sequential,
    unknown_module,
)
from cnnviz.source.torch_names import LAYER_FUNCTIONS
from cnnviz.source.values import BoundMethod, ImportedName, Module, Tensor

CALLS: dict[str, CallHandler] = {
    "torch.nn.Sequential": make_sequential,
    "torch.nn.ModuleList": make_module_list,
    "torch.nn.Identity": make_identity,
    **{name: partial(make_layer, name) for name in LAYER_CLASSES},
    **{name: partial(layer_function, name) for name in LAYER_FUNCTIONS},
    **{f"cnnviz.{kind}": partial(make_block, kind) for kind in block_kinds()},
    "torch.cat": concatenate,
    "torch.concat": concatenate,
    "torch.concatenate": concatenate,
    "torch.add": add,
    "torch.reshape": reshape,
    "collections.OrderedDict": make_ordered_dict,
    "builtins.len": length,
    "builtins.range": make_range,
}
"""The handler of every class and function outside the text that is understood, by its full name."""


def call(interpreter: Interpreter, node: ast.Call, scope: Scope) -> object:
    """Returns what a call gives; raises DesignError with its line where that is not understood."""
    function = node.func
    if not isinstance(function, ast.Attribute) or interpreter.full_name(function, scope):
        return _call_value(interpreter, interpreter.value(function, scope), node, scope)
    owner = interpreter.value(function.value, scope)
    if method := METHODS.get(type(owner), {}).get(function.attr):
        return method(interpreter, owner, node, scope)
    if isinstance(owner, Tensor):
        raise interpreter.not_understood(node)
    return _call_value(interpreter, attribute_of(interpreter, owner, function), node, scope)


def _call_value(interpreter: Interpreter, callee: object, node: ast.Call, scope: Scope) -> object:
    if isinstance(callee, ImportedName):
        return _call_imported(interpreter, callee.full_name, node, scope)
    arguments = read_arguments(interpreter, node, scope)
    match callee:
        case ast.ClassDef():
            return instantiate(interpreter, callee, arguments, scope, node.lineno)
        case ast.FunctionDef():
            return call_function(interpreter, callee, arguments, scope, node.lineno)
        case BoundMethod(owner, function):
            return call_function(interpreter, function, arguments.after(owner), scope, node.lineno)
    if isinstance(callee, Module):
        return apply_module(interpreter, callee, _only_tensor(interpreter, arguments, node), node.lineno)
    raise interpreter.not_understood(node)


def _call_imported(interpreter: Interpreter, name: str, node: ast.Call, scope: Scope) -> object:
    if handler := CALLS.get(name):
        return handler(interpreter, node, scope)
    namespace, _, last = name.rpartition(".")
    if namespace == "torch.nn":
        raise unknown_module(last, node.lineno)
    if name.startswith("builtins."):
        raise interpreter.not_understood(node, f"{last} has no value that could be worked out")
    raise interpreter.not_understood(node)


def _only_tensor(interpreter: Interpreter, arguments: Arguments, node: ast.Call) -> Tensor:
    positional, named = arguments
    if len(positional) != 1 or named or not isinstance(positional[0], Tensor):
        raise interpreter.not_understood(node, "a layer is called with one tensor")
    return positional[0]
