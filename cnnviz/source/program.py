"""Pasted code as a whole: what stands outside of functions is followed up to the one net that it makes."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from functools import cache

from cnnviz.errors import DesignError
from cnnviz.source.calls import GROWING, Arguments
from cnnviz.source.following import MAX_STEPS, Scope
from cnnviz.source.statements import Statements
from cnnviz.source.torchnames import imported
from cnnviz.source.values import Chain, Instance, Module, Unclear, inside
from cnnviz.source.write import BLOCKS


class Program(Statements):
    """Follows a text. What is not understood outside of functions counts only where the net needs it."""

    def __init__(self, tree: ast.Module, text: str) -> None:
        super().__init__(text, imported(tree))
        self.classes = [node for node in tree.body if isinstance(node, ast.ClassDef) and self._is_net(node)]
        self._bare: list[object] = []
        self._failures: list[DesignError] = []
        self._outside(tree.body)

    def net(self) -> Module:
        """The one net of the text; raises DesignError where there is none, or more than one."""
        found = {id(value): value for value in (*self.world.values(), *self._bare) if isinstance(value, Module)}
        parts = {part for value in found.values() for part in inside(value)}
        outer = [value for value in found.values() if id(value) not in parts]
        nets = [each for each in outer if isinstance(each, Chain | Instance)] or outer
        if len(nets) > 1:
            raise _several([self._name_of(net) for net in nets])
        if nets:
            return nets[0]
        if self._failures:
            raise self._failures[0]
        return self._only_class()

    def made(self, cls: ast.ClassDef, arguments: Arguments, scope: Scope, line: int) -> Module:
        """An object of a class of the text, or the block that our own classes are."""
        if kind := _ours(cls):
            return self.joined_by(kind, arguments, line)
        if cls not in self.classes:
            raise DesignError(f"Line {line}: {cls.name[:40]} is not a class that derives from nn.Module itself.")
        instance = Instance(cls)
        for statement in cls.body:
            if isinstance(statement, ast.Assign | ast.AnnAssign):
                self.assign(statement, Scope(instance.attributes, scope.fleeting))
        if start := instance.method("__init__"):
            self.enter(start, ([instance, *arguments[0]], arguments[1]), scope, line)
        return instance

    def expression(self, node: ast.Expr, scope: Scope) -> None:
        """A call for its own sake; outside of functions, it may be the net."""
        if scope.names is not self.world:
            super().expression(node, scope)
        elif not self.silent(node.value, scope):
            self._bare.append(self.value(node.value, scope))

    def _only_class(self) -> Module:
        """An object of the class that no other one uses."""
        classes = [cls for cls in self.classes if self.world.get(cls.name) is cls and not _ours(cls)]
        users = {cls: {node.id for node in ast.walk(cls) if isinstance(node, ast.Name)} for cls in classes}
        roots = [cls for cls in classes if not any(cls.name in users[other] for other in classes if other is not cls)]
        if len(roots) > 1:
            raise _several([f"{cls.name[:40]} (line {cls.lineno})" for cls in roots])
        if not roots:
            raise DesignError(
                "No net was found. Paste a class that derives from nn.Module, with its __init__ and forward, or an"
                " nn.Sequential(…)."
            )
        return self.made(roots[0], ([], {}), Scope(), roots[0].lineno)

    def _outside(self, statements: Sequence[ast.stmt]) -> None:
        for statement in statements:
            if isinstance(statement, ast.With | ast.Try) or _is_main(statement):
                self._outside(statement.body)  # type: ignore[attr-defined]
                continue
            before = {name: self.world.get(name) for name in _stored(statement)}
            try:
                self.follow(statement, Scope(self.world))
            except DesignError as error:
                if self.steps > MAX_STEPS:
                    raise
                self._doubt(statement, error)
            for name, value in before.items():
                now = self.world.get(name)
                if isinstance(now, Unclear) and (isinstance(value, Module) or self._makes_net(statement)):
                    self._failures.append(now.error)

    def _doubt(self, statement: ast.stmt, error: DesignError) -> None:
        """What a statement may have bound or changed is unclear."""
        changed = set(_changed(statement))
        for name in changed:
            if isinstance(self.world.get(name), Module):
                self._failures.append(error)
        for name in (*_stored(statement), *changed):
            if name in changed or not isinstance(self.world.get(name), Module):
                self.world[name] = Unclear(error)
        if self._makes_net(statement):
            self._failures.append(error)

    def _makes_net(self, statement: ast.stmt) -> bool:
        """Whether its outermost call, `.to(device)` apart, is of nn.Sequential or of a net's class."""
        node = getattr(statement, "value", None)
        while (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and isinstance(node.func.value, ast.Call)
        ):
            node = node.func.value
        if not isinstance(node, ast.Call):
            return False
        named = isinstance(node.func, ast.Name) and any(cls.name == node.func.id for cls in self.classes)
        return named or self.full(node.func, Scope()) == "torch.nn.Sequential"

    def _is_net(self, cls: ast.ClassDef) -> bool:
        return any(self.full(base, Scope()) == "torch.nn.Module" for base in cls.bases)

    def _name_of(self, net: object) -> str:
        return next((name[:40] for name, value in self.world.items() if value is net), "nn.Sequential(…)")


def _several(names: Sequence[str]) -> DesignError:
    told = ", ".join(names[:4]) + ", …" * (len(names) > 4)
    return DesignError(f"The code holds {len(names)} nets: {told}. Paste one of them.")


@cache
def _own() -> dict[str, str]:
    """The blocks' classes that this package writes, as syntax."""
    return {kind: _syntax(ast.parse(text).body[0]) for kind, text in BLOCKS.items()}


def _ours(cls: ast.ClassDef) -> str | None:
    """The kind of block that a class is, if it is one that this package writes."""
    return cls.name if cls.name in BLOCKS and _own()[cls.name] == _syntax(cls) else None


def _syntax(cls: ast.stmt) -> str:
    """A class without its docstring."""
    return "\n".join(ast.dump(node) for node in getattr(cls, "body", ()) if not isinstance(node, ast.Expr))


def _is_main(statement: ast.stmt) -> bool:
    """Whether it is `if __name__ == …`."""
    return isinstance(statement, ast.If) and any(
        isinstance(node, ast.Name) and node.id == "__name__" for node in ast.walk(statement.test)
    )


def _stored(statement: ast.stmt) -> Iterator[str]:
    """Names that a statement binds."""
    if not isinstance(statement, ast.FunctionDef | ast.ClassDef):
        for node in ast.walk(statement):
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                yield node.id


def _changed(statement: ast.stmt) -> Iterator[str]:
    """Names whose values get other parts in a statement: x.append(…), x[0] = …, x.fc = …, del x[0]."""
    for node in ast.walk(statement):
        if isinstance(node, ast.Attribute | ast.Subscript) and isinstance(node.value, ast.Name):
            grown = isinstance(node, ast.Attribute) and node.attr in (*GROWING, "insert", "pop", "remove", "clear")
            if grown or not isinstance(node.ctx, ast.Load):
                yield node.value.id
