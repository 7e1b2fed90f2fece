"""Functions, classes and modules of pasted code, called."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import replace

from cnnviz.errors import DesignError
from cnnviz.source.arguments import Arguments
from cnnviz.source.class_bases import is_module_class
from cnnviz.source.interpreter import Interpreter, ModeError, Returned, Scope
from cnnviz.source.iteration import generator, yields
from cnnviz.source.random_masks import is_stochastic_depth
from cnnviz.source.values import (
    Function,
    Unresolved,
)

HARMLESS_DECORATORS = {
    "builtins.staticmethod",
    "builtins.classmethod",
    "builtins.property",
    "torch.jit.export",
    "torch.jit.ignore",
    "typing.override",
    "abc.abstractmethod",
    "functools.wraps",
    "functools.lru_cache",
    "functools.cache",
    "typing.no_type_check",
    "torch.jit.unused",
    "torch.jit.script_method",
}
"""Decorators that change nothing in what a function computes here; the first three, how it is bound."""


WITHOUT_GRADIENT = {"torch.no_grad", "torch.inference_mode"}
"""Decorators that only keep layers from learning, which matters in forward."""


def define_function(interpreter: Interpreter, node: ast.FunctionDef | ast.Lambda, scope: Scope) -> Function:
    """Returns a function as it is where it is defined: with the names around it, and the defaults of that moment."""
    around = () if scope.names is interpreter.globals else (scope.names, *scope.around)
    parameters = node.args
    names = [parameter.arg for parameter in (*parameters.posonlyargs, *parameters.args)]
    pairs = [
        *zip(reversed(names), reversed(parameters.defaults), strict=False),
        *zip((parameter.arg for parameter in parameters.kwonlyargs), parameters.kw_defaults, strict=True),
    ]
    defaults = {name: late_value(interpreter, default, scope) for name, default in pairs if default is not None}
    decorators = tuple(
        decorator_name(interpreter, decorator, scope) for decorator in getattr(node, "decorator_list", ())
    )
    is_generator = isinstance(node, ast.FunctionDef) and yields(node.body)
    return Function(node, around, defaults, decorators, is_generator=is_generator)


def late_value(interpreter: Interpreter, node: ast.expr, scope: Scope) -> object:
    """Returns the value of an expression; the error of one that is not understood waits until it is needed."""
    try:
        return interpreter.value(node, scope)
    except DesignError as error:
        return Unresolved(error)


def follow_arguments(interpreter: Interpreter, node: ast.Call, scope: Scope) -> None:
    """Follows what the arguments of a call do that itself has no effect: print(layers.pop())."""
    for argument in (*node.args, *(keyword.value for keyword in node.keywords)):
        late_value(interpreter, argument.value if isinstance(argument, ast.Starred) else argument, scope)


def call_function(
    interpreter: Interpreter, function: Function, arguments: Arguments, scope: Scope, line: int
) -> object:
    """Returns what a function of the text returns when it is called on that line."""
    harmless = HARMLESS_DECORATORS | (set() if scope.in_forward else WITHOUT_GRADIENT)
    unknown = [name for name in function.decorators if name not in harmless]
    is_of_module = function.cls is not None and is_module_class(function.cls)
    if unknown and not scope.in_forward and not is_of_module and not any(map(_may_change_function, unknown)):
        place = getattr(function.node, "decorator_list", [function.node])[function.decorators.index(unknown[0])]
        decorated = f"Line {place.lineno}: @{unknown[0][:60]}"
        interpreter.remarks[f"{decorated} is not in this text; it is taken to leave {function.name} as it is."] = None
    elif unknown:
        raise DesignError(f"Line {function.node.lineno}: functions with decorators are not understood; leave @ out.")
    names = _parameter_values(function, arguments, line)
    given = dict(names)
    inner = Scope(names, scope.in_forward, function.around, function)
    if function.is_generator and isinstance(function.node, ast.FunctionDef):
        return generator(interpreter, function.node, inner, line)
    with interpreter.nested_call(line):
        if isinstance(function.node, ast.Lambda):
            return interpreter.value(function.node.body, inner)
        try:
            returned = interpreter.execute(function.node.body, inner)
        except ModeError as error:
            return _in_both_modes(interpreter, function.node.body, replace(inner, names=given), error)
    return returned.value if isinstance(returned, Returned) else None


def _may_change_function(decorator: str) -> bool:
    """Whether a decorator is one of the text, or of torch; those of other libraries cache, register or check."""
    return decorator == "unknown" or decorator.startswith(("torch.", "builtins."))


def _in_both_modes(interpreter: Interpreter, body: Sequence[ast.stmt], scope: Scope, error: ModeError) -> object:
    """Returns what a function returns that asks whether the net is trained: a StochasticDepth of what it is otherwise.

    Raises the error where it is anything else.
    """
    results: list[object] = []
    for is_training in (False, True):
        interpreter.assumed_training = is_training
        try:
            returned = interpreter.execute(body, replace(scope, names=dict(scope.names)))
        except DesignError:
            raise error from None
        finally:
            interpreter.assumed_training = None
        results.append(returned.value if isinstance(returned, Returned) else None)
    evaluated, trained = results
    if not is_stochastic_depth(trained, evaluated):
        raise error
    return trained


def decorator_name(interpreter: Interpreter, node: ast.expr, scope: Scope) -> str:
    """Returns the full name of a decorator, called or not; "unknown" for one of the text."""
    return interpreter.full_name(node.func if isinstance(node, ast.Call) else node, scope) or "unknown"


def _parameter_values(function: Function, arguments: Arguments, line: int) -> dict[str, object]:
    """The values of a function's parameters: the arguments, and the defaults of the others."""
    parameters, (positional, named) = function.node.args, arguments
    names = [parameter.arg for parameter in (*parameters.posonlyargs, *parameters.args)]
    keyword_only = [parameter.arg for parameter in parameters.kwonlyargs]
    taken = len(names) if parameters.vararg else len(positional)
    further = {name: value for name, value in named.items() if name not in (*names, *keyword_only)}
    ordinary = {name: value for name, value in named.items() if name not in keyword_only}
    if parameters.kwarg:
        ordinary = {name: value for name, value in ordinary.items() if name not in further}
    values = Arguments(positional[:taken], ordinary).matched(names, function.name, line)
    values |= {name: named[name] for name in keyword_only if name in named}
    values |= {name: default for name, default in function.defaults.items() if name not in values}
    missing = [name for name in (*names, *keyword_only) if name not in values]
    if missing:
        raise DesignError(
            f"Line {line}: {function.name} (line {function.node.lineno}) also needs {' and '.join(missing)[:80]};"
            + (" a design has one input." if function.name == "forward" else " nothing says what it is.")
        )
    values |= {parameters.vararg.arg: tuple(positional[taken:])} if parameters.vararg else {}
    return values | ({parameters.kwarg.arg: further} if parameters.kwarg else {})
