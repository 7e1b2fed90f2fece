"""Methods of lists, tuples and dicts in pasted code."""

from __future__ import annotations

import ast
from functools import partial
from typing import cast

from cnnviz.shapes import numel
from cnnviz.source.arguments import read_arguments
from cnnviz.source.interpreter import Interpreter, Scope, is_plain
from cnnviz.source.method_handler import WITHOUT_EFFECT, MethodHandler, note_change, unchanged
from cnnviz.source.values import (
    Module,
    ModuleDict,
    ModuleList,
    ModulesView,
    OrderedDict,
    Sequential,
)


def _append(interpreter: Interpreter, owner: Sequential | list[object], node: ast.Call, scope: Scope) -> object:
    """Adds the last argument to a Sequential or a list: append(layer), add_module(name, layer)."""
    note_change(interpreter, node, scope)
    arguments = read_arguments(interpreter, node, scope)
    return _grow(interpreter, owner, arguments.positional[-1:], node)


def _extend(interpreter: Interpreter, owner: Sequential | list[object], node: ast.Call, scope: Scope) -> object:
    note_change(interpreter, node, scope)
    arguments = read_arguments(interpreter, node, scope)
    return _grow(interpreter, owner, interpreter.items_of((arguments.positional or [None])[0], node), node)


def _insert(interpreter: Interpreter, owner: Sequential | list[object], node: ast.Call, scope: Scope) -> None:
    note_change(interpreter, node, scope)
    positional, _ = read_arguments(interpreter, node, scope)
    if len(positional) != 2 or not isinstance(positional[0], int):
        raise interpreter.not_understood(node)
    items = owner.modules if isinstance(owner, Sequential) else owner
    items.insert(positional[0], positional[1])
    interpreter.bounded_list(items, node)


def pop_item(interpreter: Interpreter, owner: Sequential | list[object], node: ast.Call, scope: Scope) -> object:
    """Takes an item out of a list, or a layer out of a Sequential: pop."""
    note_change(interpreter, node, scope)
    positional, _ = read_arguments(interpreter, node, scope)
    items = owner.modules if isinstance(owner, Sequential) else owner
    try:
        return items.pop(*positional)  # type: ignore[arg-type]
    except (TypeError, IndexError):
        raise interpreter.not_understood(node) from None


def _grow(interpreter: Interpreter, owner: Sequential | list[object], more: list[object], node: ast.Call) -> object:
    takes_all = not isinstance(owner, Sequential | ModuleList)
    if not more or not (takes_all or all(isinstance(value, Module | ModuleList) for value in more)):
        raise interpreter.not_understood(node)
    modules = owner.modules if isinstance(owner, Sequential) else owner
    modules[:] = interpreter.bounded_list([*modules, *more], node)
    return owner


def _reverse(interpreter: Interpreter, owner: list[object], node: ast.Call, scope: Scope) -> None:
    note_change(interpreter, node, scope)
    owner.reverse()


def _list_search(name: str, interpreter: Interpreter, owner: list[object], node: ast.Call, scope: Scope) -> object:
    """Returns where a plain value stands in a list, or how often: index, count."""
    positional, named = read_arguments(interpreter, node, scope)
    if named or len(positional) != 1 or not is_plain(owner) or not is_plain(positional):
        raise interpreter.not_understood(node)
    try:
        return getattr(owner, name)(*positional)
    except ValueError:
        raise interpreter.not_understood(node) from None


def _product(interpreter: Interpreter, owner: tuple[object, ...], node: ast.Call, scope: Scope) -> int:
    """Returns the product of sizes: x.shape[1:].numel()."""
    sizes = tuple(size for size in owner if isinstance(size, int))
    if len(sizes) < len(owner):
        raise interpreter.not_understood(node)
    return numel(sizes)


def _dict_get(interpreter: Interpreter, owner: dict[object, object], node: ast.Call, scope: Scope) -> object:
    positional, _ = read_arguments(interpreter, node, scope)
    if not positional or not is_plain(positional[0]) or isinstance(positional[0], list | dict):
        raise interpreter.not_understood(node)
    return owner.get(positional[0], positional[1] if len(positional) > 1 else None)


def _dict_pop(interpreter: Interpreter, owner: dict[object, object], node: ast.Call, scope: Scope) -> object:
    """Takes a value out of a dict, or sets one that is missing: pop, setdefault."""
    note_change(interpreter, node, scope)
    positional, named = read_arguments(interpreter, node, scope)
    key, *default = positional or [None]
    if named or len(default) > 1 or not is_plain(key) or isinstance(key, list | dict):
        raise interpreter.not_understood(node)
    if isinstance(node.func, ast.Attribute) and node.func.attr == "setdefault":
        return owner.setdefault(key, (default or [None])[0])
    if key not in owner and not default:
        raise interpreter.not_understood(node)
    return owner.pop(key, *default)


def _dict_update(interpreter: Interpreter, owner: dict[object, object], node: ast.Call, scope: Scope) -> None:
    note_change(interpreter, node, scope)
    positional, named = read_arguments(interpreter, node, scope)
    if any(not isinstance(more, dict) for more in positional):
        raise interpreter.not_understood(node)
    for more in (*positional, named):
        owner |= cast("dict[object, object]", more)


LIST: dict[str, MethodHandler] = {"append": _append, "extend": _extend, "insert": _insert, "pop": pop_item}


LIST_SEARCH: dict[str, MethodHandler] = {name: partial(_list_search, name) for name in ("index", "count")}


DICT: dict[str, MethodHandler] = {
    "get": _dict_get,
    "update": _dict_update,
    "pop": _dict_pop,
    "setdefault": _dict_pop,
    "keys": lambda interpreter, owner, node, scope: list(owner),
    "values": lambda interpreter, owner, node, scope: list(owner.values()),
    "items": lambda interpreter, owner, node, scope: list(owner.items()),
    "copy": lambda interpreter, owner, node, scope: dict(owner),
}


COLLECTION_METHODS: dict[type, dict[str, MethodHandler]] = {
    tuple: {"numel": _product, **LIST_SEARCH},
    list: {
        **LIST,
        **LIST_SEARCH,
        "tolist": unchanged,
        "reverse": _reverse,
        "copy": lambda interpreter, owner, node, scope: list(owner),
    },
    ModuleList: {**WITHOUT_EFFECT, **LIST},
    dict: DICT,
    OrderedDict: DICT,
    ModuleDict: {**WITHOUT_EFFECT, **{name: DICT[name] for name in ("get", "update", "keys", "values", "items")}},
    ModulesView: {name: DICT[name] for name in ("get", "keys", "values", "items")},
}
"""The handler of every method of lists, tuples and dicts, by the type of its owner and its name."""
