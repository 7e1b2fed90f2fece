"""The handlers of statements in pasted code."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator

from cnnviz.errors import DesignError
from cnnviz.source.arguments import Arguments
from cnnviz.source.arithmetic import combine, combine_in_place
from cnnviz.source.classes import define_class
from cnnviz.source.functions import call_function, define_function, follow_arguments, late_value
from cnnviz.source.interpreter import Interpreter, Jump, Returned, Scope, StatementHandler
from cnnviz.source.patterns import match
from cnnviz.source.tensor_values import Tensor
from cnnviz.source.values import BoundMethod, Function, Lazy, Object, Unresolved

WITHOUT_EFFECT = (
    "torch.nn.init.",
    "torch.manual_seed",
    "torch.set_",
    "torch.backends.",
    "builtins.print",
    "warnings.",
    "logging.",
)
"""Beginnings of the names of functions that do not change the layers of a net."""
WEIGHT_METHODS = (
    "apply",
    "state_dict",
    "load_state_dict",
    "zero_grad",
)
"""Methods of a net that change or read weights, and no layers."""
WEIGHT_ITERATORS = ("modules", "parameters", "named_modules", "named_parameters")
"""Methods of a net that __init__ loops over to set or freeze weights."""
PRECISIONS = ("torch.enable_grad", "torch.autocast", "torch.amp.autocast", "torch.cuda.amp.autocast")
CONTEXTS = ("torch.no_grad", "torch.inference_mode", "torch.set_grad_enabled", *PRECISIONS)
"""What may follow `with` without changing what is computed; in forward, the first three keep layers from learning."""


HARMLESS_NAME = re.compile(
    r"(?i)^_*(init|log|seed|print|count|reset)|_(init|log|summary|seed|weights?|print|reset|usage)(_|$)|summary$"
)
"""In the name of a function that is not in the text: it sets weights, or reports."""


def assign(interpreter: Interpreter, node: ast.Assign | ast.AnnAssign, scope: Scope) -> None:
    """Binds a value to its names; the error of one that is not understood waits until the value is needed."""
    if node.value is None:
        return
    value = late_value(interpreter, node.value, scope)
    for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
        interpreter.bind(target, value, scope)


def _augmented_assignment(interpreter: Interpreter, node: ast.AugAssign, scope: Scope) -> None:
    before, operand = interpreter.value(node.target, scope), interpreter.value(node.value, scope)
    if isinstance(before, Tensor):
        combine_in_place(interpreter, before, node.op, operand, node)
        return
    if isinstance(before, list) and isinstance(operand, Lazy | tuple) and isinstance(node.op, ast.Add):
        operand = interpreter.items_of(operand, node.value)  # as extend
    after = combine(interpreter, before, node.op, operand, node)
    if isinstance(before, list) and isinstance(after, list):
        before[:] = after
    else:
        interpreter.bind(node.target, after, scope)


def _expression(interpreter: Interpreter, node: ast.Expr, scope: Scope) -> None:
    """Follows an expression on its own; raises DesignError where its value is a tensor that nothing uses."""
    if isinstance(node.value, ast.Constant) or _is_without_effect(interpreter, node.value, scope):
        interpreter.skipped = node
        return
    value = interpreter.value(node.value, scope)
    if scope.names is interpreter.globals:
        interpreter.unassigned.append(value)
    elif isinstance(value, Tensor) and scope.in_forward and not any(value is named for named in scope.names.values()):
        raise interpreter.not_understood(node, f"its result is not used; write x = {interpreter.snippet(node)}")


def _is_without_effect(interpreter: Interpreter, node: ast.expr, scope: Scope) -> bool:
    """Whether a call leaves the layers of a net as they are: print, nn.init, apply."""
    if not isinstance(node, ast.Call):
        return False
    if (name := interpreter.full_name(node.func, scope)) and name.startswith(WITHOUT_EFFECT):
        follow_arguments(interpreter, node, scope)
        return True
    if _is_harmless_elsewhere(interpreter, node, scope):
        return True
    if not isinstance(node.func, ast.Attribute) or node.func.attr not in WEIGHT_METHODS:
        return False
    owner = late_value(interpreter, node.func.value, scope)
    if isinstance(owner, Object) and owner.method(node.func.attr):
        return False  # one of the text
    if node.func.attr == "apply" and node.args:
        function = late_value(interpreter, node.args[0], scope)
        function = function.function if isinstance(function, BoundMethod) else function
        if isinstance(function, Function) and interpreter.changes.changes_argument(function.node):
            raise interpreter.not_understood(node, "it may change the layers that it is applied to")
    return True


def _is_harmless_elsewhere(interpreter: Interpreter, node: ast.Call, scope: Scope) -> bool:
    """Whether it calls a function that is not in the text and, by its name, only sets weights or reports; noted."""
    name = interpreter.full_name(node.func, scope)
    if name is None and not (isinstance(node.func, ast.Name) and not interpreter.is_bound(node.func.id, scope)):
        return False
    last = name.rpartition(".")[2] if name else interpreter.snippet(node.func)
    if (name or "").startswith(("torch.", "builtins.", "cnnviz.")) or not HARMLESS_NAME.search(last):
        return False
    if scope.names is not interpreter.globals:
        interpreter.remarks[
            f"Line {node.lineno}: {last[:40]} is not in this text; by its name, it is taken to change no layers."
        ] = None
    return True


def _return(interpreter: Interpreter, node: ast.Return, scope: Scope) -> Returned:
    return Returned(interpreter.value(node.value, scope) if node.value else None)


def _if(interpreter: Interpreter, node: ast.If, scope: Scope) -> Returned | Jump | None:
    return interpreter.execute(node.body if interpreter.truth(node.test, scope) else node.orelse, scope)


def _for(interpreter: Interpreter, node: ast.For, scope: Scope) -> Returned | Jump | None:
    function = node.iter.func if isinstance(node.iter, ast.Call) else None
    if isinstance(function, ast.Attribute) and function.attr in WEIGHT_ITERATORS and not scope.in_forward:
        if interpreter.changes.find(node, lambda name: name == "self"):
            raise interpreter.not_understood(node, "it may change the layers that it goes through")
        return None

    def rounds() -> Iterator[None]:
        for item in interpreter.iterate(node.iter, scope):
            interpreter.bind(node.target, item, scope)
            yield

    return _loop(interpreter, node, rounds(), scope)


def _while(interpreter: Interpreter, node: ast.While, scope: Scope) -> Returned | Jump | None:
    def rounds() -> Iterator[None]:
        while interpreter.truth(node.test, scope):
            interpreter.count_step(node.lineno)
            yield

    return _loop(interpreter, node, rounds(), scope)


def _loop(
    interpreter: Interpreter, node: ast.For | ast.While, rounds: Iterator[None], scope: Scope
) -> Returned | Jump | None:
    for _ in rounds:
        ended = interpreter.execute(node.body, scope)
        if isinstance(ended, Returned):
            return ended
        if ended is Jump.BREAK:
            return None
    return interpreter.execute(node.orelse, scope)


def _break(interpreter: Interpreter, node: ast.Break, scope: Scope) -> Jump:
    return Jump.BREAK


def _continue(interpreter: Interpreter, node: ast.Continue, scope: Scope) -> Jump:
    return Jump.CONTINUE


def _with(interpreter: Interpreter, node: ast.With, scope: Scope) -> Returned | Jump | None:
    """Follows what stands in `with torch.no_grad():` and the like."""
    for item in node.items:
        context = item.context_expr
        name = interpreter.full_name(context.func if isinstance(context, ast.Call) else context, scope)
        if name not in CONTEXTS or item.optional_vars:
            raise interpreter.not_understood(node)
        if scope.in_forward and name not in PRECISIONS and not _is_enabled(context):
            return _without_gradient(interpreter, node, scope)
    return interpreter.execute(node.body, scope)


def _is_enabled(context: ast.expr) -> bool:
    """Whether it is `torch.set_grad_enabled(True)`."""
    value = context.args[0] if isinstance(context, ast.Call) and context.args else None
    return isinstance(value, ast.Constant) and value.value is True


def _without_gradient(interpreter: Interpreter, node: ast.With, scope: Scope) -> Returned | Jump | None:
    """Follows what stands in `with torch.no_grad():` in forward: no gradient goes further back than what it makes."""
    before = {id(value): value.node for value in scope.names.values() if isinstance(value, Tensor) and value.is_known}
    returned = interpreter.execute(node.body, scope)
    code = interpreter.snippet(node.items[0].context_expr)
    made = [*scope.names.values(), *([returned.value] if isinstance(returned, Returned) else [])]
    for value in {id(value): value for value in made}.values():
        if isinstance(value, Tensor) and value.is_known and value.node is not before.get(id(value)):
            value.cut_off(code, node.lineno)
    return returned


def _try(interpreter: Interpreter, node: ast.Try, scope: Scope) -> Returned | Jump | None:
    """Follows what is tried, as nothing goes wrong in code that runs; raises DesignError where something may."""
    if any(not _only_complains(handler) for handler in node.handlers):
        for statement in node.body:
            if isinstance(statement, ast.Import | ast.ImportFrom) and not _is_there(statement):
                raise interpreter.not_understood(statement, "whether it is there decides what the net is")
        done = interpreter.execute(node.body, scope)
        for target in (part for statement in node.body for part in ast.walk(statement)):
            if isinstance(target, ast.Name | ast.Attribute) and isinstance(target.ctx, ast.Store):
                late = late_value(interpreter, target, scope)
                if isinstance(late, Unresolved):
                    raise late.error
        return done or interpreter.execute([*node.orelse, *node.finalbody], scope)
    return interpreter.execute([*node.body, *node.orelse, *node.finalbody], scope)


def _only_complains(handler: ast.ExceptHandler) -> bool:
    """Whether a handler does nothing that a net could depend on."""
    return all(isinstance(part, ast.Pass | ast.Raise) for part in handler.body)


def _is_there(statement: ast.Import | ast.ImportFrom) -> bool:
    names = [statement.module or ""] if isinstance(statement, ast.ImportFrom) else [a.name for a in statement.names]
    return all(name.partition(".")[0] in ("torch", "numpy", *sys.stdlib_module_names) for name in names)


def _raise(interpreter: Interpreter, node: ast.Raise, scope: Scope) -> None:
    raise DesignError(f"Line {node.lineno}: the code itself stops here: `{interpreter.snippet(node)}`.")


def _delete(interpreter: Interpreter, node: ast.Delete, scope: Scope) -> None:
    for target in node.targets:
        if not isinstance(target, ast.Name):
            raise interpreter.not_understood(node)
        scope.names.pop(target.id, None)


def _function(interpreter: Interpreter, node: ast.FunctionDef, scope: Scope) -> None:
    scope.names[node.name] = define_function(interpreter, node, scope)


def _class(interpreter: Interpreter, node: ast.ClassDef, scope: Scope) -> None:
    value: object = define_class(interpreter, node, scope)
    for decorator in reversed(node.decorator_list):
        function = late_value(interpreter, decorator, scope)
        if isinstance(function, Function):  # one of the text; those of libraries leave the class as it is
            value = call_function(interpreter, function, Arguments([value], {}), scope, node.lineno)
    scope.names[node.name] = value


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
    ast.While: _while,
    ast.Break: _break,
    ast.Continue: _continue,
    ast.With: _with,
    ast.Try: _try,
    ast.Match: match,
    ast.Raise: _raise,
    ast.Delete: _delete,
    ast.FunctionDef: _function,
    ast.ClassDef: _class,
    ast.Import: _skip,
    ast.ImportFrom: _skip,
    ast.Pass: _skip,
    ast.Assert: _skip,
}
"""The handler of every kind of statement that is understood."""
