"""Operators in pasted code, between numbers, lists and tensors."""

from __future__ import annotations

import ast
import math
import operator
import re
from collections.abc import Callable
from typing import Any

from cnnviz.errors import DesignError
from cnnviz.layers.join import PRODUCT, SUM, Join
from cnnviz.shapes import format_shape, numel
from cnnviz.source.interpreter import MAX_LENGTH, Interpreter, is_plain
from cnnviz.source.layer_calls import checked_layer_call
from cnnviz.source.random_masks import RandomMask, combine_mask
from cnnviz.source.tensor_values import RELU6_OF_SHIFTED, SHIFTED, SHIFTED_PRODUCT, Tensor
from cnnviz.source.tensors import apply_layer, join_tensors
from cnnviz.source.values import LayerCall, MisfitError

MAX_NUMBER = 10**12
MAX_EXPONENT = 64
WIDE_FIELD = re.compile(r"[%:{][^a-zA-Z%}]*(\d{3}|\*)|\{[^}]*\{")
"""A field of a text to be filled in that may become long."""
WIDE_SPEC = re.compile(r"\d{3}")
"""What follows the colon in a field of an f-string that may become long."""
NUMBERS = "numbers are worked out by + - * / // % ** << >> & | and ^"

NUMBER_AND_TENSOR = "a design can multiply a tensor by a number, and add none to it"

NUMBER_OPERATORS: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.Pow: operator.pow,
    ast.LShift: operator.lshift,
    ast.RShift: operator.rshift,
    ast.BitAnd: operator.and_,
    ast.BitOr: operator.or_,
    ast.BitXor: operator.xor,
}
"""What each operator makes of two numbers."""
TENSOR_OPERATORS: dict[type[ast.operator], Join] = {ast.Add: SUM, ast.Mult: PRODUCT}
"""How each operator joins two tensors."""


def combine(
    interpreter: Interpreter, left: object, sign: ast.operator, right: object, node: ast.expr | ast.stmt
) -> object:
    """Returns what an operator makes of numbers, tensors or lists; raises DesignError where that is nothing known."""
    if isinstance(left, RandomMask) or isinstance(right, RandomMask):
        return combine_mask(interpreter, left, sign, right, node)
    if isinstance(left, Tensor) or isinstance(right, Tensor):
        return _combine_tensors(interpreter, left, sign, right, node)
    if _is_number(left) and _is_number(right) and type(sign) in NUMBER_OPERATORS:
        if isinstance(sign, ast.Pow | ast.LShift) and isinstance(right, int | float) and abs(right) > MAX_EXPONENT:
            raise interpreter.not_understood(node, NUMBERS)
        try:
            return bounded_number(NUMBER_OPERATORS[type(sign)](left, right), node)
        except (ArithmeticError, TypeError, ValueError):  # a complex root, bits of a float, a shift below 0
            pass
    joined = _joined(interpreter, left, sign, right, node)
    if joined is None:
        raise interpreter.not_understood(node, NUMBERS)
    return joined


def _combine_tensors(
    interpreter: Interpreter, left: object, sign: ast.operator, right: object, node: ast.expr | ast.stmt
) -> Tensor:
    """Returns a sum, difference or product of tensors, or a tensor times or by a number."""
    if isinstance(sign, ast.Mult | ast.Add) and isinstance(right, Tensor) and _is_number(left):
        left, right = right, left
    if isinstance(left, Tensor) and isinstance(right, int | float) and _is_number(right):
        return _with_number(interpreter, left, sign, right, node)
    if not (isinstance(left, Tensor) and isinstance(right, Tensor)):
        raise interpreter.not_understood(node, *([NUMBER_AND_TENSOR] if _is_number(left) else []))
    if isinstance(sign, ast.Sub):
        sign, right = ast.Add(), scaled(interpreter, right, -1, node)
    if type(sign) not in TENSOR_OPERATORS:
        raise interpreter.not_understood(node)
    if isinstance(sign, ast.Mult):
        left, right = _as_multiplied(left, right), _as_multiplied(right, left)
        for factor, other in ((left, right), (right, left)):
            if factor.begun == RELU6_OF_SHIFTED and other.node is factor.held:
                return Tensor(factor.held, seen_by=factor.seen_by, begun=SHIFTED_PRODUCT)
    if isinstance(sign, ast.Add):
        left, right = _broadcast(interpreter, left, right, node), _broadcast(interpreter, right, left, node)
    factors = sorted((left, right), key=lambda tensor: numel(tensor.node.shape))  # a Gate multiplies the larger
    return join_tensors(TENSOR_OPERATORS[type(sign)], factors, node.lineno, ordered=False)


def _broadcast(interpreter: Interpreter, term: Tensor, other: Tensor, node: ast.expr | ast.stmt) -> Tensor:
    """Returns a term of a sum, repeated along its axes of length 1 where the other one is longer: an Upsample.

    Source: https://pytorch.org/docs/stable/notes/broadcasting.html
    """
    own, wanted = term.node.shape, other.node.shape
    fits = len(own) == len(wanted) > 1 and own[0] == wanted[0]
    if own == wanted or not fits or any(size not in (1, longer) for size, longer in zip(own, wanted, strict=True)):
        return term
    size = wanted[1:] if len(wanted) > 2 else wanted[1]
    call = checked_layer_call("Upsample", {"size": size}, interpreter.snippet(node), node.lineno)
    return apply_layer(call, Tensor(term.node), node.lineno)


def _with_number(
    interpreter: Interpreter, tensor: Tensor, sign: ast.operator, number: float, node: ast.expr | ast.stmt
) -> Tensor:
    """Returns a tensor times or by a number; adding 3 may begin a Hardsigmoid."""
    if isinstance(sign, ast.Mult):
        return scaled(interpreter, tensor, number, node)
    if isinstance(sign, ast.Div) and number:
        return scaled(interpreter, tensor, 1 / number, node)
    if isinstance(sign, ast.Add) and number == 0:
        return Tensor(tensor.node)
    if isinstance(sign, ast.Add) and number == 3:
        seen_by = str(interpreter.not_understood(node, NUMBER_AND_TENSOR))
        return Tensor(tensor.node, seen_by=seen_by, begun=SHIFTED)
    raise interpreter.not_understood(node, NUMBER_AND_TENSOR)


def scaled(interpreter: Interpreter, tensor: Tensor, factor: float, node: ast.expr | ast.stmt) -> Tensor:
    """Returns a tensor times a number; relu6(x + 3) / 6 is a Hardsigmoid, and x * relu6(x + 3) / 6 a Hardswish."""
    kind = {RELU6_OF_SHIFTED: "Hardsigmoid", SHIFTED_PRODUCT: "Hardswish"}.get(tensor.begun) if tensor.begun else None
    if kind and math.isclose(factor, 1 / 6):
        call = LayerCall(kind, {}, interpreter.snippet(node), node.lineno)
        return apply_layer(call, Tensor(tensor.held), node.lineno)
    call = checked_layer_call("Scale", {"factor": float(factor)}, interpreter.snippet(node), node.lineno)
    return apply_layer(call, tensor, node.lineno)


def _as_multiplied(factor: Tensor, other: Tensor) -> Tensor:
    """The factor as it is, where the code has stretched it to the shape of the other one, as a product does."""
    is_stretched = factor.seen is not None and other.seen is None and factor.seen == other.node.shape
    return Tensor(factor.held, factor) if is_stretched else factor


def combine_in_place(
    interpreter: Interpreter, before: Tensor, sign: ast.operator, operand: object, node: ast.expr | ast.stmt
) -> Tensor:
    """Puts what an operator makes of a tensor and an operand into the tensor itself."""
    after = combine(interpreter, before, sign, operand, node)
    if not isinstance(after, Tensor):
        raise interpreter.not_understood(node)
    if after.node.shape != before.node.shape:
        raise MisfitError(
            f"Line {node.lineno}: an operation in place keeps the shape of its left side,"
            f" {format_shape(before.node.shape)}, but {format_shape(after.node.shape)} come out; write it out, as"
            " x = x * g."
        )
    before.change(after.node, node.lineno)
    return before


def _joined(
    interpreter: Interpreter, left: object, sign: ast.operator, right: object, node: ast.expr | ast.stmt
) -> list[object] | tuple[object, ...] | str | None:
    """Returns what an operator makes of lists, tuples or texts; None where it makes nothing of them."""
    for kind in (list, tuple):
        if isinstance(left, kind) and isinstance(right, kind) and isinstance(sign, ast.Add):
            return kind(interpreter.bounded_list([*left, *right], node))
        if isinstance(left, kind) and isinstance(right, int) and isinstance(sign, ast.Mult):
            return kind(interpreter.bounded_list(list(left) * max(min(right, MAX_LENGTH), 0), node))
    if isinstance(left, str) and isinstance(right, str) and isinstance(sign, ast.Add):
        return bounded_text(left + right, node)
    if isinstance(left, str) and isinstance(sign, ast.Mod) and is_plain(right) and not WIDE_FIELD.search(left):
        try:
            return bounded_text(left % right, node)
        except (TypeError, ValueError):
            pass
    return None


def bounded_text(text: str, node: ast.expr | ast.stmt) -> str:
    """Returns the text; raises DesignError when it is too long."""
    if len(text) > MAX_LENGTH:
        raise DesignError(f"Line {node.lineno}: a string here would be longer than {MAX_LENGTH:,} characters.")
    return text


def bounded_number(number: Any, node: ast.expr | ast.stmt) -> int | float:
    """Returns the number; raises DesignError when it is too large, or not a number."""
    if not abs(number) <= MAX_NUMBER:  # NaN compares as False
        raise DesignError(f"Line {node.lineno}: a number here is larger than anything in a net.")
    return number  # type: ignore[no-any-return]


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
