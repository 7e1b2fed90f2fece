"""The statements of pasted code, followed one by one, and the functions made of them."""

from __future__ import annotations

import ast
from abc import ABC
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cnnviz.errors import DesignError
from cnnviz.source.calls import Arguments, Calls
from cnnviz.source.following import Scope
from cnnviz.source.placing import bound
from cnnviz.source.values import Tensor, Unclear

MAX_CALLS = 40
SILENT = ("torch.nn.init.", "torch.manual_seed", "torch.nn.Module.__init__", "builtins.print")
"""Starts of the names of functions that say nothing about the layers of a net."""
WEIGHTS = ("modules", "parameters", "named_modules", "named_parameters")
"""Methods of a net that are gone through where it is made, to set or freeze weights."""


@dataclass(frozen=True)
class Returned:
    """What a function hands back."""

    value: object


class Statements(Calls, ABC):
    """Follows statements."""

    def __init__(self, text: str, torch_names: Mapping[str, str]) -> None:
        super().__init__(text, torch_names)
        self.calls = 0
        self._statements: dict[type[ast.stmt], Callable[[Any, Scope], Returned | None]] = {
            ast.Assign: self.assign,
            ast.AnnAssign: self.assign,
            ast.AugAssign: self._augmented,
            ast.Expr: self.expression,
            ast.Return: self._return,
            ast.If: self._if,
            ast.For: self._for,
            ast.FunctionDef: self._define,
            ast.ClassDef: self._define,
            **dict.fromkeys((ast.Import, ast.ImportFrom, ast.Pass, ast.Assert), lambda node, scope: None),
        }

    def execute(self, statements: Sequence[ast.stmt], scope: Scope) -> Returned | None:
        """Follow statements up to the first return."""
        for statement in statements:
            if returned := self.follow(statement, scope):
                return returned
        return None

    def follow(self, statement: ast.stmt, scope: Scope) -> Returned | None:
        """Follow one statement; raises DesignError with its line where it is not understood."""
        self.statement = statement
        self.spend(statement)
        follow = self._statements.get(type(statement))
        if follow is None:
            raise self.unknown(statement)
        return follow(statement, scope)

    def enter(self, body: ast.FunctionDef, arguments: Arguments, scope: Scope, line: int) -> object:
        """What a function of the text returns when it is called there."""
        if body.decorator_list:
            raise DesignError(f"Line {body.lineno}: functions with decorators are not understood; leave @ out.")
        own = Scope(self._parameters(body, arguments, line), scope.fleeting)
        before, self.calls = self.statement, self.calls + 1
        if self.calls > MAX_CALLS:
            raise DesignError(f"Line {line}: functions call each other more than {MAX_CALLS} deep.")
        try:
            returned = self.execute(body.body, own)
        finally:
            self.statement, self.calls = before, self.calls - 1
        return returned.value if returned else None

    def _parameters(self, body: ast.FunctionDef, arguments: Arguments, line: int) -> dict[str, object]:
        given, (positional, named) = body.args, arguments
        names = [each.arg for each in (*given.posonlyargs, *given.args)]
        words = [each.arg for each in given.kwonlyargs]
        taken = len(names) if given.vararg else len(positional)
        ordered = {name: value for name, value in named.items() if name not in words}
        found = bound(names, positional[:taken], ordered, body.name[:40], line)
        found |= {name: named[name] for name in words if name in named}
        defaults = zip(reversed(names), reversed(given.defaults), strict=False)
        for name, default in (*defaults, *zip(words, given.kw_defaults, strict=True)):
            if name not in found and default is not None:
                found[name] = self.value(default, Scope())
        missing = [name for name in (*names, *words) if name not in found]
        if missing:
            raise DesignError(
                f"Line {line}: {body.name[:40]} (line {body.lineno}) needs {' and '.join(missing)[:80]}, too; a net is"
                " called with one tensor, and gets its numbers where it is made: model = Net(10)."
            )
        return found | ({given.vararg.arg: tuple(positional[taken:])} if given.vararg else {})

    def assign(self, node: ast.Assign | ast.AnnAssign, scope: Scope) -> None:
        """Bind a value to its names; where it is not understood, that is told when it is needed."""
        if node.value is None:
            return
        try:
            value = self.value(node.value, scope)
        except DesignError as error:
            value = Unclear(error)
        for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
            self.bind(target, value, scope)

    def expression(self, node: ast.Expr, scope: Scope) -> None:
        """A call for its own sake; raises DesignError where it gives a tensor that goes nowhere."""
        if isinstance(node.value, ast.Constant) or self.silent(node.value, scope):
            return
        value = self.value(node.value, scope)
        if isinstance(value, Tensor) and not any(value is each for each in scope.names.values()):
            raise self.unknown(node, f"its result is not used; write x = {self.snippet(node)}")

    def silent(self, node: ast.expr, scope: Scope) -> bool:
        """Whether a call says nothing about the layers of a net: print, nn.init, super().__init__()."""
        if not isinstance(node, ast.Call):
            return False
        function = node.func
        if isinstance(function, ast.Attribute) and isinstance(function.value, ast.Call):
            inner = function.value.func
            return function.attr == "__init__" and isinstance(inner, ast.Name) and inner.id == "super"
        full = self.full(function, scope)
        return full.startswith(SILENT) if full else isinstance(function, ast.Attribute) and function.attr == "apply"

    def _augmented(self, node: ast.AugAssign, scope: Scope) -> None:
        before, more = self.value(node.target, scope), self.value(node.value, scope)
        after = self.added(before, more, node.op, node)
        if isinstance(before, Tensor) and isinstance(after, Tensor):
            before.node = after.node
        elif isinstance(before, list) and isinstance(after, list):
            before[:] = after
        else:
            self.bind(node.target, after, scope)

    def _return(self, node: ast.Return, scope: Scope) -> Returned:
        return Returned(self.value(node.value, scope) if node.value else None)

    def _if(self, node: ast.If, scope: Scope) -> Returned | None:
        return self.execute(node.body if self.truth(node.test, scope) else node.orelse, scope)

    def _for(self, node: ast.For, scope: Scope) -> Returned | None:
        through = node.iter.func if isinstance(node.iter, ast.Call) else None
        if isinstance(through, ast.Attribute) and through.attr in WEIGHTS and not scope.fleeting:
            return None
        for each in self.iterated(node.iter, scope):
            self.bind(node.target, each, scope)
            if returned := self.execute(node.body, scope):
                return returned
        return self.execute(node.orelse, scope)

    def _define(self, node: ast.FunctionDef | ast.ClassDef, scope: Scope) -> None:
        scope.names[node.name] = node
