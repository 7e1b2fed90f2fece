"""Pasted code as a whole: what stands outside functions is followed up to the one net that it makes."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from typing import cast

from cnnviz.errors import DesignError
from cnnviz.source.arguments import Arguments
from cnnviz.source.blocks import written_block, written_layer
from cnnviz.source.changes import changed_globals
from cnnviz.source.expressions import EXPRESSIONS
from cnnviz.source.functions import PLAIN_BASES, instantiate, is_module_class
from cnnviz.source.interpreter import CHANGING_METHODS, MAX_STEPS, Interpreter, Scope
from cnnviz.source.keras_names import ONLY_SEQUENTIAL, keras_name
from cnnviz.source.statements import STATEMENTS
from cnnviz.source.values import Class, Function, Instance, LayerCall, Module, Sequential, Unresolved, contained_ids

NET_NAME = re.compile(r"(model|net|network|cnn|classifier|backbone)(_?\w)?", re.IGNORECASE)
"""Names that people give to a net."""
LIBRARIES_OF_NETS = ("torchvision.models.", "timm.", "torch.hub.", "transformers.", "segmentation_models_pytorch.")


class Program:
    """The top level of a text, followed from top to bottom.

    What is not understood there is an error only where the net needs it.
    """

    def __init__(self, tree: ast.Module, text: str) -> None:
        self.interpreter = Interpreter(tree, text, statements=STATEMENTS, expressions=EXPRESSIONS)
        self._names = self.interpreter.globals
        self._failures: list[DesignError] = []
        self._doubts: list[DesignError] = []
        """Statements that may have changed a net in a way that is not followed."""
        self._changes = self.interpreter.changes
        self._follow(tree.body)

    def find_net(self) -> Module:
        """Returns the one net of the text; raises DesignError where there is none, or more than one."""
        if self._doubts:
            raise self._doubts[0]
        values = (*self._names.values(), *self.interpreter.unassigned)
        modules = {id(value): value for value in values if isinstance(value, Module)}
        inner = {part for module in modules.values() for part in contained_ids(module)}
        outer = [module for module in modules.values() if id(module) not in inner]
        nets = [module for module in outer if isinstance(module, Sequential | Instance)] or outer
        if len(nets) > 1:
            raise _several_nets([self._name_of(net) for net in nets])
        if nets:
            return nets[0]
        if self._failures:
            raise self._failures[0]
        return self._instance_of_only_class()

    def _instance_of_only_class(self) -> Module:
        """An object of the one class that no other class uses."""
        classes = [cls for cls in self._module_classes() if not (written_block(cls.node) or written_layer(cls.node))]
        used = {cls: {node.id for node in ast.walk(cls.node) if isinstance(node, ast.Name)} for cls in classes}
        roots = [cls for cls in classes if not any(cls.name in used[other] for other in classes if other is not cls)]
        if len(roots) > 1:
            raise _several_nets([f"{cls.name} (line {cls.node.lineno})" for cls in roots])
        if not roots:
            self._refuse_keras_classes()
            raise DesignError(
                "No net was found. Paste a class that derives from nn.Module, with its __init__ and forward, or an"
                " nn.Sequential(…)."
            )
        line = roots[0].node.lineno
        return cast("Module", instantiate(self.interpreter, roots[0], Arguments([], {}), Scope(), line))

    def _refuse_keras_classes(self) -> None:
        """Raises DesignError with the line of a class that derives from one of Keras."""
        for cls in self._names.values():
            if isinstance(cls, Class) and any(map(keras_name, cls.base_names())):
                raise DesignError(
                    f"Line {cls.node.lineno}: {cls.name} derives from a class of Keras; {ONLY_SEQUENTIAL}."
                )

    def _module_classes(self) -> list[Class]:
        return [value for value in self._names.values() if isinstance(value, Class) and is_module_class(value)]

    def _follow(self, statements: Sequence[ast.stmt]) -> None:
        for statement in statements:
            if isinstance(statement, ast.With | ast.Try) or _is_main_guard(statement):
                self._follow(statement.body)  # type: ignore[attr-defined]
                continue
            before = {name: self._names.get(name) for name in _assigned_names(statement)}
            try:
                self.interpreter.execute_statement(statement, Scope(self._names))
            except DesignError as error:
                if self.interpreter.steps > MAX_STEPS:
                    raise
                self._note_doubt(statement, error)
                self._mark_unresolved(statement, error)
            if self.interpreter.skipped is statement:
                self._note_doubt(statement)
            for name, value in before.items():
                now = self._names.get(name)
                if isinstance(now, Unresolved) and now is not value:
                    self._note_doubt(statement, now.error)
                if isinstance(now, Unresolved) and (isinstance(value, Module) or self._makes_net(statement)):
                    self._failures.append(now.error)

    def _mark_unresolved(self, statement: ast.stmt, error: DesignError) -> None:
        """Leaves open what the names are worth that a statement may have bound or changed."""
        changed = set(_changed_names(statement))
        for name in changed:
            if isinstance(self._names.get(name), Module):
                self._failures.append(error)
        for name in (*_assigned_names(statement), *changed):
            if name in changed or not isinstance(self._names.get(name), Module):
                self._names[name] = Unresolved(error)
        if self._makes_net(statement):
            self._failures.append(error)

    def _note_doubt(self, statement: ast.stmt, error: DesignError | None = None) -> None:
        """Notes that a statement which was not followed may have changed a net."""
        if isinstance(statement, _DEFINITIONS):
            return
        place = self._changes.find(statement, self._holds_module, self._is_layer)
        if place is None and not changed_globals(statement):
            return
        line = getattr(place, "lineno", statement.lineno)
        quoted = place if isinstance(place, ast.expr) else statement
        self._doubts.append(
            error
            or DesignError(
                f"Line {line}: `{self.interpreter.snippet(quoted)}` may change the net in a way that is not understood;"
                " leave it out, or write it into the class."
            )
        )

    def _is_layer(self, name: str) -> bool:
        return isinstance(self._names.get(name), LayerCall)

    def _holds_module(self, name: str) -> bool:
        value = self._names.get(name)
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
        own = self._names.get(node.func.id) if isinstance(node.func, ast.Name) else None
        name = self.interpreter.full_name(node.func, Scope(self._names)) or ""
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

    def _name_of(self, net: object) -> str:
        return next((name[:40] for name, value in self._names.items() if value is net), "nn.Sequential(…)")


def _several_nets(names: Sequence[str]) -> DesignError:
    listed = ", ".join(names[:4]) + ", …" * (len(names) > 4)
    return DesignError(f"The code holds {len(names)} nets: {listed}. Paste one of them.")


_DEFINITIONS = (ast.FunctionDef, ast.ClassDef, ast.Import, ast.ImportFrom)


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
