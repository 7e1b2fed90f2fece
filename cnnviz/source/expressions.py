"""What an expression in pasted code is worth: worked out from the syntax tree, never run."""

from __future__ import annotations

import ast
import operator
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from cnnviz.errors import DesignError
from cnnviz.source.flow import joined
from cnnviz.source.following import Follower, Scope
from cnnviz.source.values import Chain, Function, Instance, Method, Sign, Tensor, Unclear

MAX_NUMBER = 10**12
MAX_LENGTH = 1_000
NUMBERS = "numbers are worked out by + - * and //"

ARITHMETIC: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.FloorDiv: operator.floordiv,
}
COMPARISONS: dict[type[ast.cmpop], Callable[[Any, Any], bool]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Is: operator.is_,
    ast.IsNot: operator.is_not,
}


class Expressions(Follower, ABC):
    """Follows expressions."""

    def __init__(self, text: str, torch_names: Mapping[str, str]) -> None:
        super().__init__(text, torch_names)
        self._kinds: dict[type[ast.expr], Callable[[Any, Scope], object]] = {
            ast.Constant: self._constant,
            ast.Name: self._name,
            ast.Attribute: self._attribute,
            ast.Subscript: self._subscript,
            ast.BinOp: self._sum,
            ast.UnaryOp: self._signed,
            ast.Compare: self._compared,
            ast.BoolOp: self._both,
            ast.IfExp: lambda node, scope: self.value(
                node.body if self.truth(node.test, scope) else node.orelse, scope
            ),
            ast.Tuple: lambda node, scope: tuple(self._elements(node.elts, scope)),
            ast.List: lambda node, scope: list(self._elements(node.elts, scope)),
            ast.Dict: self._dict,
            ast.ListComp: self._comprehension,
            ast.GeneratorExp: self._comprehension,
            ast.Call: self.call,
        }

    def value(self, node: ast.expr, scope: Scope) -> object:
        """What the expression is worth; raises DesignError with its line where that is not understood."""
        self.spend(node)
        follow = self._kinds.get(type(node))
        if follow is None:
            raise self.unknown(node)
        value = follow(node, scope)
        if isinstance(value, Unclear):
            raise value.error
        return value

    @abstractmethod
    def call(self, node: ast.Call, scope: Scope) -> object:
        """What a call gives."""

    def truth(self, node: ast.expr, scope: Scope) -> bool:
        """Whether a condition holds."""
        value = self.value(node, scope)
        if isinstance(value, Chain):
            return bool(value.modules)
        if isinstance(value, Tensor | Sign):
            raise self.unknown(node)
        return bool(value)

    def iterated(self, node: ast.expr, scope: Scope) -> Iterator[object]:
        """What a loop over the expression goes through."""
        value = self.value(node, scope)
        if isinstance(value, Chain):
            value = value.modules
        if not isinstance(value, list | tuple | range):
            raise self.unknown(node)
        for each in list(value):
            self.spend(node)
            yield each

    def bind(self, target: ast.expr, value: object, scope: Scope) -> None:
        """Give the value to a name, an attribute, or one by one to several."""
        if isinstance(target, ast.Name):
            scope.names[target.id] = value
        elif isinstance(target, ast.Attribute) and isinstance(owner := self.value(target.value, scope), Instance):
            owner.attributes[target.attr] = value
        elif isinstance(target, ast.Tuple | ast.List):
            parts = value if isinstance(value, tuple | list) else [value] * len(target.elts)
            if len(parts) != len(target.elts) or not isinstance(value, tuple | list | Unclear):
                raise self.unknown(target)
            for each, part in zip(target.elts, parts, strict=True):
                self.bind(each, part, scope)
        else:
            raise self.unknown(target)

    def _constant(self, node: ast.Constant, scope: Scope) -> object:
        if isinstance(node.value, int | float):
            return self._bounded(node.value, node)
        if node.value is None or isinstance(node.value, str):
            return node.value
        raise self.unknown(node)

    def _name(self, node: ast.Name, scope: Scope) -> object:
        for names in (scope.names, self.world):
            if node.id in names:
                return names[node.id]
        if full := self.full(node, scope):
            return Function(full)
        raise self.unknown(node, f"{node.id[:40]} has no value that could be worked out")

    def _attribute(self, node: ast.Attribute, scope: Scope) -> object:
        if full := self.full(node, scope):
            return Function(full)
        owner = self.value(node.value, scope)
        if isinstance(owner, Instance):
            return self._of_instance(owner, node)
        if isinstance(owner, Tensor) and node.attr == "shape":
            return (Sign.BATCH, *owner.node.shape)
        if isinstance(owner, ast.ClassDef):
            for line in owner.body:
                if isinstance(line, ast.Assign) and any(_names(target, node.attr) for target in line.targets):
                    return self.value(line.value, Scope())
        raise self.unknown(node)

    def _of_instance(self, owner: Instance, node: ast.Attribute) -> object:
        if node.attr in owner.attributes:
            return owner.attributes[node.attr]
        if method := owner.method(node.attr):
            return Method(owner, method)
        if node.attr == "training":
            return Sign.TRAINING
        raise self.unknown(node, f"{self.snippet(node)} is made nowhere in __init__")

    def _subscript(self, node: ast.Subscript, scope: Scope) -> object:
        owner = self.value(node.value, scope)
        if isinstance(owner, Chain):
            owner = owner.modules
        if isinstance(owner, list | tuple | dict):
            index: Any = self._slice(node.slice, scope)
            try:
                return owner[index]
            except (LookupError, TypeError):
                pass
        raise self.unknown(node)

    def _slice(self, node: ast.expr, scope: Scope) -> object:
        if not isinstance(node, ast.Slice):
            return self.value(node, scope)
        return slice(*(part and self.value(part, scope) for part in (node.lower, node.upper, node.step)))

    def _sum(self, node: ast.BinOp, scope: Scope) -> object:
        return self.added(self.value(node.left, scope), self.value(node.right, scope), node.op, node)

    def added(self, left: object, right: object, sign: ast.operator, node: ast.expr | ast.stmt) -> object:
        """Two numbers by + − · //, the sum of two tensors, lists in a row."""
        if isinstance(left, Tensor) or isinstance(right, Tensor):
            if isinstance(left, Tensor) and isinstance(right, Tensor) and isinstance(sign, ast.Add):
                return joined("Residual", (left, right), node.lineno)
            raise self.unknown(node)
        if _number(left) and _number(right) and type(sign) in ARITHMETIC:
            try:
                return self._bounded(ARITHMETIC[type(sign)](left, right), node)
            except ArithmeticError:
                pass
        if isinstance(left, list) and isinstance(right, list) and isinstance(sign, ast.Add):
            return self.bounded_list([*left, *right], node)
        if isinstance(left, list) and isinstance(right, int) and isinstance(sign, ast.Mult):
            return self.bounded_list(left * max(min(right, MAX_LENGTH), 0), node)
        raise self.unknown(node, NUMBERS)

    def bounded_list(self, found: list[object], node: ast.expr | ast.stmt) -> list[object]:
        """The list; raises DesignError when it is too long."""
        if len(found) > MAX_LENGTH:
            raise DesignError(f"Line {node.lineno}: a list here gets longer than {MAX_LENGTH:,}.")
        return found

    def _signed(self, node: ast.UnaryOp, scope: Scope) -> object:
        if isinstance(node.op, ast.Not):
            return not self.truth(node.operand, scope)
        value = self.value(node.operand, scope)
        if isinstance(node.op, ast.USub) and isinstance(value, int | float):
            return -value
        raise self.unknown(node)

    def _compared(self, node: ast.Compare, scope: Scope) -> bool:
        left, right = self.value(node.left, scope), self.value(node.comparators[0], scope)
        plain = all(isinstance(each, int | float | str | None) for each in (left, right))
        sign = type(node.ops[0])
        if len(node.ops) == 1 and sign in COMPARISONS and (plain or (right is None and sign in (ast.Is, ast.IsNot))):
            try:
                return COMPARISONS[sign](left, right)
            except TypeError:
                pass
        raise self.unknown(node)

    def _both(self, node: ast.BoolOp, scope: Scope) -> bool:
        found = (self.truth(each, scope) for each in node.values)
        return all(found) if isinstance(node.op, ast.And) else any(found)

    def _elements(self, nodes: list[ast.expr], scope: Scope) -> Iterator[object]:
        for node in nodes:
            if isinstance(node, ast.Starred):
                yield from self.iterated(node.value, scope)
            else:
                yield self.value(node, scope)

    def _dict(self, node: ast.Dict, scope: Scope) -> dict[object, object]:
        found: dict[object, object] = {}
        for key, value in zip(node.keys, node.values, strict=True):
            if not isinstance(key, ast.Constant):
                raise self.unknown(node)
            found[key.value] = self.value(value, scope)
        return found

    def _comprehension(self, node: ast.ListComp | ast.GeneratorExp, scope: Scope) -> list[object]:
        loop, *more = node.generators
        if more or loop.ifs or loop.is_async:
            raise self.unknown(node)
        found = []
        for each in self.iterated(loop.iter, scope):
            inner = Scope(dict(scope.names), scope.fleeting)
            self.bind(loop.target, each, inner)
            found.append(self.value(node.elt, inner))
        return found

    def _bounded(self, number: Any, node: ast.expr | ast.stmt) -> int | float:
        if not abs(number) <= MAX_NUMBER:  # nor is "not a number"
            raise DesignError(f"Line {node.lineno}: a number here is larger than anything in a net.")
        return number  # type: ignore[no-any-return]


def _names(target: ast.expr, name: str) -> bool:
    return isinstance(target, ast.Name) and target.id == name


def _number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
