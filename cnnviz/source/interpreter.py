"""The interpreter of pasted code: it follows the syntax tree and never runs anything."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from enum import Enum, auto
from itertools import islice
from typing import Any

from cnnviz.errors import DesignError
from cnnviz.layers.base import torch_defaults
from cnnviz.source.changes import NetChanges
from cnnviz.source.tensor_values import Tensor
from cnnviz.source.torch_names import full_name, imported_names
from cnnviz.source.values import (
    Class,
    Function,
    ImportedName,
    Instance,
    LayerCall,
    Lazy,
    Module,
    ModuleDict,
    ModuleList,
    ModulesView,
    Object,
    Sequential,
    Symbol,
    Unresolved,
)

CHANGING_METHODS = (
    *("append", "extend", "insert", "pop", "add_module", "register_module", "add", "remove", "clear", "update"),
    *("register_forward_hook", "register_forward_pre_hook"),
)
"""Methods that change what a module or a list holds, understood or not."""
MAX_STEPS = 20_000
MAX_CALL_DEPTH = 40
MAX_LENGTH = 1_000
UNDERSTOOD = (
    "a design holds layers and torch's functions one after the other, sums x + y, torch.cat(…, dim=1), and view or"
    " flatten to one axis"
)


SAME_LAYERS = "a design has the same layers in training and in evaluation"


class ModeError(DesignError):
    """Code that asks whether the net is being trained."""


@dataclass
class Scope:
    """The names of one function call; `in_forward` where the code runs anew for every batch."""

    names: dict[str, object] = field(default_factory=dict)
    in_forward: bool = False
    around: tuple[dict[str, object], ...] = ()
    """Names of the functions around this one, the innermost first."""
    method: Function | None = None
    """The method that is followed, for super()."""

    is_comprehension: bool = False

    def inner(self, top_level: Mapping[str, object]) -> Scope:
        """Returns the scope of a comprehension inside this one: it sees these names, and its own stay in it."""
        around = self.around if self.names is top_level else (self.names, *self.around)
        return replace(self, names={}, around=around, is_comprehension=True)


WRITTEN = "A net designed with cnnviz."
"""First sentence of the code that `to_code` writes."""


@dataclass(frozen=True)
class Returned:
    """The value that a return statement hands back."""

    value: object


class Jump(Enum):
    """What else ends a block of statements: break and continue."""

    BREAK = auto()
    CONTINUE = auto()


StatementHandler = Callable[["Interpreter", Any, Scope], Returned | Jump | None]
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
        self.state_changed_at = 0
        """The line in forward that changes an object or a list last, which may matter in the next batch; 0 for none."""
        self.skipped: ast.stmt | None = None
        """The statement that was passed over last, as one without effect."""
        self.bound_before: dict[int, object] = {}
        """What a name was bound to before it was bound to an object, by the `id` of that object."""
        self.assumed_training: bool | None = None
        """Whether the net is taken to be trained; None where both must come to the same."""
        self.changes = NetChanges(tree, CHANGING_METHODS)
        self.remarks: dict[str, None] = {}
        """What to know of the net that is read, in the order in which it was met."""
        self._statements, self._expressions = statements, expressions
        self.is_written_code = (ast.get_docstring(tree) or "").startswith(WRITTEN)
        """Whether `to_code` wrote the text, in which every layer is one that a student wants."""
        self._lines = text.split("\n")
        self._imported_names = imported_names(tree)
        self._statement: ast.stmt | None = None
        self._call_depth = 0

    # following

    def execute(self, statements: Sequence[ast.stmt], scope: Scope) -> Returned | Jump | None:
        """Follows statements up to the first return, break or continue."""
        for statement in statements:
            if returned := self.execute_statement(statement, scope):
                return returned
        return None

    def execute_statement(self, statement: ast.stmt, scope: Scope) -> Returned | Jump | None:
        """Follows one statement; raises DesignError with its line where it is not understood."""
        self.enter(statement)
        handler = self._statements.get(type(statement))
        if handler is None:
            raise self.not_understood(statement)
        return handler(self, statement, scope)

    def enter(self, statement: ast.stmt) -> None:
        """Notes which statement is followed, for errors and for the budget of steps."""
        self._statement = statement
        self.count_step(statement.lineno)

    def value(self, node: ast.expr, scope: Scope) -> object:
        """Returns the value of an expression; raises DesignError with its line where it is not understood."""
        self.count_step(node.lineno)
        handler = self._expressions.get(type(node))
        if handler is None:
            raise self.not_understood(node)
        return resolved(handler(self, node, scope))

    def truth(self, node: ast.expr, scope: Scope) -> bool:
        """Returns whether a condition holds."""
        return self.truth_of(self.value(node, scope), node)

    def truth_of(self, value: object, node: ast.expr) -> bool:
        """Returns what a value is worth as a condition; raises DesignError with its line where that is unknown."""
        if isinstance(value, Sequential):
            return bool(value.modules)
        if value is Symbol.TRAINING:
            if self.assumed_training is not None:
                return self.assumed_training
            raise ModeError(str(self.not_understood(node, SAME_LAYERS)))
        if isinstance(value, Tensor | Symbol):
            raise self.not_understood(node)
        return bool(value)

    def iterate(self, node: ast.expr, scope: Scope) -> Iterator[object]:
        """Returns what a loop over the expression goes through."""
        return self.iter_of(self.value(node, scope), node)

    def iter_of(self, value: object, node: ast.expr) -> Iterator[object]:
        """Yields what a value holds; raises DesignError with its line where that is unknown."""
        if not isinstance(value, list | Lazy):  # a list may change while a loop goes through it
            value = self.items_of(value, node)
        for item in value:
            self.count_step(node.lineno)
            yield item

    def items_of(self, value: object, node: ast.expr) -> list[object]:
        """Returns what a value holds; raises DesignError with its line where that is unknown."""
        if isinstance(value, Lazy):
            return self.bounded_list(list(islice(value, MAX_LENGTH + 1)), node)
        if isinstance(value, Instance) and value.sequential:
            value = value.sequential
        if isinstance(value, Sequential):
            value = value.modules
        if not isinstance(value, list | tuple | range | dict | str):
            raise self.not_understood(node)
        return self.bounded_list(list(value), node)

    def elements(self, nodes: Sequence[ast.expr], scope: Scope) -> Iterator[object]:
        """Yields the values of elements or arguments, those behind a star one by one."""
        for node in nodes:
            if isinstance(node, ast.Starred):
                yield from self.iterate(node.value, scope)
            else:
                yield self.value(node, scope)

    def bind(self, target: ast.expr, value: object, scope: Scope) -> None:
        """Binds a value to a name, an attribute or a place in a list, or its elements to several of them."""
        if isinstance(target, ast.Name):
            before = scope.names.get(target.id)
            if isinstance(before, Instance) and isinstance(value, Instance) and value is not before:
                self.bound_before[id(value)] = before
            scope.names[target.id] = value
        elif isinstance(target, ast.Attribute):
            self._bind_attribute(target, value, scope)
        elif isinstance(target, ast.Subscript):
            self._bind_item(target, value, scope)
        elif isinstance(target, ast.Tuple | ast.List):
            for element, part in zip(target.elts, self._parts_for(target.elts, value, target), strict=True):
                self.bind(element.value if isinstance(element, ast.Starred) else element, part, scope)
        else:
            raise self.not_understood(target)

    def _parts_for(self, elements: Sequence[ast.expr], value: object, target: ast.expr) -> list[object]:
        """Returns what each of several targets gets of a value; one with a star gets a list."""
        if isinstance(value, Unresolved):
            return [value] * len(elements)
        if not isinstance(value, tuple | list | Lazy):
            raise self.not_understood(target)
        parts = self.items_of(value, target)
        starred = next((place for place, element in enumerate(elements) if isinstance(element, ast.Starred)), None)
        if starred is not None and len(parts) >= len(elements) - 1:
            end = len(parts) - (len(elements) - starred - 1)
            parts = [*parts[:starred], parts[starred:end], *parts[end:]]
        if len(parts) != len(elements):
            raise self.not_understood(target)
        return parts

    def _bind_attribute(self, target: ast.Attribute, value: object, scope: Scope) -> None:
        owner = self.value(target.value, scope)
        if owner is Symbol.WEIGHT:
            if scope.in_forward:
                raise self.not_understood(target, "it changes weights in every batch, which no layer does")
            return
        if isinstance(owner, Class):
            owner.attributes[target.attr] = value
            return
        if not isinstance(owner, Object):
            raise self.not_understood(target)
        if scope.in_forward:
            self.state_changed_at = target.lineno
        self.set_attribute(owner, target.attr, value, target.lineno)

    def set_attribute(self, owner: Object, name: str, value: object, line: int) -> None:
        """Sets an attribute; raises DesignError where torch takes no layer yet."""
        found = owner.cls.find(name) if owner.cls else None
        is_own = isinstance(owner, Instance) and name in ("forward", "__call__", "__dict__", "_modules", "__class__")
        if is_own or (isinstance(found, Function) and found.decorators):
            raise DesignError(
                f"Line {line}: {name[:40]} of an object is set here, which is more than setting a value; write it into"
                " the class."
            )
        if isinstance(owner, Instance) and not owner.is_initialised and isinstance(value, Module | ModuleList):
            raise DesignError(
                f"Line {line}: torch takes no layers before super().__init__() was called; call it first in the"
                f" __init__ of {owner.cls.name}."
            )
        if isinstance(owner, Instance) and owner.layer and _is_of_layer(owner.layer, name):
            owner.layer = _changed_layer(owner.layer, name, value, line)
            return
        if isinstance(owner, Instance) and owner.sequential and isinstance(value, Module):
            modules, before = owner.sequential.modules, owner.attributes.get(name)
            place = next((place for place, module in enumerate(modules) if module is before), len(modules))
            modules[place : place + 1] = [value]  # it runs through them in the order in which they were set
        is_module = isinstance(value, Module | ModuleList | ModuleDict)
        if isinstance(owner, Instance) and is_module and name not in owner.module_names:
            owner.module_names.add(name)
            owner.attributes.pop(name, None)  # from now on, and in this order, among the children
        owner.attributes[name] = value

    def _bind_item(self, target: ast.Subscript, value: object, scope: Scope) -> None:
        owner = self.value(target.value, scope)
        if scope.in_forward:
            self.state_changed_at = target.lineno
        items: Any = owner.modules if isinstance(owner, Sequential) else owner
        index: Any = None if isinstance(target.slice, ast.Slice) else self.value(target.slice, scope)
        try:
            is_dict = isinstance(items, dict) and not isinstance(items, ModulesView)
            if is_dict or (isinstance(items, list) and isinstance(index, int)):
                items[index] = value
                return
        except (LookupError, TypeError):
            pass
        raise self.not_understood(target)

    # names

    def lookup(self, node: ast.Name, scope: Scope) -> object:
        """Returns what a name is bound to: here, at the top level, or by an import."""
        for names in (scope.names, *scope.around, self.globals):
            if node.id in names:
                return names[node.id]
        if name := self.full_name(node, scope):
            return ImportedName(name)
        raise self.not_understood(node, f"{node.id[:40]} has no value that could be worked out")

    def is_bound(self, name: str, scope: Scope) -> bool:
        """Returns whether the text binds a name that can be seen here."""
        return any(name in names for names in (scope.names, *scope.around, self.globals))

    def full_name(self, node: ast.expr, scope: Scope) -> str | None:
        """Returns the full name of something imported, unless the text has bound its first part to something else."""
        root = node
        while isinstance(root, ast.Attribute):
            root = root.value
        if isinstance(root, ast.Name) and self.is_bound(root.id, scope):
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
            raise DesignError(f"Line {node.lineno}: a list here would be longer than {MAX_LENGTH:,}.")
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


def _is_of_layer(layer: LayerCall, name: str) -> bool:
    """Whether an attribute of that name is one that torch's layer has, too."""
    return name in (*torch_defaults(layer.kind), "weight", "bias")


def _changed_layer(layer: LayerCall, name: str, value: object, line: int) -> LayerCall:
    """The layer with what an object that derives from it sets; raises DesignError where that may mean more."""
    if not layer.kind.startswith("Conv") or name not in ("stride", "padding", "dilation"):
        raise DesignError(f"Line {line}: {name} of a layer is set here after it was made; give it when it is made.")
    return replace(layer, arguments={**layer.arguments, name: value})


def resolved(value: object) -> object:
    """Returns the value; raises the error of one that could not be worked out."""
    if isinstance(value, Unresolved):
        raise value.error
    return value


def is_plain(value: object) -> bool:
    """Returns whether a value is a number, a truth value, a text, None, or holds up to MAX_LENGTH such values in all.

    Lists in lists of lists can hold each other so often that nobody could go through all of them.
    """
    todo, seen = [value], 0
    while todo:
        current = todo.pop()
        seen += 1
        if seen > MAX_LENGTH:
            return False
        if isinstance(current, dict):
            todo += [*current.keys(), *current.values()]
        elif isinstance(current, list | tuple):
            todo += current
        elif not isinstance(current, int | float | str | None):
            return False
    return True
