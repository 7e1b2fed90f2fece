"""Methods of tensors, modules and lists in pasted code."""

from __future__ import annotations

import ast
from functools import partial

from cnnviz.source.arguments import read_arguments
from cnnviz.source.arithmetic import WIDE_FIELD, bounded_number, bounded_text
from cnnviz.source.collection_methods import COLLECTION_METHODS
from cnnviz.source.functions import late_value
from cnnviz.source.interpreter import Interpreter, Scope, is_plain
from cnnviz.source.method_handler import MethodHandler, unchanged
from cnnviz.source.module_methods import MODULE_METHODS
from cnnviz.source.tensor_methods import TENSOR_METHODS
from cnnviz.source.values import (
    ArgumentParser,
    NamedTuple,
    Object,
    Unresolved,
)


def _as_dict(interpreter: Interpreter, owner: NamedTuple, node: ast.Call, scope: Scope) -> dict[object, object]:
    return dict[object, object](zip(owner.names, owner, strict=True))


def _replaced(interpreter: Interpreter, owner: NamedTuple, node: ast.Call, scope: Scope) -> NamedTuple:
    """Returns a named tuple with other values under some of its names."""
    positional, named = read_arguments(interpreter, node, scope)
    if positional or {*named} - {*owner.names}:
        raise interpreter.not_understood(node)
    return NamedTuple(dict(zip(owner.names, owner, strict=True)) | named, owner.cls)


def _text_method(name: str, interpreter: Interpreter, owner: str, node: ast.Call, scope: Scope) -> object:
    positional, named = read_arguments(interpreter, node, scope)
    is_wide = name == "format" and WIDE_FIELD.search(owner)
    if not is_plain(positional) or not is_plain(named) or is_wide or (named and name != "format"):
        raise interpreter.not_understood(node)
    try:
        result = getattr(owner, name)(*positional, **named)
    except (TypeError, ValueError, LookupError, AttributeError):
        raise interpreter.not_understood(node) from None
    return bounded_text(result, node) if isinstance(result, str) else result


def _add_argument(interpreter: Interpreter, owner: ArgumentParser, node: ast.Call, scope: Scope) -> None:
    """Notes the default of an argument of the command line."""
    names = [name.value for name in node.args if isinstance(name, ast.Constant) and isinstance(name.value, str)]
    options = {keyword.arg: keyword.value for keyword in node.keywords}
    long = next((name for name in names if name.startswith("--")), names[0] if names else "")
    name = str(getattr(options.get("dest"), "value", long.lstrip("-").replace("-", "_")))
    action = getattr(options.get("action"), "value", None)
    default: object = {"store_true": False, "store_false": True}.get(str(action))
    if "default" in options:
        default = late_value(interpreter, options["default"], scope)
    elif default is None and not long.startswith("-"):
        default = Unresolved(interpreter.not_understood(node, f"{name[:40]} is given on the command line"))
    owner.defaults[name] = default


def _parse_arguments(interpreter: Interpreter, owner: ArgumentParser, node: ast.Call, scope: Scope) -> object:
    result = Object(None, dict(owner.defaults))
    is_pair = isinstance(node.func, ast.Attribute) and node.func.attr == "parse_known_args"
    return (result, []) if is_pair else result


def _as_number(interpreter: Interpreter, owner: int | float, node: ast.Call, scope: Scope) -> int | float:
    """Returns a number of numpy's as one of another type: np.floor(x).astype(int)."""
    positional, named = read_arguments(interpreter, node, scope)
    kind = {"builtins.int": int, "builtins.float": float, "numpy.int32": int, "numpy.int64": int}.get(
        getattr(positional[0], "full_name", "") if len(positional) == 1 and not named else ""
    )
    if kind is None:
        raise interpreter.not_understood(node)
    return bounded_number(kind(owner), node)


METHODS: dict[type, dict[str, MethodHandler]] = {
    **TENSOR_METHODS,
    **MODULE_METHODS,
    **COLLECTION_METHODS,
    NamedTuple: {"_asdict": _as_dict, "_replace": _replaced},
    **{kind: {"item": unchanged, "astype": _as_number} for kind in (int, float)},
    str: {
        name: partial(_text_method, name)
        for name in (
            *("lower", "upper", "title", "capitalize", "startswith", "endswith", "isdigit", "count", "find"),
            *("split", "strip", "lstrip", "rstrip", "removeprefix", "removesuffix", "replace", "join", "format"),
        )
    },
    ArgumentParser: {
        "add_argument": _add_argument,
        "parse_args": _parse_arguments,
        "parse_known_args": _parse_arguments,
        "add_argument_group": unchanged,
    },
}
"""The handler of every method that is understood, by the type of its owner and its name."""
