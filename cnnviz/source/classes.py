"""Classes of pasted code: what they hold, and the objects that are made of them."""

from __future__ import annotations

import ast

from cnnviz.errors import DesignError
from cnnviz.source.arguments import Arguments
from cnnviz.source.blocks import block_call, written_block, written_layer
from cnnviz.source.class_bases import foreign_bases, is_module_class
from cnnviz.source.enumerations import is_enumeration, make_members, member_of_value
from cnnviz.source.functions import call_function, decorator_name, define_function, late_value
from cnnviz.source.interpreter import Interpreter, Scope, resolved
from cnnviz.source.iteration import call_with
from cnnviz.source.keras_names import ONLY_SEQUENTIAL, keras_name
from cnnviz.source.layer_calls import layer_call
from cnnviz.source.torch_names import LAYER_CLASSES
from cnnviz.source.values import (
    MISSING,
    Class,
    DefaultFactory,
    Instance,
    Module,
    NamedTuple,
    Object,
    OrderedDict,
    Sequential,
)

DATACLASS_DECORATORS = {"dataclasses.dataclass"}


def define_class(interpreter: Interpreter, node: ast.ClassDef, scope: Scope) -> Class:
    """Returns a class of the text with its bases, methods and what is set in its body."""
    cls = Class(node, tuple(late_value(interpreter, base, scope) for base in node.bases))
    cls.decorators = tuple(decorator_name(interpreter, decorator, scope) for decorator in node.decorator_list)
    around = () if scope.names is interpreter.globals else (scope.names, *scope.around)
    body = Scope(cls.attributes, around=around)
    for statement in node.body:
        if isinstance(statement, ast.FunctionDef):
            function = define_function(interpreter, statement, body)
            function.around, function.cls = around, cls  # a method does not see the names of its class
            cls.attributes[statement.name] = function
        elif isinstance(statement, ast.Assign | ast.AnnAssign | ast.ClassDef):
            interpreter.execute_statement(statement, body)
    if is_enumeration(cls):
        make_members(cls)
    return cls


def instantiate(interpreter: Interpreter, cls: Class, arguments: Arguments, scope: Scope, line: int) -> object:
    """Returns an object of a class of the text, or the block that the class is."""
    if block := written_block(cls.node):
        return block_call(block, arguments, line)
    if kind := written_layer(cls.node):
        return layer_call(kind, arguments, line, lazy=False, in_forward=scope.in_forward)
    if is_enumeration(cls):
        return member_of_value(cls, arguments, line)
    if foreign := foreign_bases(cls):
        if any(map(keras_name, foreign)):
            raise DesignError(
                f"Line {line}: {cls.name} (line {cls.node.lineno}) derives from a class of Keras; {ONLY_SEQUENTIAL}."
            )
        base = foreign[0].rpartition(".")[2][:40] or interpreter.snippet(cls.node.bases[0])
        raise DesignError(
            f"Line {line}: {cls.name} derives from {base} (line {cls.node.lineno}), whose code is not in this text."
        )
    _check_special(interpreter, cls, line)
    if not is_module_class(cls):
        return _plain_object(interpreter, cls, arguments, scope, line)
    instance = Instance(cls)
    init = instance.method("__init__")
    if init:
        call_function(interpreter, init, arguments.after(instance), scope, line)
    else:
        initialise(interpreter, instance, arguments, line)
    return instance


SPECIAL_METHODS = ("__new__", "__setattr__", "__getattr__", "__getattribute__", "__delattr__", "__init_subclass__")
"""Methods by which a class changes how Python treats it."""


def _check_special(interpreter: Interpreter, cls: Class, line: int) -> None:
    """Raises DesignError for a class that changes what making, calling or changing an object means."""
    names = (*SPECIAL_METHODS, "__call__", "_conv_forward") if is_module_class(cls) else SPECIAL_METHODS
    for each in cls.lineage:
        for base in each.bases:
            resolved(base)
        own = next((name for name in names if name in each.attributes), None)
        if own:
            raise DesignError(
                f"Line {line}: {each.name} (line {each.node.lineno}) has its own {own}, which is not followed."
            )
        for keyword in each.node.keywords:
            if interpreter.full_name(keyword.value, Scope()) != "abc.ABCMeta":
                raise DesignError(
                    f"Line {line}: {each.name} (line {each.node.lineno}) is made in a special way"
                    f" ({(keyword.arg or '**')[:40]}=…), which is not followed."
                )


def initialise(interpreter: Interpreter, owner: Object, arguments: Arguments, line: int) -> None:
    """Does what the __init__ of nn.Module, or of nn.Sequential, does with an object of the text."""
    if not isinstance(owner, Instance):
        return
    owner.is_initialised = True
    if kinds := sorted(LAYER_CLASSES.keys() & owner.cls.base_names()):
        is_lazy = kinds[0].startswith("torch.nn.Lazy")
        owner.layer = layer_call(LAYER_CLASSES[kinds[0]], arguments, line, lazy=is_lazy, in_forward=False)
    elif "torch.nn.Sequential" in owner.cls.base_names():
        owner.sequential = Sequential(modules_of(interpreter, arguments, line), line)
    elif arguments.positional or (arguments.named and "torch.nn.Module" in owner.cls.base_names()):
        raise DesignError(f"Line {line}: the __init__ of nn.Module takes no arguments.")


def modules_of(interpreter: Interpreter, arguments: Arguments, line: int) -> list[object]:
    """Returns the layers in the arguments of nn.Sequential; raises DesignError with the line for anything else."""
    positional, named = arguments
    given: object = positional
    if len(positional) == 1 and isinstance(positional[0], OrderedDict):
        given = list(positional[0].values())
    elif len(positional) == 1 and isinstance(positional[0], list | tuple | dict):
        raise DesignError(
            f"Line {line}: nn.Sequential takes layers one by one, or an OrderedDict of them: nn.Sequential(*layers)."
        )
    if named or not isinstance(given, list) or not all(isinstance(module, Module) for module in given):
        raise DesignError(f"Line {line}: nn.Sequential takes layers; one of its arguments is none.")
    return interpreter.bounded_list(list(given), ast.Pass(lineno=line))


def _plain_object(
    interpreter: Interpreter, cls: Class, arguments: Arguments, scope: Scope, line: int
) -> Object | NamedTuple:
    """Returns an object that is no module: settings as a class, a dataclass or a named tuple."""
    result = Object(cls)
    init = result.method("__init__")
    if init:
        call_function(interpreter, init, arguments.after(result), scope, line)
        return result
    fields = [
        statement.target.id
        for each in reversed(cls.lineage)
        for statement in each.node.body
        if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name)
    ]
    has_fields = bool({*cls.decorators} & DATACLASS_DECORATORS or cls.base_names() & {"typing.NamedTuple"})
    given = arguments.matched(fields if has_fields else [], cls.name, line)
    missing = [name for name in fields if has_fields and name not in given and cls.find(name) is MISSING]
    if missing:
        raise DesignError(f"Line {line}: {cls.name} also needs {' and '.join(missing)[:80]}.")
    if "typing.NamedTuple" in cls.base_names():
        return NamedTuple({name: given[name] if name in given else cls.find(name) for name in fields}, cls)
    result.attributes |= given
    for name in fields if has_fields else ():
        if name not in given and isinstance(factory := cls.find(name), DefaultFactory):
            result.attributes[name] = call_with(interpreter, factory.function, (), factory.node, Scope())
    if has_fields and (afterwards := result.method("__post_init__")):
        call_function(interpreter, afterwards, Arguments([result], {}), scope, line)
    return result
