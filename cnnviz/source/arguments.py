"""The arguments of calls in pasted code."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from typing import NamedTuple

from cnnviz.errors import DesignError
from cnnviz.source.interpreter import Interpreter, Scope, resolved


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
    named: dict[str, object] = {}
    for keyword in node.keywords:
        value = interpreter.value(keyword.value, scope)
        if keyword.arg is not None:
            named[keyword.arg] = value
        elif isinstance(value, dict) and all(isinstance(name, str) for name in value):
            named |= {str(name): resolved(item) for name, item in value.items()}
        else:
            raise interpreter.not_understood(node, "what follows ** is not a dict with names")
    return Arguments(list(interpreter.elements(node.args, scope)), named)
