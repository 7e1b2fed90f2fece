"""The handlers of Python's functions for objects in pasted code: isinstance, getattr, super, copy.deepcopy, …"""

from __future__ import annotations

import ast
from dataclasses import replace
from typing import cast

from cnnviz.errors import DesignError
from cnnviz.layers.base import torch_defaults
from cnnviz.source.arguments import Arguments, read_arguments
from cnnviz.source.attributes import attribute_of
from cnnviz.source.classes import initialise
from cnnviz.source.interpreter import Interpreter, Scope, is_plain
from cnnviz.source.tensor_values import Tensor
from cnnviz.source.torch_names import LAYER_CLASSES
from cnnviz.source.values import (
    MISSING,
    BlockCall,
    Class,
    DefaultFactory,
    ImportedName,
    Instance,
    LayerCall,
    ModuleDict,
    ModuleList,
    NamedTuple,
    Object,
    Sequential,
    Super,
)

KINDS_OF_VALUES: dict[str, type | tuple[type, ...]] = {
    **{f"builtins.{kind.__name__}": kind for kind in (int, float, str, bool, list, tuple, dict)},
    "torch.Tensor": Tensor,
    "torch.nn.Module": (LayerCall, Sequential, BlockCall, Instance, ModuleList, ModuleDict),
    "torch.nn.ModuleList": ModuleList,
    "torch.nn.ModuleDict": ModuleDict,
    "collections.abc.Iterable": (list, tuple, dict, str),
    "collections.abc.Sequence": (list, tuple, str),
    "typing.Iterable": (list, tuple, dict, str),
    "typing.Sequence": (list, tuple, str),
}
"""What isinstance asks for, by the full names of classes that no layer is."""


def copy_deeply(interpreter: Interpreter, node: ast.Call, scope: Scope) -> object:
    """Returns a module with weights of its own: copy.deepcopy."""
    positional, _ = read_arguments(interpreter, node, scope)
    if len(positional) != 1:
        raise interpreter.not_understood(node)
    return _copied(interpreter, positional[0], node, {})


def _copied(interpreter: Interpreter, value: object, node: ast.Call, copies: dict[int, object]) -> object:
    if id(value) in copies:
        return copies[id(value)]
    interpreter.count_step(node.lineno)

    def inner(part: object) -> object:
        return _copied(interpreter, part, node, copies)

    if isinstance(value, LayerCall):
        copies[id(value)] = replace(value)
    elif type(value) is Sequential:
        copies[id(value)] = copy = replace(value, modules=[], named={})
        copy.modules = [inner(module) for module in value.modules]
        copy.named = {name: inner(module) for name, module in value.named.items()}
    elif isinstance(value, ModuleList):
        copies[id(value)] = ModuleList(map(inner, value))
    elif type(value) in (Object, Instance) and isinstance(value, Object):
        copies[id(value)] = twin = replace(value, attributes={})
        twin.attributes = {name: inner(part) for name, part in value.attributes.items()}
        if isinstance(value, Instance) and isinstance(twin, Instance):
            twin.module_names = set(value.module_names)
            twin.sequential = cast("Sequential | None", inner(value.sequential))
            twin.layer = cast("LayerCall | None", inner(value.layer))
    elif is_plain(value):
        return list(value) if type(value) is list else dict(value) if type(value) is dict else value
    else:
        raise interpreter.not_understood(node)
    return copies[id(value)]


def is_instance(interpreter: Interpreter, node: ast.Call, scope: Scope) -> bool:
    """Asks of which kind a value is: isinstance."""
    positional, named = read_arguments(interpreter, node, scope)
    if named or len(positional) != 2:
        raise interpreter.not_understood(node)
    value, kinds = positional
    return any(is_of_kind(interpreter, value, kind, node) for kind in (kinds if isinstance(kinds, tuple) else [kinds]))


def kind_of(interpreter: Interpreter, node: ast.Call, scope: Scope) -> object:
    """Returns the class of a plain value, of a layer, or of an object of the text: type."""
    positional, named = read_arguments(interpreter, node, scope)
    value = positional[0] if len(positional) == 1 and not named else MISSING
    if isinstance(value, LayerCall):
        return ImportedName(f"torch.nn.{value.kind}")
    if isinstance(value, Object | NamedTuple) and value.cls:
        return value.cls
    if type(value) in (int, float, str, bool, list, tuple, dict):
        return ImportedName(f"builtins.{type(value).__name__}")
    raise interpreter.not_understood(node)


def has_attribute(interpreter: Interpreter, node: ast.Call, scope: Scope) -> bool:
    """Asks whether an object of the text has an attribute: hasattr."""
    positional, _ = read_arguments(interpreter, node, scope)
    owner, name = positional if len(positional) == 2 else (None, None)
    if not isinstance(owner, Object | LayerCall) or not isinstance(name, str):
        raise interpreter.not_understood(node)
    if isinstance(owner, Object) and _has(owner, name):
        return True
    layer = owner if isinstance(owner, LayerCall) else owner.layer if isinstance(owner, Instance) else None
    if layer is None:
        return False
    parameters = torch_defaults(layer.kind)
    if name not in parameters and name not in ("weight", "bias"):
        raise interpreter.not_understood(node, f"what else torch's {layer.kind} has is not known here")
    return name in parameters or "bias" in parameters or "affine" in parameters


def get_attribute(interpreter: Interpreter, node: ast.Call, scope: Scope) -> object:
    """Returns an attribute whose name is worked out, or another value where there is none: getattr."""
    positional, named = read_arguments(interpreter, node, scope)
    if named or len(positional) not in (2, 3) or not isinstance(positional[1], str):
        raise interpreter.not_understood(node)
    owner, name, *default = positional
    if isinstance(owner, ImportedName):
        return ImportedName(f"{owner.full_name}.{name}")
    attribute = ast.copy_location(ast.Attribute(node.args[0], str(name), ast.Load()), node)
    try:
        return attribute_of(interpreter, owner, attribute)
    except DesignError:
        is_layer = isinstance(owner, Instance) and owner.layer
        if default and isinstance(owner, Object) and not is_layer and not _has(owner, str(name)):
            return default[0]
        raise


def set_attribute(interpreter: Interpreter, node: ast.Call, scope: Scope) -> None:
    """Sets an attribute whose name is worked out: setattr."""
    positional, named = read_arguments(interpreter, node, scope)
    if len(positional) == 3 and isinstance(positional[0], Class) and isinstance(positional[1], str):
        positional[0].attributes[positional[1]] = positional[2]
        return
    if named or len(positional) != 3 or not isinstance(positional[0], Object) or not isinstance(positional[1], str):
        raise interpreter.not_understood(node)
    interpreter.set_attribute(positional[0], positional[1], positional[2], node.lineno)


def make_super(interpreter: Interpreter, node: ast.Call, scope: Scope) -> Super:
    """Returns an object as the classes see it from which that of the method derives: super()."""
    positional, named = read_arguments(interpreter, node, scope)
    method = scope.method
    if not positional and method and method.cls and isinstance(method.node, ast.FunctionDef) and method.node.args.args:
        positional = [method.cls, scope.names.get(method.node.args.args[0].arg)]
    if named or len(positional) != 2 or not isinstance(positional[0], Class) or not isinstance(positional[1], Object):
        raise interpreter.not_understood(node)
    return Super(positional[1], positional[0])


def initialise_module(interpreter: Interpreter, node: ast.Call, scope: Scope) -> None:
    """Does what nn.Module.__init__(self) does."""
    positional, _ = read_arguments(interpreter, node, scope)
    if not positional or not isinstance(positional[0], Object):
        raise interpreter.not_understood(node)
    initialise(interpreter, positional[0], Arguments(positional[1:], {}), node.lineno)


def make_namespace(interpreter: Interpreter, node: ast.Call, scope: Scope) -> Object:
    """Makes an object of arguments with names: types.SimpleNamespace, argparse.Namespace."""
    positional, named = read_arguments(interpreter, node, scope)
    if positional:
        raise interpreter.not_understood(node)
    return Object(None, dict(named))


def make_field(interpreter: Interpreter, node: ast.Call, scope: Scope) -> object:
    """Returns the default of a dataclass's field."""
    _, named = read_arguments(interpreter, node, scope)
    if "default" in named:
        return named["default"]
    if "default_factory" in named:
        return DefaultFactory(named["default_factory"], node)
    raise interpreter.not_understood(node)


def variables(interpreter: Interpreter, node: ast.Call, scope: Scope) -> dict[object, object]:
    """Returns the attributes of an object as a dict: vars."""
    positional, _ = read_arguments(interpreter, node, scope)
    if len(positional) != 1 or not isinstance(positional[0], Object):
        raise interpreter.not_understood(node)
    return dict[object, object](positional[0].attributes.items())


def _has(owner: Object, name: str) -> bool:
    return name in owner.attributes or (owner.cls is not None and owner.cls.find(name) is not MISSING)


def is_of_kind(interpreter: Interpreter, value: object, kind: object, node: ast.expr) -> bool:
    """Returns whether a value is an object of a class; raises DesignError where that is unknown."""
    if isinstance(kind, Class):
        return isinstance(value, Object | NamedTuple) and bool(value.cls and kind in value.cls.lineage)
    if isinstance(kind, ImportedName):
        if kind.full_name == "torch.nn.Identity":
            return isinstance(value, Sequential) and value.is_identity
        if (layer := LAYER_CLASSES.get(kind.full_name)) is not None:
            value = value.layer if isinstance(value, Instance) else value
            return isinstance(value, LayerCall) and value.kind == layer
        if kind.full_name == "torch.nn.Sequential":
            is_own = isinstance(value, Instance) and value.sequential is not None
            return is_own or (isinstance(value, Sequential) and not value.is_identity)
        if (known := KINDS_OF_VALUES.get(kind.full_name)) is not None:
            is_no_list = known in (list, dict) and isinstance(value, ModuleList | ModuleDict)
            return isinstance(value, known) and not is_no_list
    raise interpreter.not_understood(node)
