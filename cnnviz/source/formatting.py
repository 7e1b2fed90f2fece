"""Calls in lines of at most 88 characters, broken where `ruff format` breaks them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass

WIDTH = 88


@dataclass(frozen=True)
class Call:
    """A call in source code, or a tuple where `function` is empty.

    `comment` is written behind its last line. An `open` call has a line for each argument, whatever its length.
    """

    function: str
    arguments: tuple[Argument, ...] = ()
    comment: str = ""
    open: bool = False

    def __str__(self) -> str:
        inner = ", ".join(map(str, self.arguments))
        return f"{self.function}({inner}{',' if not self.function and len(self.arguments) == 1 else ''})"


@dataclass(frozen=True)
class Argument:
    """An argument by place or by name; `above` is a comment on a line of its own before it."""

    value: Call | str
    name: str = ""
    above: str = ""

    def __str__(self) -> str:
        return f"{self.prefix}{self.value}"

    @property
    def prefix(self) -> str:
        """The name and its sign, or nothing."""
        return f"{self.name}=" if self.name else ""


def literal(value: object) -> Call | str:
    """Returns a value as source code: a number, truth value, None, text in double quotes, or a tuple of them.

    >>> str(literal(("same", 1e-05, (3,))))
    '("same", 1e-05, (3,))'
    """
    if isinstance(value, tuple):
        return Call("", tuple(Argument(literal(item)) for item in value))
    return json.dumps(value) if isinstance(value, str) else repr(value)


def format_call(start: str, call: Call, *, end: str = "", indent: int = 0) -> Iterator[str]:
    """Yields the lines of a call between `start` and `end`, which will stand `indent` characters from the left.

    >>> wide = Call("nn.Conv2d", tuple(Argument("1" * 20, name) for name in ("stride", "padding")))
    >>> list(format_call("x = ", wide, indent=20))
    ['x = nn.Conv2d(', '    stride=11111111111111111111, padding=11111111111111111111', ')']
    """
    comment = f"  # {call.comment}" if call.comment else ""
    if not (call.open and call.arguments):
        whole = f"{start}{call}{end}{comment}"
        if not call.arguments or indent + len(whole) <= WIDTH:
            yield whole
            return
    inside = indent + 4
    yield f"{start}{call.function}("
    row = "" if call.open else ", ".join(map(str, call.arguments))
    if call.function and row and inside + len(row) <= WIDTH:
        yield f"    {row}"
    else:
        is_alone = bool(call.function) and not call.open and len(call.arguments) == 1
        for argument in call.arguments:
            yield from (f"    {line}" for line in _format_argument(argument, "" if is_alone else ",", inside))
    yield f"){end}{comment}"


def _format_argument(argument: Argument, end: str, indent: int) -> Iterator[str]:
    if argument.above:
        yield f"# {argument.above}"
    if isinstance(argument.value, Call):
        yield from format_call(argument.prefix, argument.value, end=end, indent=indent)
    else:
        yield f"{argument}{end}"
