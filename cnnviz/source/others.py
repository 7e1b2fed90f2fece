"""Functions that are no layer: those that join tensors, and the few of Python that make lists."""

from __future__ import annotations

import ast
from collections.abc import Callable

from cnnviz.source.expressions import MAX_LENGTH, Expressions
from cnnviz.source.flow import joined, reshaped
from cnnviz.source.placing import bound
from cnnviz.source.values import Sign, Tensor


def _cat(code: Expressions, node: ast.Call, positional: list[object], named: dict[str, object]) -> Tensor:
    given = bound(("tensors", "dim"), positional, _renamed(named, axis="dim"), "torch.cat", node.lineno)
    ways, dim = given.get("tensors"), given.get("dim", 0)
    if not isinstance(ways, list | tuple) or not ways or not all(isinstance(way, Tensor) for way in ways):
        raise code.unknown(node)
    if dim != 1 and dim != -len(ways[0].node.shape):
        raise code.unknown(node, "a design can put branches side by side on the channels only, dim=1")
    return joined("Parallel", ways, node.lineno) if len(ways) > 1 else Tensor(ways[0].node)


def _renamed(named: dict[str, object], **names: str) -> dict[str, object]:
    return {names.get(name, name): value for name, value in named.items()}


def _add(code: Expressions, node: ast.Call, positional: list[object], named: dict[str, object]) -> object:
    given = bound(("input", "other"), positional, named, "torch.add", node.lineno)
    return code.added(given.get("input"), given.get("other"), ast.Add(), node)


def _reshape(code: Expressions, node: ast.Call, positional: list[object], named: dict[str, object]) -> Tensor:
    given = bound(("input", "shape"), positional, named, "torch.reshape", node.lineno)
    tensor, sizes = given.get("input"), given.get("shape")
    if not isinstance(tensor, Tensor) or not isinstance(sizes, tuple | list):
        raise code.unknown(node)
    return reshaped(tensor, sizes, code.snippet(node), node.lineno)


def _ordered(
    code: Expressions, node: ast.Call, positional: list[object], named: dict[str, object]
) -> dict[object, object]:
    given = positional[0] if len(positional) == 1 else []
    if isinstance(given, dict):
        return given
    if not isinstance(given, list) or not all(
        isinstance(e, tuple) and len(e) == 2 and isinstance(e[0], str) for e in given
    ):
        raise code.unknown(node)
    return dict(given)


def _range(code: Expressions, node: ast.Call, positional: list[object], named: dict[str, object]) -> range:
    numbers = positional
    if all(isinstance(each, int) for each in numbers):
        try:
            found = range(*numbers)  # type: ignore[call-overload]
            if len(found) <= MAX_LENGTH:
                return found  # type: ignore[no-any-return]
        except (TypeError, ValueError, OverflowError):
            pass
    raise code.unknown(node)


def _len(code: Expressions, node: ast.Call, positional: list[object], named: dict[str, object]) -> object:
    (first, *_) = positional or [None]
    if isinstance(first, Tensor):
        return Sign.BATCH
    if isinstance(first, list | tuple):
        return len(first)
    raise code.unknown(node)


OTHERS: dict[str, Callable[[Expressions, ast.Call, list[object], dict[str, object]], object]] = {
    "torch.cat": _cat,
    "torch.concat": _cat,
    "torch.concatenate": _cat,
    "torch.add": _add,
    "torch.reshape": _reshape,
    "collections.OrderedDict": _ordered,
    "builtins.range": _range,
    "builtins.len": _len,
}
"""What else is followed, by its full name."""
