"""What following pasted code takes: names in scope, a budget of steps, and words for what is not understood."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass, field

from cnnviz.errors import DesignError
from cnnviz.source.torchnames import dotted

MAX_STEPS = 20_000
UNDERSTOOD = (
    "a design holds layers and torch's functions one after the other, sums x + y, torch.cat(…, dim=1), and view or"
    " flatten to one axis"
)


@dataclass
class Scope:
    """The names of a function that is followed; `fleeting` where it runs anew for every batch."""

    names: dict[str, object] = field(default_factory=dict)
    fleeting: bool = False


class Follower:
    """Goes through code; `world` are the names of the whole text, `torch_names` what its imports stand for."""

    def __init__(self, text: str, torch_names: Mapping[str, str]) -> None:
        self.lines = text.split("\n")
        self.torch_names = torch_names
        self.world: dict[str, object] = {}
        self.statement: ast.stmt | None = None
        self.steps = 0

    def full(self, node: ast.expr, scope: Scope) -> str | None:
        """The full name of something in torch, unless the text has bound its first part to something else."""
        root = node
        while isinstance(root, ast.Attribute):
            root = root.value
        if isinstance(root, ast.Name) and (root.id in scope.names or root.id in self.world):
            return None
        return dotted(node, self.torch_names)

    def spend(self, node: ast.AST) -> None:
        """Count a step."""
        self.step(getattr(node, "lineno", 1))

    def step(self, line: int) -> None:
        """Count a step there; raises DesignError when the code takes too many."""
        self.steps += 1
        if self.steps > MAX_STEPS:
            raise DesignError(f"Line {line}: the code takes more than {MAX_STEPS:,} steps to follow; make it shorter.")

    def unknown(self, node: ast.expr | ast.stmt, why: str = "") -> DesignError:
        """The error that names what is not understood; the whole statement, where it is one line."""
        told = node
        if self.statement is not None and self.statement.lineno == self.statement.end_lineno == node.lineno:
            told = self.statement
        return DesignError(f"Line {node.lineno}: `{self.snippet(told)}` is not understood; {why or UNDERSTOOD}.")

    def snippet(self, node: ast.expr | ast.stmt) -> str:
        """Its source in one line, cut short."""
        last = node.end_lineno or node.lineno
        first, *more = (line.encode() for line in self.lines[node.lineno - 1 : last])
        end = node.end_col_offset if not more else None
        source = " ".join(b" ".join((first[node.col_offset : end], *more)).decode(errors="replace").split())
        return source if len(source) <= 60 else f"{source[:59]}…"
