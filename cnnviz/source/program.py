"""Pasted code as a whole: what stands outside functions is followed up to the one net that it makes."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from contextlib import suppress
from typing import cast

from cnnviz.errors import DesignError
from cnnviz.source.arguments import Arguments
from cnnviz.source.blocks import written_block, written_layer
from cnnviz.source.class_bases import is_module_class
from cnnviz.source.classes import instantiate
from cnnviz.source.expressions import EXPRESSIONS
from cnnviz.source.followed import Followed
from cnnviz.source.interpreter import Interpreter, Scope
from cnnviz.source.keras_names import ONLY_SEQUENTIAL, keras_name
from cnnviz.source.makers import Made, alike, nets_of_functions
from cnnviz.source.statements import STATEMENTS
from cnnviz.source.values import Class, Function, Instance, Module

MAX_TRIED = 8
"""Most classes that are tried where it is open which one is the net."""


class Program:
    """A text, whose top level is followed from top to bottom, and its functions where that makes no net."""

    def __init__(self, tree: ast.Module, text: str) -> None:
        self.interpreter = Interpreter(tree, text, statements=STATEMENTS, expressions=EXPRESSIONS)
        self._tree = tree
        self._names_in: dict[ast.AST, set[str]] = {}
        """The names in each class and function, once they were looked for."""
        self._names = self.interpreter.globals
        self._top_level = Followed(self.interpreter, tree.body, Scope(self._names))

    def find_nets(self) -> list[Module]:
        """Returns the one net of the text, or an object of each class that may be it; raises DesignError for others.

        Where only functions make nets, and not all the same, it is the one of the function that the text runs, or
        else of the first; a remark says so.
        """
        if self._top_level.doubts:
            raise self._top_level.doubts[0]
        nets = self._top_level.nets()
        if len(nets) > 1 and not all(isinstance(net, Instance) and alike(net, nets[0]) for net in nets):
            raise _several_nets([self._top_level.name_of(net) for net in nets])
        if nets:
            self._remark_bound_before(nets[0])
            return [nets[0]]
        if self._top_level.failures:
            raise self._top_level.failures[0]
        roots = self._root_classes()
        made = nets_of_functions(self.interpreter, roots, self._tree)
        of_functions = {each.net.cls for each in made if isinstance(each.net, Instance)}
        if len(roots) > 1 and len(of_functions) != 1:
            return self._objects_of(roots)
        return [self._net_of_functions_or_class(roots if len(roots) < 2 else [*of_functions], made)]

    def several_nets(self) -> DesignError:
        """Returns the error for a text with more than one class that may be the net."""
        return _several_nets([_place(cls) for cls in self._root_classes()])

    def remark_choice(self, net: Module) -> None:
        """Tells that of several classes only one takes such samples."""
        if isinstance(net, Instance):
            others = [_place(cls) for cls in self._root_classes() if cls is not net.cls]
            text = f"This is {_place(net.cls)}; {', '.join(others)}: used nowhere, and not for such samples."
            self.interpreter.remarks[text] = None

    def _objects_of(self, classes: Sequence[Class]) -> list[Module]:
        """Objects of those classes that can be made without arguments."""
        found: list[Module] = []
        for cls in classes if len(classes) <= MAX_TRIED else ():
            with suppress(DesignError):
                made = instantiate(self.interpreter, cls, Arguments([], {}), Scope(), cls.node.lineno)
                found.append(cast("Module", made))
        if not found:
            raise self.several_nets()
        return found

    def _net_of_functions_or_class(self, roots: Sequence[Class], made: Sequence[Made]) -> Module:
        """A net that a function makes, or else an object of the one class that no other class uses."""
        used, returned = ([each for each in made if each.returns is returns] for returns in (False, True))
        missing = _required_arguments(roots[0]) if roots else []
        if not missing and roots and not any(each.net for each in used):
            line = roots[0].node.lineno
            net = cast("Module", instantiate(self.interpreter, roots[0], Arguments([], {}), Scope(), line))
            self._remark_others(f"{roots[0].name} with its defaults", net, made)
            return net
        found = next((each for each in (*used, *returned) if each.net), None)
        if found and found.net:
            if found.error:
                raise found.error
            self._remark_others(f"the net of {found.place}", found.net, made)
            return found.net
        if made and made[0].error:
            raise made[0].error
        if roots:
            raise _no_object(roots[0], missing)
        self._refuse_keras_classes()
        raise DesignError(
            "No net was found. Paste a class that derives from nn.Module, with its __init__ and forward, or an"
            " nn.Sequential(…)."
        )

    def _remark_bound_before(self, net: Module) -> None:
        """Tells of another net that had the same name before."""
        before = self.interpreter.bound_before.get(id(net))
        if isinstance(net, Instance) and isinstance(before, Instance) and not alike(net, before):
            name = self._top_level.name_of(net)
            self.interpreter.remarks[
                f"The code makes several nets named {name}, one after the other; this is the last."
            ] = None

    def _remark_others(self, name: str, net: Module, made: Sequence[Made]) -> None:
        """Tells which of several nets that functions make is read."""
        others = [each for each in made if each.net and each.net is not net and not alike(each.net, net)]
        failed = [each for each in made if not each.net and not each.returns]
        if others:
            listed = ", ".join(each.place for each in others[:3]) + ", …" * (len(others) > 3)
            call = f" model = {others[0].function}()" if others[0].returns else " that makes it"
            verb = "makes another one" if len(others) == 1 else "make others"
            self.interpreter.remarks[f"This is {name}; {listed} {verb}. To read that, add a line{call}."] = None
        if failed and failed[0].error:
            self.interpreter.remarks[f"This is {name}. {failed[0].place} also makes one: {failed[0].error}"] = None

    def _root_classes(self) -> list[Class]:
        """The classes that no other class uses, by itself or through functions, and no call gets as an argument."""
        classes = [cls for cls in self._module_classes() if not (written_block(cls.node) or written_layer(cls.node))]
        used = {cls: self._names_used(cls.node) for cls in classes}
        given = {
            argument.id
            for node in ast.walk(self._tree)
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") != "super"
            for argument in (*node.args, *(keyword.value for keyword in node.keywords))
            if isinstance(argument, ast.Name)
        }
        roots = [cls for cls in classes if not any(cls.name in used[other] for other in classes if other is not cls)]
        return [cls for cls in roots if cls.name not in given] or roots

    def _names_used(self, node: ast.AST) -> set[str]:
        """The names in a class, and in the functions of the text that it names."""
        found, todo = set[str](), [node]
        while todo:
            current = todo.pop()
            if current not in self._names_in:
                self._names_in[current] = {part.id for part in ast.walk(current) if isinstance(part, ast.Name)}
            new = self._names_in[current] - found
            found |= new
            todo += [value.node for name in new if isinstance(value := self._names.get(name), Function)]
        return found

    def _refuse_keras_classes(self) -> None:
        """Raises DesignError with the line of a class that derives from one of Keras."""
        for cls in self._names.values():
            if isinstance(cls, Class) and any(map(keras_name, cls.base_names())):
                raise DesignError(
                    f"Line {cls.node.lineno}: {cls.name} derives from a class of Keras; {ONLY_SEQUENTIAL}."
                )

    def _module_classes(self) -> list[Class]:
        return [value for value in self._names.values() if isinstance(value, Class) and is_module_class(value)]


def _place(cls: Class) -> str:
    return f"{cls.name} (line {cls.node.lineno})"


def _several_nets(names: Sequence[str]) -> DesignError:
    listed = ", ".join(names[:4]) + ", …" * (len(names) > 4)
    return DesignError(f"The code holds {len(names)} nets: {listed}. Paste one of them.")


def _required_arguments(cls: Class) -> list[str]:
    """The arguments without a default that an object of the class is made with."""
    init = cls.find("__init__")
    if not isinstance(init, Function):
        return []
    parameters = init.node.args
    names = [parameter.arg for parameter in (*parameters.posonlyargs, *parameters.args)][1:]
    return [name for name in (*names, *(each.arg for each in parameters.kwonlyargs)) if name not in init.defaults]


def _no_object(cls: Class, missing: Sequence[str]) -> DesignError:
    """The error for a class that needs numbers, of which the text makes no object."""
    init = cls.find("__init__")
    line = init.node.lineno if isinstance(init, Function) else cls.node.lineno
    values = ", ".join(f"{name}=…" for name in missing)[:80]
    return DesignError(
        f"Line {line}: {cls.name} also needs {' and '.join(missing)[:80]}, and nothing in this text makes one. Add a"
        f" line that does, with its numbers: model = {cls.name}({values})."
    )
