"""Methods of modules in pasted code: those that hold layers, those that run them, and models of Keras."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from cnnviz.source.arguments import read_arguments
from cnnviz.source.attributes import attribute_of
from cnnviz.source.class_bases import LIGHTNING_MODULES
from cnnviz.source.collection_methods import LIST, pop_item
from cnnviz.source.functions import late_value
from cnnviz.source.interpreter import Interpreter, Scope
from cnnviz.source.keras import add_layer, build
from cnnviz.source.method_handler import WITHOUT_EFFECT, MethodHandler, note_change
from cnnviz.source.tensor_values import Tensor
from cnnviz.source.values import (
    BlockCall,
    Instance,
    KerasSequential,
    LayerCall,
    Module,
    ModuleDict,
    ModuleList,
    Object,
    Sequential,
    Unresolved,
)


def _add_named(interpreter: Interpreter, owner: Sequential, node: ast.Call, scope: Scope) -> None:
    """Adds a layer to a Sequential under a name, or puts it in the place of the one of that name."""
    values = read_arguments(interpreter, node, scope).matched(("name", "module"), "add_module", node.lineno)
    name, module = values.get("name"), values.get("module")
    if not isinstance(name, str) or not isinstance(module, Module):
        raise interpreter.not_understood(node)
    before = owner.module(name)
    place = next((place for place, each in enumerate(owner.modules) if each is before), len(owner.modules))
    owner.modules[place : place + 1] = [module]
    owner.named[name] = module
    interpreter.bounded_list(owner.modules, node)


def _register(interpreter: Interpreter, owner: Instance, node: ast.Call, scope: Scope) -> None:
    """Sets an attribute of a net: add_module(name, layer)."""
    arguments = read_arguments(interpreter, node, scope)
    values = arguments.matched(("name", "module"), "add_module", node.lineno)
    name, module = values.get("name"), values.get("module")
    if not isinstance(module, Module | ModuleList) or not isinstance(name, str):
        raise interpreter.not_understood(node)
    interpreter.set_attribute(owner, name, module, node.lineno)


def _register_buffer(interpreter: Interpreter, owner: Instance, node: ast.Call, scope: Scope) -> None:
    """Keeps a buffer: what it holds is needed only where forward uses it."""
    name = interpreter.value(node.args[0], scope) if node.args else None
    if isinstance(name, str):
        error = interpreter.not_understood(node, "a design cannot hold a buffer")
        owner.attributes[name] = late_value(interpreter, node.args[1], scope) if len(node.args) > 1 else None
        if not isinstance(owner.attributes[name], Tensor):
            owner.attributes[name] = Unresolved(error)


def _children(interpreter: Interpreter, owner: Sequential | Instance, node: ast.Call, scope: Scope) -> list[object]:
    held = owner.modules if isinstance(owner, Sequential) else owner.attributes.values()
    modules = [value for value in held if isinstance(value, Module | ModuleList | ModuleDict)]
    return list({id(module): module for module in modules}.values())  # torch gives each once


def _named_children(
    interpreter: Interpreter, owner: Sequential | Instance, node: ast.Call, scope: Scope
) -> Sequence[object]:
    """Returns pairs of names and modules; those of a Sequential have numbers unless the code names them."""
    if isinstance(owner, Sequential):
        names = {id(module): name for name, module in owner.named.items()}
        pairs = [(names.get(id(module), str(place)), module) for place, module in enumerate(owner.modules)]
    else:
        kinds = (*Module.__args__, ModuleList, ModuleDict)
        pairs = [(name, value) for name, value in owner.attributes.items() if isinstance(value, kinds)]
    return list({id(module): (name, module) for name, module in reversed(pairs)}.values())[::-1]


def _get_attribute(interpreter: Interpreter, owner: Instance, node: ast.Call, scope: Scope) -> object:
    """Returns a module of a net by its name, as torch itself does: self.__getattr__(name)."""
    name = read_arguments(interpreter, node, scope).matched(("name",), "__getattr__", node.lineno).get("name")
    if not isinstance(name, str) or name not in owner.module_names:
        raise interpreter.not_understood(node)
    return attribute_of(interpreter, owner, ast.copy_location(ast.Attribute(node, name, ast.Load()), node))


def _set_attribute(interpreter: Interpreter, owner: Instance, node: ast.Call, scope: Scope) -> None:
    """Sets an attribute by its name: self.__setattr__(name, layer)."""
    values = read_arguments(interpreter, node, scope).matched(("name", "value"), "__setattr__", node.lineno)
    note_change(interpreter, node, scope)
    name = values.get("name")
    if not isinstance(name, str) or "value" not in values:
        raise interpreter.not_understood(node)
    interpreter.set_attribute(owner, name, values["value"], node.lineno)


def _save_arguments(interpreter: Interpreter, owner: Instance, node: ast.Call, scope: Scope) -> None:
    """Keeps the arguments of __init__ as `hparams`: save_hyperparameters of a LightningModule."""
    positional, named = read_arguments(interpreter, node, scope)
    method = scope.method.node if scope.method and scope.method.name == "__init__" else None
    ignored = named.get("ignore") or ()
    ignored = (ignored,) if isinstance(ignored, str) else ignored
    if method is None or not isinstance(ignored, list | tuple) or not owner.cls.base_names() & LIGHTNING_MODULES:
        raise interpreter.not_understood(node)
    parameters = [parameter.arg for parameter in (*method.args.args[1:], *method.args.kwonlyargs)]
    kept = [name for name in parameters if name not in ignored and (name in positional or not positional)]
    given = {name: scope.names[name] for name in kept if name in scope.names}
    owner.attributes["hparams"] = Object(None, given)


def _nothing(interpreter: Interpreter, owner: object, node: ast.Call, scope: Scope) -> None:
    """Passes over what changes no layers: compile and fit of a model of Keras."""


_REGISTER: dict[str, MethodHandler] = {"add_module": _register, "register_module": _register}


_CHILDREN: dict[str, MethodHandler] = {"children": _children, "named_children": _named_children}


MODULE_METHODS: dict[type, dict[str, MethodHandler]] = {
    LayerCall: WITHOUT_EFFECT,
    BlockCall: WITHOUT_EFFECT,
    Instance: {
        **WITHOUT_EFFECT,
        **_REGISTER,
        **_CHILDREN,
        "register_buffer": _register_buffer,
        "register_parameter": _register_buffer,
        "save_hyperparameters": _save_arguments,
        "__getattr__": _get_attribute,
        "__setattr__": _set_attribute,
    },
    Sequential: {
        **WITHOUT_EFFECT,
        **LIST,
        **_CHILDREN,
        "add_module": _add_named,
        "register_module": _add_named,
    },
    KerasSequential: {
        **dict.fromkeys(("compile", "summary", "fit", "evaluate", "predict", "save", "load_weights"), _nothing),
        "add": add_layer,
        "pop": pop_item,
        "build": build,
    },
}
"""The handler of every method of modules, by the type of its owner and its name."""
