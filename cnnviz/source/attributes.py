"""Attributes in pasted code: what stands behind a dot."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any

from cnnviz.source.interpreter import Interpreter, Scope, resolved
from cnnviz.source.values import BoundMethod, Instance, Symbol, Tensor


def attribute_of(interpreter: Interpreter, owner: object, node: ast.Attribute) -> object:
    """Returns an attribute of a value; raises DesignError where that is not understood."""
    handler = ATTRIBUTES.get(type(owner))
    if handler is None:
        raise interpreter.not_understood(node)
    return resolved(handler(interpreter, owner, node))


def _of_instance(interpreter: Interpreter, owner: Instance, node: ast.Attribute) -> object:
    if node.attr in owner.attributes:
        return owner.attributes[node.attr]
    if method := owner.method(node.attr):
        return BoundMethod(owner, method)
    if node.attr == "training":
        return Symbol.TRAINING
    raise interpreter.not_understood(node, f"{interpreter.snippet(node)} is not set anywhere in __init__")


def _of_class(interpreter: Interpreter, owner: ast.ClassDef, node: ast.Attribute) -> object:
    for statement in owner.body:
        if isinstance(statement, ast.Assign) and any(_is_name(target, node.attr) for target in statement.targets):
            return interpreter.value(statement.value, Scope())
    raise interpreter.not_understood(node)


def _of_tensor(interpreter: Interpreter, owner: Tensor, node: ast.Attribute) -> object:
    if node.attr == "shape":
        return (Symbol.BATCH, *owner.node.shape)
    raise interpreter.not_understood(node)


ATTRIBUTES: dict[type, Callable[[Interpreter, Any, ast.Attribute], object]] = {
    Instance: _of_instance,
    ast.ClassDef: _of_class,
    Tensor: _of_tensor,
}
"""The handler of the attributes of every kind of value that has some."""


def _is_name(target: ast.expr, name: str) -> bool:
    return isinstance(target, ast.Name) and target.id == name
