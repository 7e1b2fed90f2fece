"""Methods of tensors, modules and lists in pasted code."""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, cast

from cnnviz.shapes import AXES, numel
from cnnviz.source.arguments import read_arguments
from cnnviz.source.arithmetic import WIDE_FIELD, bounded_text, combine
from cnnviz.source.functional_layers import unflatten_tensor
from cnnviz.source.functions import late_value
from cnnviz.source.interpreter import Interpreter, Scope, is_plain
from cnnviz.source.keras import add_layer, build
from cnnviz.source.tensors import reshape_tensor
from cnnviz.source.torch_functions import apply_layer_function, largest_along, pool_axes, squeeze_tensor
from cnnviz.source.torch_names import LAYER_FUNCTIONS
from cnnviz.source.values import (
    ArgumentParser,
    BlockCall,
    Instance,
    KerasSequential,
    LayerCall,
    MisfitError,
    Module,
    ModuleDict,
    ModuleList,
    Object,
    OrderedDict,
    Sequential,
    Tensor,
    TensorNode,
    Unresolved,
)

MethodHandler = Callable[[Interpreter, Any, ast.Call, Scope], object]


def _unchanged(interpreter: Interpreter, owner: object, node: ast.Call, scope: Scope) -> object:
    """Returns the tensor or module itself: the method changes nothing in the design."""
    return owner


def _note_change(interpreter: Interpreter, node: ast.Call, scope: Scope) -> None:
    if scope.in_forward:
        interpreter.state_changed_at = node.lineno


def _append(interpreter: Interpreter, owner: Sequential | list[object], node: ast.Call, scope: Scope) -> object:
    """Adds the last argument to a Sequential or a list: append(layer), add_module(name, layer)."""
    _note_change(interpreter, node, scope)
    arguments = read_arguments(interpreter, node, scope)
    return _grow(interpreter, owner, arguments.positional[-1:], node)


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


def _extend(interpreter: Interpreter, owner: Sequential | list[object], node: ast.Call, scope: Scope) -> object:
    _note_change(interpreter, node, scope)
    arguments = read_arguments(interpreter, node, scope)
    return _grow(interpreter, owner, interpreter.items_of((arguments.positional or [None])[0], node), node)


def _insert(interpreter: Interpreter, owner: Sequential | list[object], node: ast.Call, scope: Scope) -> None:
    _note_change(interpreter, node, scope)
    positional, _ = read_arguments(interpreter, node, scope)
    if len(positional) != 2 or not isinstance(positional[0], int):
        raise interpreter.not_understood(node)
    items = owner.modules if isinstance(owner, Sequential) else owner
    items.insert(positional[0], positional[1])
    interpreter.bounded_list(items, node)


def _pop(interpreter: Interpreter, owner: Sequential | list[object], node: ast.Call, scope: Scope) -> object:
    _note_change(interpreter, node, scope)
    positional, _ = read_arguments(interpreter, node, scope)
    items = owner.modules if isinstance(owner, Sequential) else owner
    try:
        return items.pop(*positional)  # type: ignore[arg-type]
    except (TypeError, IndexError):
        raise interpreter.not_understood(node) from None


def _grow(interpreter: Interpreter, owner: Sequential | list[object], more: list[object], node: ast.Call) -> object:
    takes_all = not isinstance(owner, Sequential | ModuleList)
    if not more or not (takes_all or all(isinstance(value, Module | ModuleList) for value in more)):
        raise interpreter.not_understood(node)
    modules = owner.modules if isinstance(owner, Sequential) else owner
    modules[:] = interpreter.bounded_list([*modules, *more], node)
    return owner


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


def _detach(interpreter: Interpreter, owner: Tensor, node: ast.Call, scope: Scope) -> Tensor:
    return Tensor(owner.node.cut_off(interpreter.snippet(node), node.lineno), owner)


def _detach_in_place(interpreter: Interpreter, owner: Tensor, node: ast.Call, scope: Scope) -> Tensor:
    owner.cut_off(interpreter.snippet(node), node.lineno)
    return owner


def _clone(interpreter: Interpreter, owner: Tensor, node: ast.Call, scope: Scope) -> Tensor:
    return Tensor(owner.node)


def _layer(function: str, interpreter: Interpreter, owner: Tensor, node: ast.Call, scope: Scope) -> Tensor:
    """Applies the layer that a method of tensors is."""
    return apply_layer_function(interpreter, function, owner, read_arguments(interpreter, node, scope), node)


def _size(interpreter: Interpreter, owner: Tensor, node: ast.Call, scope: Scope) -> object:
    positional, named = read_arguments(interpreter, node, scope)
    sizes = owner.node.sizes
    if not positional and not named:
        return sizes
    axis = positional[0] if positional else named.get("dim")
    if not isinstance(axis, int) or not -len(sizes) <= axis < len(sizes):
        raise interpreter.not_understood(node)
    return sizes[axis]


def _count(interpreter: Interpreter, owner: Tensor, node: ast.Call, scope: Scope) -> int:
    """Returns the numbers in a batch of a known size: numel()."""
    if owner.node.batch is None:
        raise interpreter.not_understood(node)
    return owner.node.batch * numel(owner.node.shape)


def _axes(interpreter: Interpreter, owner: Tensor, node: ast.Call, scope: Scope) -> int:
    return len(owner.node.sizes)


def _view(interpreter: Interpreter, owner: Tensor, node: ast.Call, scope: Scope) -> Tensor:
    positional, named = read_arguments(interpreter, node, scope)
    if named:
        raise interpreter.not_understood(node)
    first = positional[0] if positional else ()
    sizes: Sequence[object] = first if isinstance(first, tuple | list) else positional
    return reshape_tensor(owner, sizes, interpreter.snippet(node), node.lineno)


def _unflatten(interpreter: Interpreter, owner: Tensor, node: ast.Call, scope: Scope) -> Tensor:
    return unflatten_tensor(interpreter, owner, read_arguments(interpreter, node, scope), node)


def _multiply(interpreter: Interpreter, owner: Tensor, node: ast.Call, scope: Scope) -> object:
    values = read_arguments(interpreter, node, scope).matched(("other",), "mul", node.lineno)
    return combine(interpreter, owner, ast.Mult(), values.get("other"), node)


def _mean(interpreter: Interpreter, owner: Tensor, node: ast.Call, scope: Scope) -> Tensor:
    return pool_axes(interpreter, owner, read_arguments(interpreter, node, scope), node)


def _max(interpreter: Interpreter, owner: Tensor, node: ast.Call, scope: Scope) -> object:
    return largest_along(interpreter, owner, read_arguments(interpreter, node, scope), node)


def _squeeze(interpreter: Interpreter, owner: Tensor, node: ast.Call, scope: Scope) -> Tensor:
    return squeeze_tensor(interpreter, owner, read_arguments(interpreter, node, scope), node)


def _unsqueeze(interpreter: Interpreter, owner: Tensor, node: ast.Call, scope: Scope) -> Tensor:
    """Gives the input of a net an axis of length 1: the design's samples have it."""
    (axis,) = read_arguments(interpreter, node, scope).matched(("dim",), "unsqueeze", node.lineno).values() or (None,)
    before = owner.node
    count = len(before.sizes) + 1
    if not isinstance(axis, int) or not -count <= axis < count or axis % count == 0:
        raise interpreter.not_understood(node)
    if before.before is not None:
        raise interpreter.not_understood(node, "a design can give an axis of length 1 only to the input itself")
    place = axis % count - 1
    shape = (*before.shape[:place], 1, *before.shape[place:])
    if len(shape) not in AXES:
        raise MisfitError(
            f"Line {node.lineno}: `{interpreter.snippet(node)}` gives a sample more axes than a net takes."
        )
    return Tensor(TensorNode(shape, batch=before.batch), owner)


def _permute(interpreter: Interpreter, owner: Tensor, node: ast.Call, scope: Scope) -> Tensor:
    """Moves axes of length 1, which changes no number; raises DesignError for others."""
    positional, named = read_arguments(interpreter, node, scope)
    order: Any = positional[0] if len(positional) == 1 and isinstance(positional[0], tuple | list) else positional
    count = len(owner.node.sizes)
    if isinstance(node.func, ast.Attribute) and node.func.attr in ("transpose", "swapaxes") and len(order) == 2:
        if not all(isinstance(axis, int) and -count <= axis < count for axis in order):
            raise interpreter.not_understood(node)
        first, second = (axis % count for axis in order)
        order = list(range(count))
        order[first], order[second] = second, first
    if named or not all(isinstance(axis, int) and -count <= axis < count for axis in order):
        raise interpreter.not_understood(node)
    order = [axis % count for axis in order]
    shape = owner.node.shape
    moved = [axis for axis in order[1:] if 0 < axis < count and shape[axis - 1] != 1]
    if sorted(order) != list(range(count)) or order[0] != 0 or moved != sorted(moved):
        raise interpreter.not_understood(
            node, "the axes of a sample stay in their order in a design, channels first; leave it out"
        )
    wanted = tuple(shape[axis - 1] for axis in order[1:])
    if wanted == shape:
        return owner
    if len(moved) <= 1:  # one row of numbers, however many axes of length 1 it has
        wanted = (numel(shape),)
    return reshape_tensor(owner, [owner.node.sizes[0], *wanted], interpreter.snippet(node), node.lineno)


def _dict_get(interpreter: Interpreter, owner: dict[object, object], node: ast.Call, scope: Scope) -> object:
    positional, _ = read_arguments(interpreter, node, scope)
    if not positional or not is_plain(positional[0]) or isinstance(positional[0], list | dict):
        raise interpreter.not_understood(node)
    return owner.get(positional[0], positional[1] if len(positional) > 1 else None)


def _dict_update(interpreter: Interpreter, owner: dict[object, object], node: ast.Call, scope: Scope) -> None:
    positional, named = read_arguments(interpreter, node, scope)
    if any(not isinstance(more, dict) for more in positional):
        raise interpreter.not_understood(node)
    for more in (*positional, named):
        owner |= cast("dict[object, object]", more)


def _text_method(name: str, interpreter: Interpreter, owner: str, node: ast.Call, scope: Scope) -> object:
    positional, named = read_arguments(interpreter, node, scope)
    is_wide = name == "format" and WIDE_FIELD.search(owner)
    if not is_plain(positional) or not is_plain(named) or is_wide or (named and name != "format"):
        raise interpreter.not_understood(node)
    try:
        result = getattr(owner, name)(*positional, **named)
    except (TypeError, ValueError, LookupError, AttributeError):
        raise interpreter.not_understood(node) from None
    return bounded_text(result, node) if isinstance(result, str) else result


def _add_argument(interpreter: Interpreter, owner: ArgumentParser, node: ast.Call, scope: Scope) -> None:
    """Notes the default of an argument of the command line."""
    names = [name.value for name in node.args if isinstance(name, ast.Constant) and isinstance(name.value, str)]
    options = {keyword.arg: keyword.value for keyword in node.keywords}
    long = next((name for name in names if name.startswith("--")), names[0] if names else "")
    name = str(getattr(options.get("dest"), "value", long.lstrip("-").replace("-", "_")))
    action = getattr(options.get("action"), "value", None)
    default: object = {"store_true": False, "store_false": True}.get(str(action))
    if "default" in options:
        default = late_value(interpreter, options["default"], scope)
    elif default is None and not long.startswith("-"):
        default = Unresolved(interpreter.not_understood(node, f"{name[:40]} is given on the command line"))
    owner.defaults[name] = default


def _parse_arguments(interpreter: Interpreter, owner: ArgumentParser, node: ast.Call, scope: Scope) -> object:
    result = Object(None, dict(owner.defaults))
    is_pair = isinstance(node.func, ast.Attribute) and node.func.attr == "parse_known_args"
    return (result, []) if is_pair else result


def _as_it_is(interpreter: Interpreter, owner: object, node: ast.Call, scope: Scope) -> object:
    return owner


_WITHOUT_EFFECT: dict[str, MethodHandler] = dict.fromkeys(
    (
        *("to", "cuda", "cpu", "float", "double", "half", "type", "type_as", "to_empty", "requires_grad_"),
        *("train", "eval", "contiguous", "compile", "share_memory", "apply"),
    ),
    _unchanged,
)
_REGISTER: dict[str, MethodHandler] = {"add_module": _register, "register_module": _register}
_LIST: dict[str, MethodHandler] = {"append": _append, "extend": _extend, "insert": _insert, "pop": _pop}
_CHILDREN: dict[str, MethodHandler] = {"children": _children, "named_children": _named_children}
_DICT: dict[str, MethodHandler] = {
    "get": _dict_get,
    "update": _dict_update,
    "keys": lambda interpreter, owner, node, scope: list(owner),
    "values": lambda interpreter, owner, node, scope: list(owner.values()),
    "items": lambda interpreter, owner, node, scope: list(owner.items()),
    "copy": lambda interpreter, owner, node, scope: dict(owner),
}

METHODS: dict[type, dict[str, MethodHandler]] = {
    Tensor: {
        **{
            name.removeprefix("torch.Tensor."): partial(_layer, name)
            for name in LAYER_FUNCTIONS
            if name.startswith("torch.Tensor.")
        },
        **_WITHOUT_EFFECT,
        "clone": _clone,
        "detach": _detach,
        "detach_": _detach_in_place,
        "size": _size,
        "numel": _count,
        "nelement": _count,
        "dim": _axes,
        "view": _view,
        "reshape": _view,
        "unflatten": _unflatten,
        "mul": _multiply,
        "multiply": _multiply,
        "mean": _mean,
        "amax": _mean,
        "max": _max,
        "squeeze": _squeeze,
        "unsqueeze": _unsqueeze,
        "permute": _permute,
        "transpose": _permute,
        "swapaxes": _permute,
    },
    LayerCall: _WITHOUT_EFFECT,
    BlockCall: _WITHOUT_EFFECT,
    Instance: {
        **_WITHOUT_EFFECT,
        **_REGISTER,
        **_CHILDREN,
        "register_buffer": _register_buffer,
        "register_parameter": _register_buffer,
    },
    Sequential: {
        **_WITHOUT_EFFECT,
        **_LIST,
        **_CHILDREN,
        "add_module": _add_named,
        "register_module": _add_named,
    },
    KerasSequential: {"add": add_layer, "pop": _pop, "build": build},
    list: {**_LIST, "copy": lambda interpreter, owner, node, scope: list(owner)},
    ModuleList: {**_WITHOUT_EFFECT, **_LIST},
    dict: _DICT,
    OrderedDict: _DICT,
    ModuleDict: {**_WITHOUT_EFFECT, **_DICT},
    str: {
        name: partial(_text_method, name)
        for name in ("lower", "upper", "startswith", "endswith", "split", "strip", "format")
    },
    ArgumentParser: {
        "add_argument": _add_argument,
        "parse_args": _parse_arguments,
        "parse_known_args": _parse_arguments,
        "add_argument_group": _as_it_is,
    },
}
"""The handler of every method that is understood, by the type of its owner and its name."""
