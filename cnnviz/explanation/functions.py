"""Functions that a forward calls: the layers and joins that they are."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import combinations

from torch import Tensor

from cnnviz.explanation.live_layers import layer_of_function, make_layer
from cnnviz.explanation.nodes import Call, Node, joined_shape
from cnnviz.layers import Flatten, Layer, Unflatten
from cnnviz.layers.join import CONCAT, PRODUCT, SUM, Join
from cnnviz.shapes import AXES, Shape, numel
from cnnviz.source.torch_names import FUNCTIONS

SAME_VALUES = frozenset(
    {"contiguous", "clone", "detach", "to", "type", "float", "half", "double", "bfloat16", "cpu", "cuda", "type_as"}
)
"""Functions that give the same numbers in another form."""
RESHAPING = frozenset({"view", "reshape", "flatten", "squeeze", "unflatten", "unsqueeze", "view_as", "reshape_as"})
SIZED = frozenset({"view", "reshape"})
SUMS = frozenset({"add", "__add__", "__radd__", "__iadd__"})
PRODUCTS = frozenset({"mul", "multiply", "__mul__", "__rmul__", "__imul__"})
QUOTIENTS = frozenset({"div", "divide", "true_divide", "__truediv__", "__itruediv__"})
CONCATENATIONS = frozenset({"cat", "concat", "concatenate"})
IN_PLACE = frozenset(
    {"__iadd__", "__isub__", "__imul__", "__itruediv__", "__ifloordiv__", "__imod__", "__ipow__", "__iand__", "__ior__"}
)
NOT_WRITING = frozenset({"detach_", "requires_grad_"})
MEANS = {"mean": "Avg", "amax": "Max"}


def function_call(
    name: str,
    args: Sequence[object],
    kwargs: Mapping[str, object],
    inputs: tuple[Node, ...],
    *,
    path: str,
    shape: Shape | None = None,
    error: Exception | None = None,
) -> Call:
    """Returns the call of a function as a row: the layer or join that it is, if it is one.

    `path` is that of the module whose forward calls it, `shape` that of what it has returned.
    """
    before = inputs[0].shape
    if name in PRODUCTS:
        inputs = tuple(sorted(inputs, key=lambda node: node.shape == shape))  # a Gate multiplies the larger one
    written = _written(name, args)
    call = Call(f"{path}: {written}" if path else written, written, inputs, error=error)
    if join := _join(name, args, kwargs, inputs):
        call.join = join
    elif name in FUNCTIONS and len(inputs) == 1 and before:
        found = layer_of_function(name, args[1:], kwargs, before)
        if found:
            call.layer, call.left_out = found
    elif before and before == shape and (factor := _factor(name, args, kwargs)) is not None:
        found = make_layer("Scale", {"factor": factor}, before)
        call.layer = found.layer if found else None
    elif name in RESHAPING and before and shape:
        call.layer = _flatten_between(before, shape) or _unflatten_between(before, shape)
    elif name in MEANS and before and len(before) > 1 and shape in (before[:1], (before[0], *[1] * len(before[1:]))):
        found = make_layer(f"Adaptive{MEANS[name]}Pool{len(before) - 1}d", {"output_size": 1}, before)
        call.layer = found.layer if found else None
    if call.join and not error and joined_shape(call.join, inputs) != shape:
        call.join = None
    if call.layer:
        call.kind = call.layer.kind
    return call


def positional(args: Sequence[object], kwargs: Mapping[str, object]) -> tuple[tuple[object, ...], Mapping[str, object]]:
    """Returns the arguments of a call with its tensors in front, whether they were given by name or not.

    >>> positional((), {"input": 1, "other": 2, "alpha": 3})
    ((1, 2), {'alpha': 3})
    """
    first = next((name for name in ("input", "tensors") if name in kwargs), None) if not args else None
    names = [name for name in (first, "other") if name and name in kwargs]
    return (*args, *(kwargs[name] for name in names)), {key: kwargs[key] for key in kwargs if key not in names}


def plain_name(name: str) -> str:
    """Returns the name of a function without what tells that it is in place, or torch's own: `_threshold`, `relu_`.

    >>> plain_name("_threshold"), plain_name("relu_"), plain_name("__add__")
    ('threshold', 'relu', '__add__')
    """
    if name.endswith("__"):
        return name
    name = name.removesuffix("_")
    return name.removeprefix("_") if name.removeprefix("_") in FUNCTIONS else name


def is_always_on(name: str, args: Sequence[object], kwargs: Mapping[str, object]) -> bool:
    """Whether a call in evaluation mode is that of a dropout in training."""
    if "dropout" not in name or name not in FUNCTIONS:
        return False
    given = {**dict(zip(FUNCTIONS[name][1], args[1:], strict=False)), **kwargs}
    return given.get("training", given.get("train", False)) is True


def keeps_values(name: str, args: Sequence[object], result: Tensor) -> bool:
    """Whether a conversion gives the numbers that it got: none to integers, and no other reading of their bits."""
    given = next(tensors_in(args), result).dtype
    is_lossless = name != "view" and result.is_floating_point() and not given.is_complex
    return result.dtype == given or is_lossless


def written_tensors(name: str, args: Sequence[object], kwargs: Mapping[str, object]) -> tuple[Tensor, ...]:
    """Returns the tensors into which a call writes: those of a function in place, and `out`."""
    is_named_so = name.endswith("_") and not name.endswith("__") and name not in NOT_WRITING
    is_in_place = is_named_so or name in IN_PLACE or name == "__setitem__" or kwargs.get("inplace") is True
    return tuple(tensors_in([*(args[:1] if is_in_place else ()), kwargs.get("out")]))


def tensors_in(values: Iterable[object]) -> Iterator[Tensor]:
    """Yields the tensors among values, those in lists, tuples and dicts included."""
    for value in values:
        if isinstance(value, Tensor):
            yield value
        elif isinstance(value, list | tuple):
            yield from tensors_in(value)
        elif isinstance(value, Mapping):
            yield from tensors_in(value.values())


def _written(name: str, args: Sequence[object]) -> str:
    """Returns how code writes a function: `+`, `torch.cat()`, `relu()`, `view(-1, 320)`."""
    if name in SUMS | PRODUCTS | QUOTIENTS:
        return "+" if name in SUMS else "*" if name in PRODUCTS else "/"
    if name == "__getitem__":
        return "[…]"
    sizes = args[-1] if args and isinstance(args[-1], tuple | list) else args[1:]
    given = ", ".join(map(str, sizes)) if name in SIZED and all(isinstance(size, int) for size in sizes) else ""
    return f"{'torch.' if name in CONCATENATIONS else ''}{name.strip('_')}({given})"


def _join(name: str, args: Sequence[object], kwargs: Mapping[str, object], inputs: Sequence[Node]) -> Join | None:
    """Returns the join that a function is, if it is one."""
    if name in SUMS and len(inputs) == 2 and _is_plain_sum(args, kwargs):
        return SUM
    if name in PRODUCTS and len(inputs) == 2 and _are_tensors(args):
        return PRODUCT
    if name in CONCATENATIONS and len(inputs) > 1 and _is_side_by_side(args, kwargs, inputs):
        return CONCAT
    return None


def _factor(name: str, args: Sequence[object], kwargs: Mapping[str, object]) -> float | None:
    """Returns the number that a function multiplies a tensor by, if it does that."""
    number = args[1] if len(args) == 2 and not kwargs else None
    if not isinstance(number, int | float) or isinstance(number, bool):
        return None
    if name in PRODUCTS:
        return float(number)
    return 1 / number if name in QUOTIENTS and number else None


def _is_plain_sum(args: Sequence[object], kwargs: Mapping[str, object]) -> bool:
    return kwargs.get("alpha", 1) == 1 and _are_tensors(args)


def _are_tensors(args: Sequence[object]) -> bool:
    return all(isinstance(value, Tensor) for value in args)


def _is_side_by_side(args: Sequence[object], kwargs: Mapping[str, object], inputs: Sequence[Node]) -> bool:
    dim = args[1] if len(args) > 1 else kwargs.get("dim", kwargs.get("axis", 0))
    tensors = args[0] if args else ()
    is_all = isinstance(tensors, list | tuple) and len(tensors) == len(inputs)
    return is_all and inputs[0].shape is not None and dim in (1, -len(inputs[0].shape))


def _flatten_between(before: Shape, after: Shape) -> Layer | None:
    """Returns the Flatten that leads from one shape to the other, if there is one."""
    if len(before) not in AXES or after == before:
        return None
    for first, last in combinations(range(1, len(before) + 1), 2):
        is_whole = (first, last) == (1, len(before))
        flatten = Flatten() if is_whole else Flatten(start_dim=first, end_dim=last)
        if flatten.output_shape(before) == after:
            return flatten
    return None


def _unflatten_between(before: Shape, after: Shape) -> Layer | None:
    """Returns the Unflatten that leads from one shape to the other, if there is one."""
    if not (len(before) in AXES and len(after) in AXES and len(before) < len(after)):
        return None
    for axis, size in enumerate(before):
        behind = len(after) - (len(before) - axis - 1)
        sizes = after[axis:behind]
        if (*before[:axis], *before[axis + 1 :]) == (*after[:axis], *after[behind:]) and numel(sizes) == size:
            return Unflatten(dim=axis + 1, unflattened_size=sizes)
    return None
