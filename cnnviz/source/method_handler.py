"""What a handler of a method in pasted code is, and those that are the same for several kinds of owners."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any

from cnnviz.source.interpreter import Interpreter, Scope

MethodHandler = Callable[[Interpreter, Any, ast.Call, Scope], object]


def unchanged(interpreter: Interpreter, owner: object, node: ast.Call, scope: Scope) -> object:
    """Returns the owner itself: the method changes nothing in the design."""
    return owner


def note_change(interpreter: Interpreter, node: ast.Call, scope: Scope) -> None:
    """Notes that a call in forward changes an object, which may matter in the next batch."""
    if scope.in_forward:
        interpreter.state_changed_at = node.lineno


WITHOUT_EFFECT: dict[str, MethodHandler] = dict.fromkeys(
    (
        *("to", "cuda", "cpu", "float", "double", "half", "type", "type_as", "to_empty", "requires_grad_"),
        *("train", "eval", "contiguous", "compile", "share_memory", "apply"),
    ),
    unchanged,
)
