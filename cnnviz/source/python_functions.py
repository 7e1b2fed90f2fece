"""The handlers of Python's own functions in pasted code."""

from __future__ import annotations

import ast

from cnnviz.source.arguments import read_arguments
from cnnviz.source.interpreter import MAX_LENGTH, Interpreter, Scope
from cnnviz.source.values import Symbol, Tensor


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
        return Symbol.BATCH
    if isinstance(first, list | tuple):
        return len(first)
    raise interpreter.not_understood(node)


def make_ordered_dict(interpreter: Interpreter, node: ast.Call, scope: Scope) -> dict[object, object]:
    """Makes an OrderedDict of a dict or of pairs."""
    positional, _ = read_arguments(interpreter, node, scope)
    items = positional[0] if len(positional) == 1 else []
    if isinstance(items, dict):
        return items
    if not isinstance(items, list) or not all(_is_pair(item) for item in items):
        raise interpreter.not_understood(node)
    return dict(items)


def _is_pair(item: object) -> bool:
    return isinstance(item, tuple) and len(item) == 2 and isinstance(item[0], str)
