"""The handlers of Python's own functions in pasted code."""

from __future__ import annotations

import ast
import json
import math
import operator
from collections.abc import Callable
from dataclasses import replace
from typing import Any, cast

from cnnviz.errors import DesignError
from cnnviz.layers.base import torch_defaults
from cnnviz.source.arguments import Arguments, read_arguments
from cnnviz.source.arithmetic import bounded_number, bounded_text, combine
from cnnviz.source.attributes import attribute_of
from cnnviz.source.functions import initialise
from cnnviz.source.interpreter import MAX_LENGTH, Interpreter, Scope, is_plain
from cnnviz.source.torch_names import LAYER_CLASSES
from cnnviz.source.values import (
    MISSING,
    ArgumentParser,
    BlockCall,
    BoundMethod,
    Class,
    DefaultFactory,
    Function,
    ImportedName,
    Instance,
    LayerCall,
    Lazy,
    ModuleDict,
    ModuleList,
    NamedTuple,
    Object,
    Partial,
    Sequential,
    Super,
    Symbol,
    Tensor,
)


def _evenly(start: float, end: float, steps: int) -> list[float]:
    """Numbers with equal distances, both ends included, as torch.linspace has them."""
    if not 1 <= steps <= MAX_LENGTH:
        raise ValueError(f"{steps} steps")
    return [start + (end - start) * step / max(steps - 1, 1) for step in range(steps)]


PLAIN_FUNCTIONS: dict[str, Callable[..., Any]] = {
    **{f"builtins.{f.__name__}": f for f in (int, float, round, abs, min, max, sum, bool, divmod, pow)},
    **{f"math.{f.__name__}": f for f in (math.ceil, math.floor, math.sqrt, math.log2, math.log, math.log10, math.pow)},
    **{f"math.{f.__name__}": f for f in (math.prod, math.exp, math.gcd, math.trunc, math.fabs)},
    "numpy.prod": math.prod,
    "numpy.ceil": lambda number: float(math.ceil(number)),
    "numpy.floor": lambda number: float(math.floor(number)),
    "numpy.sqrt": math.sqrt,
    "numpy.log2": math.log2,
    "numpy.product": math.prod,
    "json.loads": json.loads,
    **dict.fromkeys(("torch.linspace", "numpy.linspace"), _evenly),
    **{f"operator.{f.__name__}": f for f in (operator.add, operator.sub, operator.mul, operator.truediv)},
    **{f"operator.{f.__name__}": f for f in (operator.floordiv, operator.mod, operator.neg)},
}
"""Functions of numbers, by their full names."""


MAX_POWER = 64
"""Largest exponent that is worked out."""
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


def plain_function(name: str, interpreter: Interpreter, node: ast.Call, scope: Scope) -> object:
    """Calls a function of numbers with plain values."""
    return _plain_result(name, interpreter, read_arguments(interpreter, node, scope), node)


def _plain_result(name: str, interpreter: Interpreter, arguments: Arguments, node: ast.Call) -> object:
    positional = [interpreter.items_of(v, node) if isinstance(v, Lazy) else v for v in arguments.positional]
    named, last = arguments.named, name.rpartition(".")[2]
    if not is_plain(positional) or not is_plain(named):
        raise interpreter.not_understood(node, f"{last} has no value that could be worked out")
    if last == "pow" and not all(abs(value) <= MAX_POWER for value in positional[1:] if isinstance(value, int | float)):
        raise interpreter.not_understood(node)
    try:
        result = PLAIN_FUNCTIONS[name](*positional, **named)
    except (TypeError, ValueError, ArithmeticError) as error:
        raise interpreter.not_understood(node, f"{last} refuses it: {str(error)[:80]}") from None
    return bounded_number(result, node) if isinstance(result, int | float) else result


def total(interpreter: Interpreter, node: ast.Call, scope: Scope) -> object:
    """Adds up numbers, or the tensors in a list: sum."""
    arguments = read_arguments(interpreter, node, scope)
    first = arguments.positional[0] if arguments.positional else None
    if isinstance(first, Lazy):
        arguments.positional[0] = first = interpreter.items_of(first, node)
    if not isinstance(first, list | tuple) or not any(isinstance(item, Tensor) for item in first):
        return _plain_result("builtins.sum", interpreter, arguments, node)
    result, *others = interpreter.items_of(first, node)
    if len(arguments.positional) > 1 or arguments.named or not isinstance(result, Tensor):
        raise interpreter.not_understood(node)
    for other in others:
        result = combine(interpreter, result, ast.Add(), other, node)
    return result


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


def make_partial(interpreter: Interpreter, node: ast.Call, scope: Scope) -> Partial:
    """Keeps the first arguments of a call: functools.partial."""
    positional, named = read_arguments(interpreter, node, scope)
    if not positional or not isinstance(positional[0], ImportedName | Function | Class | BoundMethod):
        raise interpreter.not_understood(node)
    return Partial(positional[0], tuple(positional[1:]), named)


def make_text(interpreter: Interpreter, node: ast.Call, scope: Scope) -> str:
    """Makes a text of a plain value: str."""
    positional, named = read_arguments(interpreter, node, scope)
    if named or len(positional) != 1 or not isinstance(positional[0], str | int | float | None):
        raise interpreter.not_understood(node)
    return bounded_text(str(positional[0]), node)


def make_range(interpreter: Interpreter, node: ast.Call, scope: Scope) -> range:
    """Makes a range of at most MAX_LENGTH numbers."""
    numbers, _ = read_arguments(interpreter, node, scope)
    if all(isinstance(number, int) for number in numbers):
        try:
            result = range(*numbers)  # type: ignore[call-overload]
            if len(result) <= MAX_LENGTH:
                return result  # type: ignore[no-any-return]
        except (TypeError, ValueError, OverflowError):
            pass
    raise interpreter.not_understood(node)


def length(interpreter: Interpreter, node: ast.Call, scope: Scope) -> object:
    """Returns the length of a list; of a tensor, the size of the batch."""
    (first, *_) = read_arguments(interpreter, node, scope).positional or [None]
    if isinstance(first, Tensor):
        return first.node.sizes[0]
    if isinstance(first, str):
        return len(first)
    if isinstance(first, Lazy):
        raise interpreter.not_understood(node)
    return len(interpreter.items_of(first, node))


def make_list(interpreter: Interpreter, node: ast.Call, scope: Scope) -> list[object]:
    """Makes a list of what a value holds."""
    positional, _ = read_arguments(interpreter, node, scope)
    return interpreter.items_of(positional[0], node) if positional else []


def sort_items(interpreter: Interpreter, node: ast.Call, scope: Scope) -> list[object]:
    """Sorts plain values: sorted."""
    positional, named = read_arguments(interpreter, node, scope)
    items = interpreter.items_of((positional or [None])[0], node)
    if not is_plain(items) or {*named} - {"reverse"}:
        raise interpreter.not_understood(node)
    try:
        return sorted(items, reverse=bool(named.get("reverse")))  # type: ignore[type-var]
    except TypeError:
        raise interpreter.not_understood(node) from None


def make_tuple(interpreter: Interpreter, node: ast.Call, scope: Scope) -> tuple[object, ...]:
    """Makes a tuple of what a value holds."""
    positional, _ = read_arguments(interpreter, node, scope)
    return tuple(interpreter.items_of(positional[0], node)) if positional else ()


def any_or_all(decides: bool, interpreter: Interpreter, node: ast.Call, scope: Scope) -> bool:
    """Asks whether any or all of what a value holds is true: any, which True decides, and all."""
    value = read_arguments(interpreter, node, scope).matched(("iterable",), "any", node.lineno).get("iterable")
    for item in interpreter.iter_of(value, node):
        if interpreter.truth_of(item, node) is decides:
            return decides
    return not decides


def make_dict(
    kind: type[dict[object, object]], interpreter: Interpreter, node: ast.Call, scope: Scope
) -> dict[object, object]:
    """Makes an OrderedDict, or a dict, of a dict, of pairs or of arguments with names."""
    positional, named = read_arguments(interpreter, node, scope)
    items = positional[0] if len(positional) == 1 else []
    items = interpreter.items_of(items, node) if isinstance(items, Lazy) else items
    if isinstance(items, dict):
        return kind(items | named)
    if not isinstance(items, list | tuple) or not all(_is_pair(item) for item in items) or len(positional) > 1:
        raise interpreter.not_understood(node)
    return kind([*items, *named.items()])


def make_named_tuple_class(interpreter: Interpreter, node: ast.Call, scope: Scope) -> Class:
    """Makes a class of named tuples: collections.namedtuple, typing.NamedTuple."""
    arguments = read_arguments(interpreter, node, scope)
    values = arguments.matched(("typename", "field_names", "defaults"), "namedtuple", node.lineno)
    name, fields, defaults = values.get("typename"), values.get("field_names"), values.get("defaults") or ()
    names = fields.replace(",", " ").split() if isinstance(fields, str) else fields
    names = [name[0] if _is_pair(name) else name for name in names] if isinstance(names, list | tuple) else []
    if not isinstance(name, str) or not isinstance(defaults, list | tuple) or len(defaults) > len(names):
        raise interpreter.not_understood(node)
    body: list[ast.stmt] = []
    for field in names:
        if not isinstance(field, str) or not field.isidentifier() or field.startswith("_"):
            raise interpreter.not_understood(node)
        target = ast.Name(field, ast.Store())
        body.append(ast.copy_location(ast.AnnAssign(target, ast.Name("object", ast.Load()), None, 1), node))
    cls = Class(ast.copy_location(ast.ClassDef(name, [], [], body, []), node), (ImportedName("typing.NamedTuple"),))
    cls.attributes |= dict(zip(names[len(names) - len(defaults) :], defaults, strict=True))
    return cls


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


def make_parser(interpreter: Interpreter, node: ast.Call, scope: Scope) -> ArgumentParser:
    """Makes a parser of the command line: argparse.ArgumentParser."""
    return ArgumentParser()


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


def no(interpreter: Interpreter, node: ast.Call, scope: Scope) -> bool:
    """Answers what asks for a device that is not there: torch.cuda.is_available()."""
    return False


def device(interpreter: Interpreter, node: ast.Call, scope: Scope) -> Symbol:
    """Returns a device: torch.device."""
    return Symbol.DEVICE


def logger(interpreter: Interpreter, node: ast.Call, scope: Scope) -> Symbol:
    """Returns what writes a log: logging.getLogger."""
    return Symbol.LOGGER


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


def _is_pair(item: object) -> bool:
    return isinstance(item, tuple | list) and len(item) == 2 and isinstance(item[0], str | int)
