"""The handlers of statements in pasted code."""

from __future__ import annotations

import ast

from cnnviz.errors import DesignError
from cnnviz.source.arithmetic import combine
from cnnviz.source.interpreter import Interpreter, Returned, Scope, StatementHandler
from cnnviz.source.values import Tensor, Unresolved

WITHOUT_EFFECT = ("torch.nn.init.", "torch.manual_seed", "torch.nn.Module.__init__", "builtins.print")
"""Beginnings of the names of functions that do not change the layers of a net."""
WEIGHT_ITERATORS = ("modules", "parameters", "named_modules", "named_parameters")
"""Methods of a net that __init__ loops over to set or freeze weights."""


def assign(interpreter: Interpreter, node: ast.Assign | ast.AnnAssign, scope: Scope) -> None:
    """Binds a value to its names; the error of one that is not understood waits until the value is needed."""
    if node.value is None:
        return
    try:
        value = interpreter.value(node.value, scope)
    except DesignError as error:
        value = Unresolved(error)
    for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
        interpreter.bind(target, value, scope)


def _augmented_assignment(interpreter: Interpreter, node: ast.AugAssign, scope: Scope) -> None:
    before, operand = interpreter.value(node.target, scope), interpreter.value(node.value, scope)
    after = combine(interpreter, before, node.op, operand, node)
    if isinstance(before, Tensor) and isinstance(after, Tensor):
        before.node = after.node
    elif isinstance(before, list) and isinstance(after, list):
        before[:] = after
    else:
        interpreter.bind(node.target, after, scope)


def _expression(interpreter: Interpreter, node: ast.Expr, scope: Scope) -> None:
    """Follows an expression on its own; raises DesignError where its value is a tensor that nothing uses."""
    if isinstance(node.value, ast.Constant) or _is_without_effect(interpreter, node.value, scope):
        return
    value = interpreter.value(node.value, scope)
    if scope.names is interpreter.globals:
        interpreter.unassigned.append(value)
    elif isinstance(value, Tensor) and not any(value is named for named in scope.names.values()):
        raise interpreter.not_understood(node, f"its result is not used; write x = {interpreter.snippet(node)}")


def _is_without_effect(interpreter: Interpreter, node: ast.expr, scope: Scope) -> bool:
    """Whether a call leaves the layers of a net as they are: print, nn.init, super().__init__()."""
    if not isinstance(node, ast.Call):
        return False
    function = node.func
    if isinstance(function, ast.Attribute) and isinstance(function.value, ast.Call):
        inner = function.value.func
        return function.attr == "__init__" and isinstance(inner, ast.Name) and inner.id == "super"
    if name := interpreter.full_name(function, scope):
        return name.startswith(WITHOUT_EFFECT)
    return isinstance(function, ast.Attribute) and function.attr == "apply"


def _return(interpreter: Interpreter, node: ast.Return, scope: Scope) -> Returned:
    return Returned(interpreter.value(node.value, scope) if node.value else None)


def _if(interpreter: Interpreter, node: ast.If, scope: Scope) -> Returned | None:
    return interpreter.execute(node.body if interpreter.truth(node.test, scope) else node.orelse, scope)


def _for(interpreter: Interpreter, node: ast.For, scope: Scope) -> Returned | None:
    function = node.iter.func if isinstance(node.iter, ast.Call) else None
    if isinstance(function, ast.Attribute) and function.attr in WEIGHT_ITERATORS and not scope.in_forward:
        return None
    for item in interpreter.iterate(node.iter, scope):
        interpreter.bind(node.target, item, scope)
        if returned := interpreter.execute(node.body, scope):
            return returned
    return interpreter.execute(node.orelse, scope)


def _definition(interpreter: Interpreter, node: ast.FunctionDef | ast.ClassDef, scope: Scope) -> None:
    scope.names[node.name] = node


def _skip(interpreter: Interpreter, node: ast.stmt, scope: Scope) -> None:
    """Passes over a statement that does not change a net."""


STATEMENTS: dict[type[ast.stmt], StatementHandler] = {
    ast.Assign: assign,
    ast.AnnAssign: assign,
    ast.AugAssign: _augmented_assignment,
    ast.Expr: _expression,
    ast.Return: _return,
    ast.If: _if,
    ast.For: _for,
    ast.FunctionDef: _definition,
    ast.ClassDef: _definition,
    ast.Import: _skip,
    ast.ImportFrom: _skip,
    ast.Pass: _skip,
    ast.Assert: _skip,
}
"""The handler of every kind of statement that is understood."""
