"""The handlers of expressions in pasted code."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable
from typing import Any

from cnnviz.source.arithmetic import bounded_number, combine
from cnnviz.source.attributes import attribute_of
from cnnviz.source.calls import call
from cnnviz.source.interpreter import ExpressionHandler, Interpreter, Scope
from cnnviz.source.values import ImportedName, Sequential

COMPARISONS: dict[type[ast.cmpop], Callable[[Any, Any], bool]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Is: operator.is_,
    ast.IsNot: operator.is_not,
}
"""What each sign between two numbers or texts asks."""


def _constant(interpreter: Interpreter, node: ast.Constant, scope: Scope) -> object:
    if isinstance(node.value, int | float):
        return bounded_number(node.value, node)
    if node.value is None or isinstance(node.value, str):
        return node.value
    raise interpreter.not_understood(node)


def _name(interpreter: Interpreter, node: ast.Name, scope: Scope) -> object:
    return interpreter.lookup(node, scope)


def _attribute(interpreter: Interpreter, node: ast.Attribute, scope: Scope) -> object:
    if name := interpreter.full_name(node, scope):
        return ImportedName(name)
    return attribute_of(interpreter, interpreter.value(node.value, scope), node)


def _subscript(interpreter: Interpreter, node: ast.Subscript, scope: Scope) -> object:
    owner = interpreter.value(node.value, scope)
    if isinstance(owner, Sequential):
        owner = owner.modules
    if isinstance(owner, list | tuple | dict):
        index: Any = _index(interpreter, node.slice, scope)
        try:
            return owner[index]
        except (LookupError, TypeError, ValueError):  # ValueError: a slice with a step of 0
            pass
    raise interpreter.not_understood(node)


def _index(interpreter: Interpreter, node: ast.expr, scope: Scope) -> object:
    if not isinstance(node, ast.Slice):
        return interpreter.value(node, scope)
    return slice(*(part and interpreter.value(part, scope) for part in (node.lower, node.upper, node.step)))


def _binary_operation(interpreter: Interpreter, node: ast.BinOp, scope: Scope) -> object:
    left, right = interpreter.value(node.left, scope), interpreter.value(node.right, scope)
    return combine(interpreter, left, node.op, right, node)


def _unary_operation(interpreter: Interpreter, node: ast.UnaryOp, scope: Scope) -> object:
    if isinstance(node.op, ast.Not):
        return not interpreter.truth(node.operand, scope)
    value = interpreter.value(node.operand, scope)
    if isinstance(node.op, ast.USub) and isinstance(value, int | float):
        return -value
    raise interpreter.not_understood(node)


def _comparison(interpreter: Interpreter, node: ast.Compare, scope: Scope) -> bool:
    left, right = interpreter.value(node.left, scope), interpreter.value(node.comparators[0], scope)
    are_plain = all(isinstance(value, int | float | str | None) for value in (left, right))
    sign = type(node.ops[0])
    asks_for_none = right is None and sign in (ast.Is, ast.IsNot)
    if len(node.ops) == 1 and sign in COMPARISONS and (are_plain or asks_for_none):
        try:
            return COMPARISONS[sign](left, right)
        except TypeError:
            pass
    raise interpreter.not_understood(node)


def _boolean_operation(interpreter: Interpreter, node: ast.BoolOp, scope: Scope) -> bool:
    truths = (interpreter.truth(value, scope) for value in node.values)
    return all(truths) if isinstance(node.op, ast.And) else any(truths)


def _conditional(interpreter: Interpreter, node: ast.IfExp, scope: Scope) -> object:
    return interpreter.value(node.body if interpreter.truth(node.test, scope) else node.orelse, scope)


def _tuple(interpreter: Interpreter, node: ast.Tuple, scope: Scope) -> tuple[object, ...]:
    return tuple(interpreter.elements(node.elts, scope))


def _list(interpreter: Interpreter, node: ast.List, scope: Scope) -> list[object]:
    return list(interpreter.elements(node.elts, scope))


def _dict(interpreter: Interpreter, node: ast.Dict, scope: Scope) -> dict[object, object]:
    items: dict[object, object] = {}
    for key, value in zip(node.keys, node.values, strict=True):
        if not isinstance(key, ast.Constant):
            raise interpreter.not_understood(node)
        items[key.value] = interpreter.value(value, scope)
    return items


def _comprehension(interpreter: Interpreter, node: ast.ListComp | ast.GeneratorExp, scope: Scope) -> list[object]:
    loop, *more = node.generators
    if more or loop.ifs or loop.is_async:
        raise interpreter.not_understood(node)
    items = []
    for item in interpreter.iterate(loop.iter, scope):
        inner = Scope(dict(scope.names), scope.in_forward)
        interpreter.bind(loop.target, item, inner)
        items.append(interpreter.value(node.elt, inner))
    return items


EXPRESSIONS: dict[type[ast.expr], ExpressionHandler] = {
    ast.Constant: _constant,
    ast.Name: _name,
    ast.Attribute: _attribute,
    ast.Subscript: _subscript,
    ast.BinOp: _binary_operation,
    ast.UnaryOp: _unary_operation,
    ast.Compare: _comparison,
    ast.BoolOp: _boolean_operation,
    ast.IfExp: _conditional,
    ast.Tuple: _tuple,
    ast.List: _list,
    ast.Dict: _dict,
    ast.ListComp: _comprehension,
    ast.GeneratorExp: _comprehension,
    ast.Call: call,
}
"""The handler of every kind of expression that is understood."""
