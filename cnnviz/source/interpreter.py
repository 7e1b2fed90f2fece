"""The interpreter of pasted code: it follows the syntax tree and never runs anything."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from cnnviz.errors import DesignError
from cnnviz.source.torch_names import full_name, imported_names
from cnnviz.source.values import ImportedName, Instance, Sequential, Symbol, Tensor, Unresolved

MAX_STEPS = 20_000
MAX_CALL_DEPTH = 40
MAX_LENGTH = 1_000
UNDERSTOOD = (
    "a design holds layers and torch's functions one after the other, sums x + y, torch.cat(…, dim=1), and view or"
    " flatten to one axis"
)


@dataclass
class Scope:
    """The names of one function call; `in_forward` where the code runs anew for every batch."""

    names: dict[str, object] = field(default_factory=dict)
    in_forward: bool = False


@dataclass(frozen=True)
class Returned:
    """The value that a return statement hands back."""

    value: object


StatementHandler = Callable[["Interpreter", Any, Scope], Returned | None]
ExpressionHandler = Callable[["Interpreter", Any, Scope], object]
CallHandler = Callable[["Interpreter", ast.Call, Scope], object]


class Interpreter:
    """Follows code with two tables of handlers, one for the kinds of statements and one for those of expressions.

    The handlers say what each kind means. The interpreter holds what all of them need: the names at the top level of
    the text, the budget of steps, and errors that quote the line.
    """

    def __init__(
        self,
        tree: ast.Module,
        text: str,
        *,
        statements: Mapping[type[ast.stmt], StatementHandler],
        expressions: Mapping[type[ast.expr], ExpressionHandler],
    ) -> None:
        self.globals: dict[str, object] = {}
        self.steps = 0
        self.unassigned: list[object] = []
        """Values of expressions at the top level that no name is bound to; one of them may be the net."""
        self._statements, self._expressions = statements, expressions
        self._lines = text.split("\n")
        self._imported_names = imported_names(tree)
        self._statement: ast.stmt | None = None
        self._call_depth = 0
        self.module_classes = [node for node in tree.body if isinstance(node, ast.ClassDef) and self._is_module(node)]
        """Classes of the text that derive from nn.Module."""

    # following

    def execute(self, statements: Sequence[ast.stmt], scope: Scope) -> Returned | None:
        """Follows statements up to the first return."""
        for statement in statements:
            if returned := self.execute_statement(statement, scope):
                return returned
        return None

    def execute_statement(self, statement: ast.stmt, scope: Scope) -> Returned | None:
        """Follows one statement; raises DesignError with its line where it is not understood."""
        self._statement = statement
        self.count_step(statement.lineno)
        handler = self._statements.get(type(statement))
        if handler is None:
            raise self.not_understood(statement)
        return handler(self, statement, scope)

    def value(self, node: ast.expr, scope: Scope) -> object:
        """Returns the value of an expression; raises DesignError with its line where it is not understood."""
        self.count_step(node.lineno)
        handler = self._expressions.get(type(node))
        if handler is None:
            raise self.not_understood(node)
        return resolved(handler(self, node, scope))

    def truth(self, node: ast.expr, scope: Scope) -> bool:
        """Returns whether a condition holds."""
        value = self.value(node, scope)
        if isinstance(value, Sequential):
            return bool(value.modules)
        if isinstance(value, Tensor | Symbol):
            raise self.not_understood(node)
        return bool(value)

    def iterate(self, node: ast.expr, scope: Scope) -> Iterator[object]:
        """Yields what a loop over the expression goes through."""
        value = self.value(node, scope)
        if isinstance(value, Sequential):
            value = value.modules
        if not isinstance(value, list | tuple | range):
            raise self.not_understood(node)
        for item in list(value):
            self.count_step(node.lineno)
            yield item

    def elements(self, nodes: Sequence[ast.expr], scope: Scope) -> Iterator[object]:
        """Yields the values of elements or arguments, those behind a star one by one."""
        for node in nodes:
            if isinstance(node, ast.Starred):
                yield from self.iterate(node.value, scope)
            else:
                yield self.value(node, scope)

    def bind(self, target: ast.expr, value: object, scope: Scope) -> None:
        """Binds a value to a name or an attribute, or its elements to several of them."""
        if isinstance(target, ast.Name):
            scope.names[target.id] = value
        elif isinstance(target, ast.Attribute) and isinstance(owner := self.value(target.value, scope), Instance):
            owner.attributes[target.attr] = value
        elif isinstance(target, ast.Tuple | ast.List):
            parts = value if isinstance(value, tuple | list) else [value] * len(target.elts)
            if len(parts) != len(target.elts) or not isinstance(value, tuple | list | Unresolved):
                raise self.not_understood(target)
            for element, part in zip(target.elts, parts, strict=True):
                self.bind(element, part, scope)
        else:
            raise self.not_understood(target)

    # names

    def lookup(self, node: ast.Name, scope: Scope) -> object:
        """Returns what a name is bound to: here, at the top level, or by an import."""
        for names in (scope.names, self.globals):
            if node.id in names:
                return names[node.id]
        if name := self.full_name(node, scope):
            return ImportedName(name)
        raise self.not_understood(node, f"{node.id[:40]} has no value that could be worked out")

    def full_name(self, node: ast.expr, scope: Scope) -> str | None:
        """Returns the full name of something imported, unless the text has bound its first part to something else."""
        root = node
        while isinstance(root, ast.Attribute):
            root = root.value
        if isinstance(root, ast.Name) and (root.id in scope.names or root.id in self.globals):
            return None
        return full_name(node, self._imported_names)

    # limits

    def count_step(self, line: int) -> None:
        """Counts a step; raises DesignError when the code takes too many."""
        self.steps += 1
        if self.steps > MAX_STEPS:
            raise DesignError(f"Line {line}: the code takes more than {MAX_STEPS:,} steps to follow; make it shorter.")

    @contextmanager
    def nested_call(self, line: int) -> Iterator[None]:
        """Holds while the body of a function is followed; raises DesignError when calls are nested too deeply."""
        if self._call_depth >= MAX_CALL_DEPTH:
            raise DesignError(f"Line {line}: functions call each other more than {MAX_CALL_DEPTH} deep.")
        statement = self._statement
        self._call_depth += 1
        try:
            yield
        finally:
            self._statement = statement
            self._call_depth -= 1

    def bounded_list(self, items: list[object], node: ast.expr | ast.stmt) -> list[object]:
        """Returns the list; raises DesignError when it is too long."""
        if len(items) > MAX_LENGTH:
            raise DesignError(f"Line {node.lineno}: a list here gets longer than {MAX_LENGTH:,}.")
        return items

    # errors

    def not_understood(self, node: ast.expr | ast.stmt, why: str = UNDERSTOOD) -> DesignError:
        """Returns the error that quotes what is not understood: the whole statement, where it is on one line."""
        quoted = node
        if self._statement is not None and self._statement.lineno == self._statement.end_lineno == node.lineno:
            quoted = self._statement
        return DesignError(f"Line {node.lineno}: `{self.snippet(quoted)}` is not understood; {why}.")

    def snippet(self, node: ast.expr | ast.stmt) -> str:
        """Returns the source of a node on one line, shortened to 60 characters."""
        last = node.end_lineno or node.lineno
        first, *more = (line.encode() for line in self._lines[node.lineno - 1 : last])
        end = node.end_col_offset if not more else None
        source = " ".join(b" ".join((first[node.col_offset : end], *more)).decode(errors="replace").split())
        return source if len(source) <= 60 else f"{source[:59]}…"

    def _is_module(self, cls: ast.ClassDef) -> bool:
        return any(self.full_name(base, Scope()) == "torch.nn.Module" for base in cls.bases)


def resolved(value: object) -> object:
    """Returns the value; raises the error of one that could not be worked out."""
    if isinstance(value, Unresolved):
        raise value.error
    return value
