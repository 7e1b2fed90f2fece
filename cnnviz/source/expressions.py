"""The handlers of expressions in pasted code."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from cnnviz.source.arithmetic import WIDE_SPEC, bounded_number, bounded_text, combine, scaled
from cnnviz.source.attributes import attribute_of
from cnnviz.source.calls import call
from cnnviz.source.enumerations import comparable, is_member
from cnnviz.source.functions import define_function
from cnnviz.source.indexing import index_tensor
from cnnviz.source.interpreter import ExpressionHandler, Interpreter, Scope, is_plain
from cnnviz.source.random_masks import RandomMask, compare_mask
from cnnviz.source.tensor_values import Tensor
from cnnviz.source.values import Class, Function, ImportedName, Instance, Lazy, ModuleList, Sequential, Symbol

COMPARISONS: dict[type[ast.cmpop], Callable[[Any, Any], bool]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Is: operator.is_,
    ast.IsNot: operator.is_not,
    ast.In: lambda item, items: item in items,
    ast.NotIn: lambda item, items: item not in items,
}
"""What each sign between two numbers or texts asks."""


_HOLDERS = (list, tuple, dict)
_QUESTIONS_OF_MEMBERS: dict[type[ast.cmpop], type[ast.cmpop]] = {
    **{sign: sign for sign in (ast.Eq, ast.NotEq, ast.In, ast.NotIn)},
    ast.Is: ast.Eq,
    ast.IsNot: ast.NotEq,
}
"""What is asked of members of an enumeration; there is only one of each."""


def _equal_sizes(left: object, right: object) -> bool | None:
    """Whether the sizes of two tensors of one batch are equal; None where that depends on it, or they are none."""
    if not isinstance(left, tuple) or not isinstance(right, tuple):
        return None
    both = zip(left, right, strict=False)
    if any((one is Symbol.BATCH) != (other is Symbol.BATCH) for one, other in both):
        return None
    return left == right if all(isinstance(size, int | Symbol) for size in (*left, *right)) else None


def _constant(interpreter: Interpreter, node: ast.Constant, scope: Scope) -> object:
    if isinstance(node.value, int | float):
        return bounded_number(node.value, node)
    if node.value is None or isinstance(node.value, str):
        return node.value
    raise interpreter.not_understood(node)


def _name(interpreter: Interpreter, node: ast.Name, scope: Scope) -> object:
    return interpreter.lookup(node, scope)


def _attribute(interpreter: Interpreter, node: ast.Attribute, scope: Scope) -> object:
    if name := interpreter.full_name(node, scope):
        return ImportedName(name)
    return attribute_of(interpreter, interpreter.value(node.value, scope), node)


def _subscript(interpreter: Interpreter, node: ast.Subscript, scope: Scope) -> object:
    owner = interpreter.value(node.value, scope)
    if isinstance(owner, Instance) and owner.sequential:
        owner = owner.sequential
    index: Any = None
    if isinstance(owner, Sequential):
        index = _index(interpreter, node.slice, scope)
        if isinstance(index, slice):
            return Sequential(owner.modules[index], node.lineno)
        owner = owner.modules
    if isinstance(owner, Tensor):
        return index_tensor(interpreter, owner, _indices(interpreter, node.slice, scope), node)
    if isinstance(owner, list | tuple | dict | range | str):
        index = _index(interpreter, node.slice, scope) if index is None else index
        try:
            found = owner[index]
            return ModuleList(found) if isinstance(owner, ModuleList) and isinstance(index, slice) else found
        except (LookupError, TypeError, ValueError):  # ValueError: a slice with a step of 0
            pass
    raise interpreter.not_understood(node)


def _indices(interpreter: Interpreter, node: ast.expr, scope: Scope) -> list[object]:
    """Returns what stands between the brackets behind a tensor, axis by axis; `...` as Ellipsis."""
    return [
        ... if isinstance(part, ast.Constant) and part.value is ... else _index(interpreter, part, scope)
        for part in (node.elts if isinstance(node, ast.Tuple) else [node])
    ]


def _index(interpreter: Interpreter, node: ast.expr, scope: Scope) -> object:
    if not isinstance(node, ast.Slice):
        return interpreter.value(node, scope)
    return slice(*(part and interpreter.value(part, scope) for part in (node.lower, node.upper, node.step)))


def _binary_operation(interpreter: Interpreter, node: ast.BinOp, scope: Scope) -> object:
    left, right = interpreter.value(node.left, scope), interpreter.value(node.right, scope)
    return combine(interpreter, left, node.op, right, node)


def _unary_operation(interpreter: Interpreter, node: ast.UnaryOp, scope: Scope) -> object:
    if isinstance(node.op, ast.Not):
        return not interpreter.truth(node.operand, scope)
    value = interpreter.value(node.operand, scope)
    if isinstance(node.op, ast.USub) and isinstance(value, int | float):
        return -value
    if isinstance(node.op, ast.USub) and isinstance(value, Tensor):
        return scaled(interpreter, value, -1, node)
    raise interpreter.not_understood(node)


def _comparison(interpreter: Interpreter, node: ast.Compare, scope: Scope) -> bool | RandomMask:
    left = interpreter.value(node.left, scope)
    if isinstance(left, RandomMask) and len(node.ops) == 1:
        return compare_mask(interpreter, left, type(node.ops[0]), interpreter.value(node.comparators[0], scope), node)
    for sign, comparator in zip(node.ops, node.comparators, strict=True):
        if isinstance(comparator, ast.Set) and isinstance(sign, ast.In | ast.NotIn):
            right: object = tuple(interpreter.elements(comparator.elts, scope))
        else:
            right = interpreter.value(comparator, scope)
        if not _compare(interpreter, left, type(sign), right, node):
            return False
        left = right
    return True


def _compare(interpreter: Interpreter, left: object, sign: type[ast.cmpop], right: object, node: ast.Compare) -> bool:
    asks_for_identity = sign in (ast.Is, ast.IsNot) and (right is None or isinstance(right, Class | ImportedName))
    if asks_for_identity or (sign in (ast.Eq, ast.NotEq) and isinstance(right, ImportedName | Class)):
        is_same = left is right or (isinstance(left, ImportedName) and left == right)
        return is_same == (sign in (ast.Is, ast.Eq))
    compared = (left, *(right if isinstance(right, _HOLDERS) else [right]))
    if sign in _QUESTIONS_OF_MEMBERS and any(map(is_member, compared)):
        left, right, sign = comparable(left), comparable(right), _QUESTIONS_OF_MEMBERS[sign]
    if is_plain(left) and is_plain(right):
        try:
            return bool(COMPARISONS[sign](left, right))
        except TypeError:
            pass
    if sign in (ast.Eq, ast.NotEq) and (is_equal := _equal_sizes(left, right)) is not None:
        return is_equal == (sign is ast.Eq)
    if Symbol.BATCH in (left, right):
        raise interpreter.not_understood(node, "a design is the same for batches of every size")
    raise interpreter.not_understood(node)


def _boolean_operation(interpreter: Interpreter, node: ast.BoolOp, scope: Scope) -> object:
    """Returns the operand that decides, as Python does: `depth or 1` is the depth, unless that is 0."""
    value: object = None
    for operand in node.values:
        value = interpreter.value(operand, scope)
        is_last = operand is node.values[-1]
        if not is_last and interpreter.truth_of(value, operand) == isinstance(node.op, ast.Or):
            break
    return value


def _text(interpreter: Interpreter, node: ast.JoinedStr, scope: Scope) -> str:
    """Returns an f-string whose values are plain."""
    parts = []
    for part in node.values:
        if isinstance(part, ast.FormattedValue):
            value = interpreter.value(part.value, scope)
            spec = _text(interpreter, part.format_spec, scope) if isinstance(part.format_spec, ast.JoinedStr) else ""
            if part.conversion != -1 or not isinstance(value, str | int | float) or WIDE_SPEC.search(spec):
                raise interpreter.not_understood(node)
            try:
                parts.append(format(value, spec))
            except ValueError:
                raise interpreter.not_understood(node) from None
        else:
            parts.append(str(getattr(part, "value", "")))
    return bounded_text("".join(parts), node)


def _lambda(interpreter: Interpreter, node: ast.Lambda, scope: Scope) -> Function:
    return define_function(interpreter, node, scope)


def _assignment(interpreter: Interpreter, node: ast.NamedExpr, scope: Scope) -> object:
    if scope.is_comprehension:  # the name is one of the function around it
        raise interpreter.not_understood(node)
    value = interpreter.value(node.value, scope)
    interpreter.bind(node.target, value, scope)
    return value


def _conditional(interpreter: Interpreter, node: ast.IfExp, scope: Scope) -> object:
    return interpreter.value(node.body if interpreter.truth(node.test, scope) else node.orelse, scope)


def _tuple(interpreter: Interpreter, node: ast.Tuple, scope: Scope) -> tuple[object, ...]:
    return tuple(interpreter.elements(node.elts, scope))


def _list(interpreter: Interpreter, node: ast.List, scope: Scope) -> list[object]:
    return list(interpreter.elements(node.elts, scope))


def _dict(interpreter: Interpreter, node: ast.Dict, scope: Scope) -> dict[object, object]:
    items: dict[object, object] = {}
    for key, value in zip(node.keys, node.values, strict=True):
        if key is None:
            more = interpreter.value(value, scope)
            if not isinstance(more, dict):
                raise interpreter.not_understood(node)
            items |= more
        else:
            items[_key(interpreter, key, scope)] = interpreter.value(value, scope)
    return items


def _key(interpreter: Interpreter, node: ast.expr, scope: Scope) -> object:
    key = interpreter.value(node, scope)
    if is_member(key):
        return key
    if not is_plain(key) or isinstance(key, list | dict):
        raise interpreter.not_understood(node)
    return key


def _generator(interpreter: Interpreter, node: ast.GeneratorExp, scope: Scope) -> Lazy:
    first = interpreter.iterate(node.generators[0].iter, scope)
    rounds = _rounds(interpreter, node, node.generators, scope, first)
    return Lazy((interpreter.value(node.elt, inner) for inner in rounds), node.lineno)


def _comprehension(interpreter: Interpreter, node: ast.ListComp, scope: Scope) -> list[object]:
    return [interpreter.value(node.elt, inner) for inner in _rounds(interpreter, node, node.generators, scope)]


def _dict_comprehension(interpreter: Interpreter, node: ast.DictComp, scope: Scope) -> dict[object, object]:
    rounds = _rounds(interpreter, node, node.generators, scope)
    return {_key(interpreter, node.key, inner): interpreter.value(node.value, inner) for inner in rounds}


def _rounds(
    interpreter: Interpreter,
    node: ast.expr,
    loops: Sequence[ast.comprehension],
    scope: Scope,
    first: Iterator[object] | None = None,
) -> Iterator[Scope]:
    """Yields the names in each round of the loops of a comprehension; `first` is what the first one goes through."""
    if not loops:
        yield scope
        return
    loop, *more = loops
    if loop.is_async:
        raise interpreter.not_understood(node)
    inner = scope.inner(interpreter.globals)
    for item in interpreter.iterate(loop.iter, scope) if first is None else first:
        interpreter.bind(loop.target, item, inner)
        if all(interpreter.truth(condition, inner) for condition in loop.ifs):
            yield from _rounds(interpreter, node, more, inner)


EXPRESSIONS: dict[type[ast.expr], ExpressionHandler] = {
    ast.Constant: _constant,
    ast.Name: _name,
    ast.Attribute: _attribute,
    ast.Subscript: _subscript,
    ast.BinOp: _binary_operation,
    ast.UnaryOp: _unary_operation,
    ast.Compare: _comparison,
    ast.BoolOp: _boolean_operation,
    ast.IfExp: _conditional,
    ast.Tuple: _tuple,
    ast.List: _list,
    ast.Dict: _dict,
    ast.ListComp: _comprehension,
    ast.GeneratorExp: _generator,
    ast.DictComp: _dict_comprehension,
    ast.JoinedStr: _text,
    ast.Lambda: _lambda,
    ast.NamedExpr: _assignment,
    ast.Call: call,
}
"""The handler of every kind of expression that is understood."""
