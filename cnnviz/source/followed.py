"""Statements of pasted code, followed from top to bottom as far as they are understood."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Sequence

from cnnviz.errors import DesignError
from cnnviz.source.changes import changed_globals
from cnnviz.source.class_bases import PLAIN_BASES
from cnnviz.source.interpreter import CHANGING_METHODS, MAX_STEPS, Interpreter, Jump, Returned, Scope
from cnnviz.source.keras_names import keras_name
from cnnviz.source.values import (
    Class,
    Function,
    Instance,
    LayerCall,
    Module,
    Object,
    Sequential,
    Unresolved,
    contained_ids,
)

NET_NAME = re.compile(r"(model|net|network|cnn|classifier|backbone)(_?\w)?", re.IGNORECASE)
"""Names that people give to a net."""
LIBRARIES_OF_NETS = ("torchvision.models.", "timm.", "torch.hub.", "transformers.", "segmentation_models_pytorch.")
_DEFINITIONS = (ast.FunctionDef, ast.ClassDef, ast.Import, ast.ImportFrom)


class Followed:
    """The names that statements bind, at the top level of a text or in one of its functions.

    What is not understood is an error only where a net needs it.
    """

    def __init__(self, interpreter: Interpreter, statements: Sequence[ast.stmt], scope: Scope) -> None:
        self.interpreter = interpreter
        self.names = scope.names
        self.failures: list[DesignError] = []
        """Why a statement that would have made a net, or changed one, is not understood."""
        self.doubts: list[DesignError] = []
        """Statements that may have changed a net in a way that is not followed."""
        self.returned: object = None
        self._scope = scope
        self._follow(statements)

    def nets(self) -> list[Module]:
        """Returns the modules that are in no other one; layers on their own only where there is nothing else."""
        values = [*self.names.values(), self.returned]
        if self.names is self.interpreter.globals:
            values += self.interpreter.unassigned
        values += [part for value in values if type(value) is Object for part in value.attributes.values()]
        if not any(isinstance(value, Sequential | Instance) for value in values):
            values += [part for value in values for part in _held(value) if isinstance(part, Instance)]
        modules = {id(value): value for value in values if isinstance(value, Module)}
        inner = {part for module in modules.values() for part in contained_ids(module)}
        outer = [module for module in modules.values() if id(module) not in inner]
        return [module for module in outer if isinstance(module, Sequential | Instance)] or outer

    def name_of(self, net: object) -> str:
        """Returns the name that a net has, for messages."""
        return next((name[:40] for name, value in self.names.items() if value is net), "nn.Sequential(…)")

    def _value(self, name: str) -> object:
        return self.names.get(name, self.interpreter.globals.get(name))

    def _follow(self, statements: Sequence[ast.stmt]) -> bool:
        """Follows statements; returns whether a return has ended them."""
        for statement in statements:
            if isinstance(statement, ast.With | ast.Try) or _is_main_guard(statement):
                if self._follow(statement.body):  # type: ignore[attr-defined]
                    return True
                continue
            if isinstance(ended := self._follow_one(statement), Returned):
                self.returned = ended.value
                return True
        return False

    def _follow_one(self, statement: ast.stmt) -> Returned | Jump | None:
        """Follows a statement as far as it is understood, and notes what it leaves open."""
        before = {name: self.names.get(name) for name in _assigned_names(statement)}
        ended = None
        try:
            ended = self.interpreter.execute_statement(statement, self._scope)
        except DesignError as error:
            if self.interpreter.steps > MAX_STEPS:
                raise
            self._note_doubt(statement, error)
            self._mark_unresolved(statement, error)
        if self.interpreter.skipped is statement:
            self._note_doubt(statement)
        for name, value in before.items():
            now = self.names.get(name)
            if isinstance(now, Unresolved) and now is not value:
                self._note_doubt(statement, now.error)
            if isinstance(now, Unresolved) and (isinstance(value, Module) or self._makes_net(statement)):
                self.failures.append(now.error)
        return ended

    def _mark_unresolved(self, statement: ast.stmt, error: DesignError) -> None:
        """Leaves open what the names are worth that a statement may have bound or changed."""
        changed = set(_changed_names(statement))
        for name in changed:
            if isinstance(self.names.get(name), Module):
                self.failures.append(error)
        for name in (*_assigned_names(statement), *changed):
            if name in changed or not isinstance(self.names.get(name), Module):
                self.names[name] = Unresolved(error)
        if self._makes_net(statement):
            self.failures.append(error)

    def _note_doubt(self, statement: ast.stmt, error: DesignError | None = None) -> None:
        """Notes that a statement which was not followed may have changed a net."""
        if isinstance(statement, _DEFINITIONS):
            return
        place = self.interpreter.changes.find(statement, self._holds_module, self._is_layer)
        if place is None and not changed_globals(statement):
            return
        line = getattr(place, "lineno", statement.lineno)
        quoted = place if isinstance(place, ast.expr) else statement
        self.doubts.append(
            error
            or DesignError(
                f"Line {line}: `{self.interpreter.snippet(quoted)}` may change the net in a way that is not understood;"
                " leave it out, or write it into the class."
            )
        )

    def _is_layer(self, name: str) -> bool:
        return isinstance(self._value(name), LayerCall)

    def _holds_module(self, name: str) -> bool:
        value = self._value(name)
        parts = value.values() if isinstance(value, dict) else value if isinstance(value, list | tuple) else ()
        return isinstance(value, Module | Class) or any(isinstance(part, Module) for part in parts)

    def _makes_net(self, statement: ast.stmt) -> bool:
        """Whether its outermost call, apart from `.to(device)`, is of nn.Sequential or of a class of the text."""
        node = getattr(statement, "value", None)
        while (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and isinstance(node.func.value, ast.Call)
        ):
            node = node.func.value
        if not isinstance(node, ast.Call):
            return False
        own = self._value(node.func.id) if isinstance(node.func, ast.Name) else None
        name = self.interpreter.full_name(node.func, self._scope) or ""
        is_named = any(NET_NAME.fullmatch(target) for target in _assigned_names(statement))
        if isinstance(own, Class):
            return bool(own.base_names() - PLAIN_BASES)  # of a class that is foreign, too
        if isinstance(own, Function):
            return is_named
        if (of_keras := keras_name(name)) and (
            of_keras in ("Sequential", "Model") or of_keras.startswith("applications")
        ):
            return True
        return name == "torch.nn.Sequential" or name.startswith(LIBRARIES_OF_NETS) or (is_named and bool(name))


def _held(value: object) -> Iterable[object]:
    """What a list or dict holds."""
    return value.values() if isinstance(value, dict) else value if isinstance(value, list | tuple) else ()


def _is_main_guard(statement: ast.stmt) -> bool:
    """Whether it is `if __name__ == …`."""
    return isinstance(statement, ast.If) and any(
        isinstance(node, ast.Name) and node.id == "__name__" for node in ast.walk(statement.test)
    )


def _assigned_names(statement: ast.stmt) -> Iterator[str]:
    """Names that a statement binds."""
    if not isinstance(statement, ast.FunctionDef | ast.ClassDef):
        for node in ast.walk(statement):
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                yield node.id


def _changed_names(statement: ast.stmt) -> Iterator[str]:
    """Names whose values a statement changes in part: x.append(…), x[0] = …, x.fc = …, del x[0]."""
    for node in ast.walk(statement):
        if isinstance(node, ast.Attribute | ast.Subscript) and isinstance(node.value, ast.Name):
            is_method = isinstance(node, ast.Attribute) and node.attr in CHANGING_METHODS
            if is_method or not isinstance(node.ctx, ast.Load):
                yield node.value.id
