"""The arguments of calls in pasted code."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from typing import NamedTuple

from cnnviz.errors import DesignError
from cnnviz.source.interpreter import Interpreter, Scope


class Arguments(NamedTuple):
    """The values of a call's arguments, by place and by name."""

    positional: list[object]
    named: dict[str, object]

    def after(self, first: object) -> Arguments:
        """Returns the arguments with another one before them, such as self."""
        return Arguments([first, *self.positional], self.named)

    def matched(self, parameters: Sequence[str], call: str, line: int) -> dict[str, object]:
        """Returns the arguments by parameter; raises DesignError with the line where they do not fit."""
        if len(self.positional) > len(parameters):
            given = f"{len(self.positional)} argument{'s' if len(self.positional) > 1 else ''}"
            takes = f"at most {len(parameters)}: {', '.join(parameters)}" if parameters else "none"
            raise DesignError(f"Line {line}: {call} gets {given}, but takes {takes}.")
        arguments = dict(zip(parameters, self.positional, strict=False))
        for name, value in self.named.items():
            if name not in parameters:
                takes = f"it takes {', '.join(parameters)}" if parameters else "it takes no arguments"
                raise DesignError(f"Line {line}: {call} has no parameter {name[:40]}; {takes}.")
            if name in arguments:
                raise DesignError(f"Line {line}: {call} gets {name} twice.")
            arguments[name] = value
        return arguments


def read_arguments(interpreter: Interpreter, node: ast.Call, scope: Scope) -> Arguments:
    """Returns the values of a call's arguments; raises DesignError where they cannot be worked out."""
    named = {}
    for keyword in node.keywords:
        if keyword.arg is None:
            raise interpreter.not_understood(node, "write the arguments out instead of **")
        named[keyword.arg] = interpreter.value(keyword.value, scope)
    return Arguments(list(interpreter.elements(node.args, scope)), named)
