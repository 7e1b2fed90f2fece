"""The handlers of Python's own functions in pasted code."""

from __future__ import annotations

import ast
import json
import math
import operator
from collections.abc import Callable
from typing import Any

from cnnviz.source.arguments import Arguments, read_arguments
from cnnviz.source.arithmetic import bounded_number, bounded_text, combine
from cnnviz.source.interpreter import MAX_LENGTH, Interpreter, Scope, is_plain
from cnnviz.source.tensor_values import Tensor
from cnnviz.source.values import (
    ArgumentParser,
    BoundMethod,
    Class,
    Function,
    ImportedName,
    Lazy,
    Partial,
    Symbol,
)


def _evenly(start: float, end: float, steps: int) -> list[float]:
    """Numbers with equal distances, both ends included, as torch.linspace has them."""
    if not 1 <= steps <= MAX_LENGTH:
        raise ValueError(f"{steps} steps")
    return [start + (end - start) * step / max(steps - 1, 1) for step in range(steps)]


PLAIN_FUNCTIONS: dict[str, Callable[..., Any]] = {
    **{f"builtins.{f.__name__}": f for f in (int, float, round, abs, min, max, sum, bool, divmod, pow)},
    **{f"math.{f.__name__}": f for f in (math.ceil, math.floor, math.sqrt, math.log2, math.log, math.log10, math.pow)},
    **{f"math.{f.__name__}": f for f in (math.prod, math.exp, math.gcd, math.trunc, math.fabs)},
    "numpy.prod": math.prod,
    "numpy.ceil": lambda number: float(math.ceil(number)),
    "numpy.floor": lambda number: float(math.floor(number)),
    "numpy.sqrt": math.sqrt,
    "numpy.log2": math.log2,
    "numpy.product": math.prod,
    "json.loads": json.loads,
    **dict.fromkeys(("torch.linspace", "numpy.linspace"), _evenly),
    **{f"operator.{f.__name__}": f for f in (operator.add, operator.sub, operator.mul, operator.truediv)},
    **{f"operator.{f.__name__}": f for f in (operator.floordiv, operator.mod, operator.neg)},
}
"""Functions of numbers, by their full names."""


MAX_POWER = 64
"""Largest exponent that is worked out."""


def plain_function(name: str, interpreter: Interpreter, node: ast.Call, scope: Scope) -> object:
    """Calls a function of numbers with plain values."""
    return _plain_result(name, interpreter, read_arguments(interpreter, node, scope), node)


def _plain_result(name: str, interpreter: Interpreter, arguments: Arguments, node: ast.Call) -> object:
    positional = [interpreter.items_of(v, node) if isinstance(v, Lazy) else v for v in arguments.positional]
    named, last = arguments.named, name.rpartition(".")[2]
    if not is_plain(positional) or not is_plain(named):
        raise interpreter.not_understood(node, f"{last} has no value that could be worked out")
    if last == "pow" and not all(abs(value) <= MAX_POWER for value in positional[1:] if isinstance(value, int | float)):
        raise interpreter.not_understood(node)
    try:
        result = PLAIN_FUNCTIONS[name](*positional, **named)
    except (TypeError, ValueError, ArithmeticError) as error:
        raise interpreter.not_understood(node, f"{last} refuses it: {str(error)[:80]}") from None
    return bounded_number(result, node) if isinstance(result, int | float) else result


def total(interpreter: Interpreter, node: ast.Call, scope: Scope) -> object:
    """Adds up numbers, or the tensors in a list: sum."""
    arguments = read_arguments(interpreter, node, scope)
    first = arguments.positional[0] if arguments.positional else None
    if isinstance(first, Lazy):
        arguments.positional[0] = first = interpreter.items_of(first, node)
    if not isinstance(first, list | tuple) or not any(isinstance(item, Tensor) for item in first):
        return _plain_result("builtins.sum", interpreter, arguments, node)
    result, *others = interpreter.items_of(first, node)
    if len(arguments.positional) > 1 or arguments.named or not isinstance(result, Tensor):
        raise interpreter.not_understood(node)
    for other in others:
        result = combine(interpreter, result, ast.Add(), other, node)
    return result


def make_partial(interpreter: Interpreter, node: ast.Call, scope: Scope) -> Partial:
    """Keeps the first arguments of a call: functools.partial."""
    positional, named = read_arguments(interpreter, node, scope)
    if not positional or not isinstance(positional[0], ImportedName | Function | Class | BoundMethod):
        raise interpreter.not_understood(node)
    return Partial(positional[0], tuple(positional[1:]), named)


def make_text(interpreter: Interpreter, node: ast.Call, scope: Scope) -> str:
    """Makes a text of a plain value: str."""
    positional, named = read_arguments(interpreter, node, scope)
    if named or len(positional) != 1 or not isinstance(positional[0], str | int | float | None):
        raise interpreter.not_understood(node)
    return bounded_text(str(positional[0]), node)


def make_range(interpreter: Interpreter, node: ast.Call, scope: Scope) -> range:
    """Makes a range of at most MAX_LENGTH numbers."""
    numbers, _ = read_arguments(interpreter, node, scope)
    if all(isinstance(number, int) for number in numbers):
        try:
            result = range(*numbers)  # type: ignore[call-overload]
            if len(result) <= MAX_LENGTH:
                return result  # type: ignore[no-any-return]
        except (TypeError, ValueError, OverflowError):
            pass
    raise interpreter.not_understood(node)


def length(interpreter: Interpreter, node: ast.Call, scope: Scope) -> object:
    """Returns the length of a list; of a tensor, the size of the batch."""
    (first, *_) = read_arguments(interpreter, node, scope).positional or [None]
    if isinstance(first, Tensor):
        return first.node.sizes[0]
    if isinstance(first, str):
        return len(first)
    if isinstance(first, Lazy):
        raise interpreter.not_understood(node)
    return len(interpreter.items_of(first, node))


def make_list(interpreter: Interpreter, node: ast.Call, scope: Scope) -> list[object]:
    """Makes a list of what a value holds."""
    positional, _ = read_arguments(interpreter, node, scope)
    return interpreter.items_of(positional[0], node) if positional else []


def sort_items(interpreter: Interpreter, node: ast.Call, scope: Scope) -> list[object]:
    """Sorts plain values: sorted."""
    positional, named = read_arguments(interpreter, node, scope)
    items = interpreter.items_of((positional or [None])[0], node)
    if not is_plain(items) or {*named} - {"reverse"}:
        raise interpreter.not_understood(node)
    try:
        return sorted(items, reverse=bool(named.get("reverse")))  # type: ignore[type-var]
    except TypeError:
        raise interpreter.not_understood(node) from None


def make_tuple(interpreter: Interpreter, node: ast.Call, scope: Scope) -> tuple[object, ...]:
    """Makes a tuple of what a value holds."""
    positional, _ = read_arguments(interpreter, node, scope)
    return tuple(interpreter.items_of(positional[0], node)) if positional else ()


def any_or_all(decides: bool, interpreter: Interpreter, node: ast.Call, scope: Scope) -> bool:
    """Asks whether any or all of what a value holds is true: any, which True decides, and all."""
    value = read_arguments(interpreter, node, scope).matched(("iterable",), "any", node.lineno).get("iterable")
    for item in interpreter.iter_of(value, node):
        if interpreter.truth_of(item, node) is decides:
            return decides
    return not decides


def make_dict(
    kind: type[dict[object, object]], interpreter: Interpreter, node: ast.Call, scope: Scope
) -> dict[object, object]:
    """Makes an OrderedDict, or a dict, of a dict, of pairs or of arguments with names."""
    positional, named = read_arguments(interpreter, node, scope)
    items = positional[0] if len(positional) == 1 else []
    items = interpreter.items_of(items, node) if isinstance(items, Lazy) else items
    if isinstance(items, dict):
        return kind(items | named)
    if not isinstance(items, list | tuple) or not all(_is_pair(item) for item in items) or len(positional) > 1:
        raise interpreter.not_understood(node)
    return kind([*items, *named.items()])


def make_named_tuple_class(interpreter: Interpreter, node: ast.Call, scope: Scope) -> Class:
    """Makes a class of named tuples: collections.namedtuple, typing.NamedTuple."""
    arguments = read_arguments(interpreter, node, scope)
    values = arguments.matched(("typename", "field_names", "defaults"), "namedtuple", node.lineno)
    name, fields, defaults = values.get("typename"), values.get("field_names"), values.get("defaults") or ()
    names = fields.replace(",", " ").split() if isinstance(fields, str) else fields
    names = [name[0] if _is_pair(name) else name for name in names] if isinstance(names, list | tuple) else []
    if not isinstance(name, str) or not isinstance(defaults, list | tuple) or len(defaults) > len(names):
        raise interpreter.not_understood(node)
    body: list[ast.stmt] = []
    for field in names:
        if not isinstance(field, str) or not field.isidentifier() or field.startswith("_"):
            raise interpreter.not_understood(node)
        target = ast.Name(field, ast.Store())
        body.append(ast.copy_location(ast.AnnAssign(target, ast.Name("object", ast.Load()), None, 1), node))
    cls = Class(ast.copy_location(ast.ClassDef(name, [], [], body, []), node), (ImportedName("typing.NamedTuple"),))
    cls.attributes |= dict(zip(names[len(names) - len(defaults) :], defaults, strict=True))
    return cls


def make_parser(interpreter: Interpreter, node: ast.Call, scope: Scope) -> ArgumentParser:
    """Makes a parser of the command line: argparse.ArgumentParser."""
    return ArgumentParser()


def no(interpreter: Interpreter, node: ast.Call, scope: Scope) -> bool:
    """Answers what asks for a device that is not there: torch.cuda.is_available()."""
    return False


def device(interpreter: Interpreter, node: ast.Call, scope: Scope) -> Symbol:
    """Returns a device: torch.device."""
    return Symbol.DEVICE


def logger(interpreter: Interpreter, node: ast.Call, scope: Scope) -> Symbol:
    """Returns what writes a log: logging.getLogger."""
    return Symbol.LOGGER


def _is_pair(item: object) -> bool:
    return isinstance(item, tuple | list) and len(item) == 2 and isinstance(item[0], str | int)
