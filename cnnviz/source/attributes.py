"""Attributes in pasted code: what stands behind a dot."""

from __future__ import annotations

import ast
from collections.abc import Callable
from inspect import Parameter
from typing import Any

from cnnviz.layers.base import torch_defaults
from cnnviz.source.arguments import Arguments
from cnnviz.source.class_bases import foreign_bases
from cnnviz.source.enumerations import is_enumeration
from cnnviz.source.functions import call_function
from cnnviz.source.interpreter import Interpreter, Scope, resolved
from cnnviz.source.tensor_values import Sample, Tensor
from cnnviz.source.values import (
    MISSING,
    WITHOUT_EFFECT,
    BoundMethod,
    Class,
    Function,
    ImportedName,
    Instance,
    LayerCall,
    Module,
    ModuleDict,
    ModuleList,
    ModulesView,
    NamedTuple,
    Object,
    Sequential,
    Super,
    Symbol,
)

WEIGHTS = ("weight", "bias", "running_mean", "running_var", "num_batches_tracked")
"""Attributes of layers that no design holds; what is done to them changes none."""


_SPREAD = ("kernel_size", "stride", "padding", "dilation", "output_padding")
"""Attributes of convolutions that torch holds as one number for each axis."""


_AS_GIVEN = ("Conv", "Linear", "BatchNorm", "Dropout")
"""Beginnings of the kinds whose attributes in torch are the defaults of their arguments."""


def attribute_of(interpreter: Interpreter, owner: object, node: ast.Attribute) -> object:
    """Returns an attribute of a value; raises DesignError where that is not understood."""
    handler = ATTRIBUTES.get(type(owner))
    if handler is None:
        raise interpreter.not_understood(node)
    return resolved(handler(interpreter, owner, node))


def _of_object(interpreter: Interpreter, owner: Object, node: ast.Attribute) -> object:
    found = owner.cls.find(node.attr) if owner.cls else MISSING
    held = owner.attributes.get(node.attr, MISSING)
    if held is not MISSING and not (found is not MISSING and isinstance(held, Module | ModuleList | ModuleDict)):
        return held
    if found is not MISSING:  # it hides a module of that name, which torch keeps apart from other attributes
        return _bound(interpreter, owner, owner.cls, found, node)
    if node.attr == "__dict__" and not isinstance(owner, Instance):
        return owner.attributes
    if node.attr == "_modules" and isinstance(owner, Instance):
        return _modules(owner)
    if node.attr == "training" and isinstance(owner, Instance):
        return Symbol.TRAINING
    if isinstance(owner, Instance) and owner.layer:
        return _of_layer(interpreter, owner.layer, node)
    raise interpreter.not_understood(node, f"{interpreter.snippet(node)} is not set anywhere in __init__")


def _of_class(interpreter: Interpreter, owner: Class, node: ast.Attribute) -> object:
    found = owner.find(node.attr)
    if found is MISSING or (foreign_bases(owner) and not is_enumeration(owner)):
        raise interpreter.not_understood(node)
    return _bound(interpreter, None, owner, found, node)


def _of_super(interpreter: Interpreter, owner: Super, node: ast.Attribute) -> object:
    cls = owner.owner.cls
    found = cls.find(node.attr, owner.after) if cls else MISSING
    if found is MISSING:
        raise interpreter.not_understood(node, f"no class that it derives from has {node.attr[:40]} in this text")
    return _bound(interpreter, owner.owner, cls, found, node)


def _bound(
    interpreter: Interpreter, owner: Object | NamedTuple | None, cls: Class | None, found: object, node: ast.expr
) -> object:
    """Returns an attribute of a class as an object of it, or the class itself, sees it."""
    if not isinstance(found, Function) or "builtins.staticmethod" in found.decorators:
        return found
    if "builtins.classmethod" in found.decorators:
        return BoundMethod(cls, found)
    if owner is None:
        return found
    if "builtins.property" in found.decorators:
        return call_function(interpreter, found, Arguments([owner], {}), Scope(), node.lineno)
    return BoundMethod(owner, found)


def _of_layer(interpreter: Interpreter, owner: LayerCall, node: ast.Attribute) -> object:
    if node.attr == "bias" and owner.arguments.get("bias") is False:
        return None
    defaults = torch_defaults(owner.kind) if owner.kind.startswith(_AS_GIVEN) else {}
    value = owner.arguments.get(node.attr, defaults.get(node.attr, Parameter.empty))
    if node.attr == "normalized_shape" and isinstance(value, int):
        return (value,)
    if node.attr != "bias" and value is not Parameter.empty:
        is_spread = owner.kind.startswith("Conv") and node.attr in _SPREAD and isinstance(value, int)
        return (value,) * int(owner.kind[-2]) if is_spread else value
    if node.attr in WEIGHTS:
        return Symbol.WEIGHT
    raise interpreter.not_understood(node)


def _of_sequential(interpreter: Interpreter, owner: Sequential, node: ast.Attribute) -> object:
    if node.attr == "_modules" and not owner.is_identity:
        return _modules(owner)
    if owner.is_identity or (found := owner.module(node.attr)) is MISSING:
        raise interpreter.not_understood(node)
    return found


def _of_named_tuple(interpreter: Interpreter, owner: NamedTuple, node: ast.Attribute) -> object:
    if node.attr in owner.names:
        return owner[owner.names.index(node.attr)]
    if (found := owner.cls.find(node.attr)) is MISSING:
        raise interpreter.not_understood(node)
    return _bound(interpreter, owner, owner.cls, found, node)


def _modules(owner: Instance | Sequential) -> ModulesView:
    """The modules of a net by their names, as torch keeps them; one that was set to None stays among them."""
    if isinstance(owner, Sequential):
        names = {id(module): name for name, module in owner.named.items()}
        return ModulesView((names.get(id(part), str(place)), part) for place, part in enumerate(owner.modules))
    kinds = Module | ModuleList | ModuleDict
    held = {name: part for name, part in owner.attributes.items() if isinstance(part, kinds) or part is None}
    return ModulesView({name: part for name, part in held.items() if part is not None or name in owner.module_names})


def _of_module_dict(interpreter: Interpreter, owner: ModuleDict, node: ast.Attribute) -> object:
    if node.attr not in owner:
        raise interpreter.not_understood(node)
    return owner[node.attr]


def _of_tensor(interpreter: Interpreter, owner: Tensor, node: ast.Attribute) -> object:
    if node.attr == "shape":
        return owner.sizes
    if node.attr == "ndim":
        return len(owner.sizes)
    if node.attr in ("is_cuda", "requires_grad", "is_sparse", "is_quantized"):
        return False
    if node.attr in ("device", "dtype"):
        return Symbol.DEVICE
    if node.attr == "data":
        return Tensor(owner.node.cut_off(interpreter.snippet(node), node.lineno), owner)
    raise interpreter.not_understood(node)


def _of_sample(interpreter: Interpreter, owner: Sample, node: ast.Attribute) -> object:
    if node.attr != "shape":
        raise interpreter.not_understood(node, "of one sample of a batch, only the shape is known")
    return owner.shape


def _of_symbol(interpreter: Interpreter, owner: Symbol, node: ast.Attribute) -> object:
    if owner in WITHOUT_EFFECT:
        return owner
    raise interpreter.not_understood(node)


ATTRIBUTES: dict[type, Callable[[Interpreter, Any, ast.Attribute], object]] = {
    Instance: _of_object,
    Object: _of_object,
    Class: _of_class,
    Super: _of_super,
    NamedTuple: _of_named_tuple,
    LayerCall: _of_layer,
    Sequential: _of_sequential,
    ModuleDict: _of_module_dict,
    Tensor: _of_tensor,
    Sample: _of_sample,
    Symbol: _of_symbol,
    ImportedName: lambda interpreter, owner, node: ImportedName(f"{owner.full_name}.{node.attr}"),
}
"""The handler of the attributes of every kind of value that has some."""
