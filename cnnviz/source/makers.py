"""Functions of pasted code that make its net: main(), test(), resnet20()."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeGuard

from cnnviz.errors import DesignError
from cnnviz.source.followed import Followed
from cnnviz.source.interpreter import MAX_STEPS, Interpreter, Scope
from cnnviz.source.values import (
    Class,
    Function,
    Instance,
    LayerCall,
    Module,
    Object,
    Sequential,
    Unresolved,
    parts_of,
)

MAKER_NAME = re.compile(r"_*(build|get|make|create|load|init|setup)_?(model|net|network|cnn|classifier)?$")
"""Names of functions that make the net of a text, and not one of several."""


@dataclass(frozen=True)
class Made:
    """What a function makes of the net of a text: the net itself, or why it could not be worked out."""

    function: str
    line: int
    net: Module | None
    returns: bool
    """Whether it hands the net back, as `resnet20()` does, and does not use it itself, as `main()` does."""
    error: DesignError | None = None

    @property
    def place(self) -> str:
        """Where it is, for messages."""
        return f"{self.function} (line {self.line})"


def nets_of_functions(interpreter: Interpreter, roots: Sequence[Class], tree: ast.Module) -> list[Made]:
    """Returns the nets of these classes that functions make, those first that the text itself runs.

    A function is followed with the defaults of its parameters. One that gets something else from the function that
    calls it is left to that one. Without a class, nets are those of nn.Sequential.
    """
    made: list[Made] = []
    run = {name for statement in tree.body if not isinstance(statement, _DEFINITIONS) for name in _called(statement)}
    in_classes = {
        name
        for statement in tree.body
        if isinstance(statement, ast.ClassDef) and _is_module(interpreter, statement)
        for name in _called(statement)
    }
    in_functions = {name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) for name in _called(node)}
    try:
        for function, owner in _functions(interpreter):
            if function.name not in in_classes:
                found = _made_by(interpreter, function, owner, roots)
                made += [each for each in found if each.net or function.name not in in_functions]
    except DesignError:
        if interpreter.steps <= MAX_STEPS:
            raise
    interpreter.steps = 0
    return sorted(made, key=lambda each: (each.returns, each.function not in run))


def alike(one: object, other: object) -> bool:
    """Returns whether two modules hold the same layers, in the same order, and the same settings."""
    return _described(one) == _described(other)


_DEFINITIONS = (ast.FunctionDef, ast.ClassDef, ast.Import, ast.ImportFrom)


def _is_module(interpreter: Interpreter, node: ast.ClassDef) -> bool:
    cls = interpreter.globals.get(node.name)
    return isinstance(cls, Class) and any(name.endswith("Module") for name in cls.base_names())


def _called(node: ast.AST) -> Iterator[str]:
    for part in ast.walk(node):
        if isinstance(part, ast.Call) and isinstance(part.func, ast.Name):
            yield part.func.id


def _functions(interpreter: Interpreter) -> Iterator[tuple[Function, Object | None]]:
    """Functions of the text, and the __init__ of its classes that are no modules, with an object of that class."""
    for value in list(interpreter.globals.values()):
        if isinstance(value, Function) and isinstance(value.node, ast.FunctionDef):
            yield value, None
        elif isinstance(value, Class) and not any(name.endswith("Module") for name in value.base_names()):
            owner = Object(value)
            if init := owner.method("__init__"):
                yield init, owner


def _made_by(
    interpreter: Interpreter, function: Function, owner: Object | None, roots: Sequence[Class]
) -> Iterator[Made]:
    if function.is_generator or not isinstance(function.node, ast.FunctionDef):
        return
    names = dict[str, object](_parameters(function))
    if owner and function.node.args.args:
        names[function.node.args.args[0].arg] = owner
    followed = Followed(interpreter, function.node.body, Scope(names, around=function.around, method=function))
    held = owner.attributes.values() if owner else ()
    nets = [net for net in (*followed.nets(), *held) if _is_net(net, roots)]
    name = owner.cls.name if owner and owner.cls else function.name
    line = function.node.lineno
    for net in nets:
        error = followed.doubts[0] if followed.doubts else None
        yield Made(name, line, net, followed.returned is net and not MAKER_NAME.match(name), error)
    if followed.failures and not nets:
        yield Made(name, line, None, isinstance(function.node.body[-1], ast.Return), followed.failures[0])


def _is_net(value: object, roots: Sequence[Class]) -> TypeGuard[Module]:
    if roots:
        return isinstance(value, Instance) and value.cls in roots
    return isinstance(value, Sequential)


def _parameters(function: Function) -> Iterator[tuple[str, object]]:
    """The parameters of a function that nobody calls, with their defaults."""
    parameters = function.node.args
    for parameter in (*parameters.posonlyargs, *parameters.args, *parameters.kwonlyargs):
        unknown = DesignError(
            f"Line {function.node.lineno}: {function.name} gets {parameter.arg[:40]} from where it is called, which"
            " this text does not say."
        )
        yield parameter.arg, function.defaults.get(parameter.arg, Unresolved(unknown))
    if parameters.vararg:
        yield parameters.vararg.arg, ()
    if parameters.kwarg:
        yield parameters.kwarg.arg, {}


def _described(module: object) -> list[object]:
    """What a module holds, part by part."""
    found: list[object] = []
    todo, seen = [module], set[int]()
    while todo:
        part = todo.pop()
        if id(part) in seen:
            continue
        seen.add(id(part))
        if isinstance(part, LayerCall):
            found.append((part.kind, sorted((name, repr(value)) for name, value in part.arguments.items())))
        elif isinstance(part, Instance):
            plain = {k: v for k, v in part.attributes.items() if isinstance(v, int | float | str | bool | None)}
            found.append((part.cls, sorted((name, repr(value)) for name, value in plain.items())))
        todo += reversed(list(parts_of(part)))
    return found
