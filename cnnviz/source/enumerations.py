"""Classes of pasted code that derive from Enum, and their members."""

from __future__ import annotations

from cnnviz.errors import DesignError
from cnnviz.source.arguments import Arguments
from cnnviz.source.values import Class, Function, ImportedName, Object

BASES = {"enum.Enum", "enum.IntEnum", "enum.StrEnum"}
VALUE_BASES = {"enum.IntEnum", "enum.StrEnum", "builtins.str", "builtins.int"}
"""Bases by which a member is equal to its value."""


def is_enumeration(cls: Class) -> bool:
    """Returns whether a class of the text derives from Enum."""
    todo, seen = list(cls.bases), set[int]()
    while todo:
        base = todo.pop()
        if isinstance(base, ImportedName) and base.full_name in BASES:
            return True
        if isinstance(base, Class) and id(base) not in seen:
            seen.add(id(base))
            todo += base.bases
    return False


def make_members(cls: Class) -> None:
    """Makes a member of each value that is set in the body of an enumeration."""
    for name, value in cls.attributes.items():
        if not isinstance(value, Function | Class) and not name.startswith("__"):
            cls.attributes[name] = Object(cls, {"name": name, "value": value})


def member_of_value(cls: Class, arguments: Arguments, line: int) -> Object:
    """Returns the member of a value: Norm("batch"); raises DesignError where there is none."""
    members = [member for member in cls.attributes.values() if is_member(member)]
    for given in arguments.positional[:1]:
        for member in members:
            if isinstance(member, Object) and given in (member, member.attributes["value"]):
                return member
    raise DesignError(f"Line {line}: {cls.name} (line {cls.node.lineno}) has no member of that value.")


def is_member(value: object) -> bool:
    """Returns whether a value is a member of an enumeration."""
    return type(value) is Object and value.cls is not None and is_enumeration(value.cls)


def comparable(value: object) -> object:
    """Returns what a member is compared by: its value, or else what only itself has; also those in a list or dict."""
    if isinstance(value, dict):
        return tuple(comparable(key) for key in value)
    if isinstance(value, list | tuple):
        return tuple(comparable(item) for item in value)
    if not isinstance(value, Object) or not is_member(value) or value.cls is None:
        return value
    return value.attributes["value"] if value.cls.base_names() & VALUE_BASES else f"{value.cls.name} {id(value)}"
