"""Methods of tensors, modules and lists in pasted code."""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, cast

from cnnviz.architecture import MAX_SIZE
from cnnviz.shapes import numel
from cnnviz.source.arguments import read_arguments
from cnnviz.source.arithmetic import WIDE_FIELD, bounded_number, bounded_text, combine, combine_in_place
from cnnviz.source.attributes import attribute_of
from cnnviz.source.functional_layers import clamp_tensor, unflatten_tensor
from cnnviz.source.functions import LIGHTNING_MODULES, late_value
from cnnviz.source.interpreter import Interpreter, Scope, is_plain
from cnnviz.source.keras import add_layer, build
from cnnviz.source.random_masks import RandomMask, combine_mask, drawn, floor_mask, make_mask
from cnnviz.source.tensors import reshape_tensor
from cnnviz.source.torch_functions import (
    add_up,
    apply_layer_function,
    largest_along,
    other_operand,
    permute_tensor,
    pool_axes,
    squeeze_tensor,
    transpose_tensor,
    unsqueeze_tensor,
)
from cnnviz.source.torch_names import LAYER_FUNCTIONS
from cnnviz.source.values import (
    ArgumentParser,
    BlockCall,
    Instance,
    KerasSequential,
    LayerCall,
    Module,
    ModuleDict,
    ModuleList,
    ModulesView,
    NamedTuple,
    Object,
    OrderedDict,
    Sample,
    Sequential,
    Stacked,
    Tensor,
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


def _get_attribute(interpreter: Interpreter, owner: Instance, node: ast.Call, scope: Scope) -> object:
    """Returns a module of a net by its name, as torch itself does: self.__getattr__(name)."""
    name = read_arguments(interpreter, node, scope).matched(("name",), "__getattr__", node.lineno).get("name")
    if not isinstance(name, str) or name not in owner.module_names:
        raise interpreter.not_understood(node)
    return attribute_of(interpreter, owner, ast.copy_location(ast.Attribute(node, name, ast.Load()), node))


def _set_attribute(interpreter: Interpreter, owner: Instance, node: ast.Call, scope: Scope) -> None:
    """Sets an attribute by its name: self.__setattr__(name, layer)."""
    values = read_arguments(interpreter, node, scope).matched(("name", "value"), "__setattr__", node.lineno)
    _note_change(interpreter, node, scope)
    name = values.get("name")
    if not isinstance(name, str) or "value" not in values:
        raise interpreter.not_understood(node)
    interpreter.set_attribute(owner, name, values["value"], node.lineno)


def _reverse(interpreter: Interpreter, owner: list[object], node: ast.Call, scope: Scope) -> None:
    _note_change(interpreter, node, scope)
    owner.reverse()


def _list_search(name: str, interpreter: Interpreter, owner: list[object], node: ast.Call, scope: Scope) -> object:
    """Returns where a plain value stands in a list, or how often: index, count."""
    positional, named = read_arguments(interpreter, node, scope)
    if named or len(positional) != 1 or not is_plain(owner) or not is_plain(positional):
        raise interpreter.not_understood(node)
    try:
        return getattr(owner, name)(*positional)
    except ValueError:
        raise interpreter.not_understood(node) from None


def _product(interpreter: Interpreter, owner: tuple[object, ...], node: ast.Call, scope: Scope) -> int:
    """Returns the product of sizes: x.shape[1:].numel()."""
    sizes = tuple(size for size in owner if isinstance(size, int))
    if len(sizes) < len(owner):
        raise interpreter.not_understood(node)
    return numel(sizes)


def _sample_size(interpreter: Interpreter, owner: Sample, node: ast.Call, scope: Scope) -> object:
    positional, _ = read_arguments(interpreter, node, scope)
    axis = positional[0] if positional else None
    if axis is None:
        return owner.shape
    if not isinstance(axis, int) or not -len(owner.shape) <= axis < len(owner.shape):
        raise interpreter.not_understood(node)
    return owner.shape[axis]


def _sample_numbers(interpreter: Interpreter, owner: Sample, node: ast.Call, scope: Scope) -> int:
    return numel(owner.shape)


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
    sizes = owner.sizes
    if not positional and not named:
        return sizes
    axis = positional[0] if positional else named.get("dim")
    if not isinstance(axis, int) or not -len(sizes) <= axis < len(sizes):
        raise interpreter.not_understood(node)
    return sizes[axis]


def _count(interpreter: Interpreter, owner: Tensor, node: ast.Call, scope: Scope) -> int:
    """Returns the numbers in a batch of a known size: numel()."""
    if owner.held.batch is None or owner.seen:
        raise interpreter.not_understood(node)
    return owner.held.batch * numel(owner.held.shape)


def _axes(interpreter: Interpreter, owner: Tensor, node: ast.Call, scope: Scope) -> int:
    return len(owner.sizes)


def _view(interpreter: Interpreter, owner: Tensor, node: ast.Call, scope: Scope) -> Tensor:
    positional, named = read_arguments(interpreter, node, scope)
    if named:
        raise interpreter.not_understood(node)
    first = positional[0] if positional else ()
    sizes: Sequence[object] = first if isinstance(first, tuple | list) else positional
    return reshape_tensor(owner, sizes, interpreter.snippet(node), node.lineno)


def _unflatten(interpreter: Interpreter, owner: Tensor, node: ast.Call, scope: Scope) -> Tensor:
    return unflatten_tensor(interpreter, owner, read_arguments(interpreter, node, scope), node)


def _operate(sign: ast.operator, interpreter: Interpreter, owner: Tensor, node: ast.Call, scope: Scope) -> object:
    """Adds to a tensor, subtracts, multiplies or divides it, in place where the name ends with _: add, mul_."""
    arguments = read_arguments(interpreter, node, scope)
    other = other_operand(interpreter, sign, arguments, node)
    return (combine_in_place if _is_in_place(node) else combine)(interpreter, owner, sign, other, node)


def _pool(kind: str, interpreter: Interpreter, owner: Tensor, node: ast.Call, scope: Scope) -> Tensor:
    return pool_axes(kind, interpreter, owner, read_arguments(interpreter, node, scope), node)


def _max(interpreter: Interpreter, owner: Tensor, node: ast.Call, scope: Scope) -> object:
    return largest_along(interpreter, owner, read_arguments(interpreter, node, scope), node)


def _squeeze(interpreter: Interpreter, owner: Tensor, node: ast.Call, scope: Scope) -> Tensor:
    return squeeze_tensor(interpreter, owner, read_arguments(interpreter, node, scope), node)


def _unsqueeze(interpreter: Interpreter, owner: Tensor, node: ast.Call, scope: Scope) -> Tensor:
    values = read_arguments(interpreter, node, scope).matched(("dim",), "unsqueeze", node.lineno)
    return unsqueeze_tensor(interpreter, owner, values.get("dim"), node)


def _permute(interpreter: Interpreter, owner: Tensor, node: ast.Call, scope: Scope) -> Tensor:
    positional, named = read_arguments(interpreter, node, scope)
    order = positional[0] if len(positional) == 1 and isinstance(positional[0], tuple | list) else positional
    if named:
        raise interpreter.not_understood(node)
    return permute_tensor(interpreter, owner, order, node)


def _transpose(interpreter: Interpreter, owner: Tensor, node: ast.Call, scope: Scope) -> Tensor:
    return transpose_tensor(interpreter, owner, read_arguments(interpreter, node, scope), node)


def _clamp(interpreter: Interpreter, owner: Tensor, node: ast.Call, scope: Scope) -> Tensor:
    arguments = read_arguments(interpreter, node, scope)
    return clamp_tensor(interpreter, owner, arguments, node, inplace=_is_in_place(node))


def _is_in_place(node: ast.Call) -> bool:
    return isinstance(node.func, ast.Attribute) and node.func.attr.endswith("_")


def _take_part(interpreter: Interpreter, owner: Tensor, node: ast.Call, scope: Scope) -> object:
    """Refuses what takes a tensor apart: chunk, split."""
    raise interpreter.not_understood(
        node, "no layer takes a tensor apart, so a design cannot use a part of the channels"
    )


def _expand(interpreter: Interpreter, owner: Tensor, node: ast.Call, scope: Scope) -> Tensor:
    """Stretches axes of length 1, which a product does by itself: expand, expand_as."""
    positional, _ = read_arguments(interpreter, node, scope)
    first = positional[0] if positional else None
    sizes: Sequence[object] = first.sizes if isinstance(first, Tensor) else positional
    sizes = first if isinstance(first, tuple | list) else sizes
    before = owner.node.sizes
    if len(sizes) != len(before):
        raise interpreter.not_understood(node)
    wanted = [own if size == -1 else size for own, size in zip(before, sizes, strict=True)]
    shape = tuple(size for size in wanted[1:] if isinstance(size, int) and 1 <= size <= MAX_SIZE)
    fits = all(own in (1, size) for own, size in zip(before[1:], wanted[1:], strict=True))
    if wanted[0] != before[0] or len(shape) != len(before) - 1 or not fits:
        raise interpreter.not_understood(node)
    seen_by = (
        f"Line {node.lineno}: `{interpreter.snippet(node)}` stretches axes of length 1; a design can only multiply what"
        " has that shape by it."
    )
    return owner if shape == owner.node.shape else Tensor(owner.node, owner, seen=shape, seen_by=seen_by)


def _add_up(interpreter: Interpreter, owner: object, node: ast.Call, scope: Scope) -> Tensor:
    return add_up(interpreter, owner, read_arguments(interpreter, node, scope), node, divides=False)


def _mean_of_stacked(interpreter: Interpreter, owner: Stacked, node: ast.Call, scope: Scope) -> Tensor:
    return add_up(interpreter, owner, read_arguments(interpreter, node, scope), node, divides=True)


def _as_dict(interpreter: Interpreter, owner: NamedTuple, node: ast.Call, scope: Scope) -> dict[object, object]:
    return dict[object, object](zip(owner.names, owner, strict=True))


def _replaced(interpreter: Interpreter, owner: NamedTuple, node: ast.Call, scope: Scope) -> NamedTuple:
    """Returns a named tuple with other values under some of its names."""
    positional, named = read_arguments(interpreter, node, scope)
    if positional or {*named} - {*owner.names}:
        raise interpreter.not_understood(node)
    return NamedTuple(dict(zip(owner.names, owner, strict=True)) | named, owner.cls)


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


def _dict_get(interpreter: Interpreter, owner: dict[object, object], node: ast.Call, scope: Scope) -> object:
    positional, _ = read_arguments(interpreter, node, scope)
    if not positional or not is_plain(positional[0]) or isinstance(positional[0], list | dict):
        raise interpreter.not_understood(node)
    return owner.get(positional[0], positional[1] if len(positional) > 1 else None)


def _dict_pop(interpreter: Interpreter, owner: dict[object, object], node: ast.Call, scope: Scope) -> object:
    """Takes a value out of a dict, or sets one that is missing: pop, setdefault."""
    _note_change(interpreter, node, scope)
    positional, named = read_arguments(interpreter, node, scope)
    key, *default = positional or [None]
    if named or len(default) > 1 or not is_plain(key) or isinstance(key, list | dict):
        raise interpreter.not_understood(node)
    if isinstance(node.func, ast.Attribute) and node.func.attr == "setdefault":
        return owner.setdefault(key, (default or [None])[0])
    if key not in owner and not default:
        raise interpreter.not_understood(node)
    return owner.pop(key, *default)


def _dict_update(interpreter: Interpreter, owner: dict[object, object], node: ast.Call, scope: Scope) -> None:
    _note_change(interpreter, node, scope)
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


def _as_number(interpreter: Interpreter, owner: int | float, node: ast.Call, scope: Scope) -> int | float:
    """Returns a number of numpy's as one of another type: np.floor(x).astype(int)."""
    positional, named = read_arguments(interpreter, node, scope)
    kind = {"builtins.int": int, "builtins.float": float, "numpy.int32": int, "numpy.int64": int}.get(
        getattr(positional[0], "full_name", "") if len(positional) == 1 and not named else ""
    )
    if kind is None:
        raise interpreter.not_understood(node)
    return bounded_number(kind(owner), node)


def _nothing(interpreter: Interpreter, owner: object, node: ast.Call, scope: Scope) -> None:
    """Passes over what changes no layers: compile and fit of a model of Keras."""


def _floor(interpreter: Interpreter, owner: RandomMask, node: ast.Call, scope: Scope) -> RandomMask:
    return _put(owner, floor_mask(interpreter, owner, node), node)


def _draw(interpreter: Interpreter, owner: RandomMask, node: ast.Call, scope: Scope) -> RandomMask:
    """Draws 0 or 1 for each sample: bernoulli_(0.9)."""
    keep = read_arguments(interpreter, node, scope).matched(("p",), "bernoulli_", node.lineno).get("p", 0.5)
    if not isinstance(keep, int | float):
        raise interpreter.not_understood(node)
    return _put(owner, drawn(owner, float(keep)), node)


def _divide_mask(interpreter: Interpreter, owner: RandomMask, node: ast.Call, scope: Scope) -> RandomMask:
    other = read_arguments(interpreter, node, scope).matched(("other",), "div", node.lineno).get("other")
    result = combine_mask(interpreter, owner, ast.Div(), other, node)
    if not isinstance(result, RandomMask):
        raise interpreter.not_understood(node)
    return _put(owner, result, node)


def _put(owner: RandomMask, result: RandomMask, node: ast.Call) -> RandomMask:
    """Returns the result, which takes the place of the mask where the name ends with _."""
    if not _is_in_place(node):
        return result
    owner.step, owner.keep = result.step, result.keep
    return owner


def _new_mask(interpreter: Interpreter, owner: Tensor, node: ast.Call, scope: Scope) -> RandomMask:
    """Makes numbers for each sample that are not yet set: x.new_empty((x.shape[0], 1, 1, 1))."""
    positional, _ = read_arguments(interpreter, node, scope)
    sizes = positional[0] if len(positional) == 1 and isinstance(positional[0], tuple | list) else positional
    if mask := make_mask(sizes, is_uniform=False):
        return mask
    raise interpreter.not_understood(node)


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
_LIST_SEARCH: dict[str, MethodHandler] = {name: partial(_list_search, name) for name in ("index", "count")}
_CHILDREN: dict[str, MethodHandler] = {"children": _children, "named_children": _named_children}
_DICT: dict[str, MethodHandler] = {
    "get": _dict_get,
    "update": _dict_update,
    "pop": _dict_pop,
    "setdefault": _dict_pop,
    "keys": lambda interpreter, owner, node, scope: list(owner),
    "values": lambda interpreter, owner, node, scope: list(owner.values()),
    "items": lambda interpreter, owner, node, scope: list(owner.items()),
    "copy": lambda interpreter, owner, node, scope: dict(owner),
}

OPERATORS: dict[str, ast.operator] = {
    "add": ast.Add(),
    "sub": ast.Sub(),
    "mul": ast.Mult(),
    "multiply": ast.Mult(),
    "div": ast.Div(),
}
"""The operator that each method of tensors is."""

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
        **{f"{name}{end}": partial(_operate, sign) for name, sign in OPERATORS.items() for end in ("", "_")},
        **dict.fromkeys(("clamp", "clamp_", "clip", "clip_"), _clamp),
        **dict.fromkeys(("chunk", "split", "unbind", "narrow"), _take_part),
        "new_empty": _new_mask,
        "expand": _expand,
        "expand_as": _expand,
        "sum": _add_up,
        "mean": partial(_pool, "Avg"),
        "amax": partial(_pool, "Max"),
        "max": _max,
        "squeeze": _squeeze,
        "unsqueeze": _unsqueeze,
        "permute": _permute,
        "transpose": _transpose,
        "swapaxes": _transpose,
    },
    RandomMask: {
        **dict.fromkeys(("to", "type", "type_as", "float", "half"), _as_it_is),
        **dict.fromkeys(("floor", "floor_"), _floor),
        **dict.fromkeys(("div", "div_"), _divide_mask),
        "bernoulli_": _draw,
    },
    Stacked: {"sum": _add_up, "mean": _mean_of_stacked},
    NamedTuple: {"_asdict": _as_dict, "_replace": _replaced},
    LayerCall: _WITHOUT_EFFECT,
    BlockCall: _WITHOUT_EFFECT,
    Instance: {
        **_WITHOUT_EFFECT,
        **_REGISTER,
        **_CHILDREN,
        "register_buffer": _register_buffer,
        "register_parameter": _register_buffer,
        "save_hyperparameters": _save_arguments,
        "__getattr__": _get_attribute,
        "__setattr__": _set_attribute,
    },
    Sequential: {
        **_WITHOUT_EFFECT,
        **_LIST,
        **_CHILDREN,
        "add_module": _add_named,
        "register_module": _add_named,
    },
    KerasSequential: {
        **dict.fromkeys(("compile", "summary", "fit", "evaluate", "predict", "save", "load_weights"), _nothing),
        "add": add_layer,
        "pop": _pop,
        "build": build,
    },
    Sample: {"size": _sample_size, "numel": _sample_numbers, "nelement": _sample_numbers},
    tuple: {"numel": _product, **_LIST_SEARCH},
    list: {
        **_LIST,
        **_LIST_SEARCH,
        "tolist": _as_it_is,
        "reverse": _reverse,
        "copy": lambda interpreter, owner, node, scope: list(owner),
    },
    ModuleList: {**_WITHOUT_EFFECT, **_LIST},
    dict: _DICT,
    OrderedDict: _DICT,
    ModuleDict: {**_WITHOUT_EFFECT, **{name: _DICT[name] for name in ("get", "update", "keys", "values", "items")}},
    ModulesView: {name: _DICT[name] for name in ("get", "keys", "values", "items")},
    **{kind: {"item": _as_it_is, "astype": _as_number} for kind in (int, float)},
    str: {
        name: partial(_text_method, name)
        for name in (
            *("lower", "upper", "title", "capitalize", "startswith", "endswith", "isdigit", "count", "find"),
            *("split", "strip", "lstrip", "rstrip", "removeprefix", "removesuffix", "replace", "join", "format"),
        )
    },
    ArgumentParser: {
        "add_argument": _add_argument,
        "parse_args": _parse_arguments,
        "parse_known_args": _parse_arguments,
        "add_argument_group": _as_it_is,
    },
}
"""The handler of every method that is understood, by the type of its owner and its name."""
