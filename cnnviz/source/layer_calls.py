"""Layers of pasted code: their arguments checked against torch's parameters and against the shape of the input."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from inspect import Parameter
from typing import Any

from pydantic import ValidationError

from cnnviz.errors import DesignError, ShapeError
from cnnviz.layers import PALETTE, Layer, Linear
from cnnviz.layers.base import torch_defaults
from cnnviz.layers.norm import LastAxesNorm
from cnnviz.layers.written_modules import constructor
from cnnviz.shapes import Shape, format_shape, numel
from cnnviz.source.arguments import Arguments
from cnnviz.source.values import LayerCall, MisfitError, Symbol


def layer_call(kind: str, arguments: Arguments, line: int, *, lazy: bool, in_forward: bool) -> LayerCall:
    """Returns the layer that a call of `nn.kind` makes.

    A lazy one has no parameters for what follows from its input, as none of ours has. Raises DesignError with the line
    where the arguments are not torch's.
    """
    call = f"nn.Lazy{kind}" if lazy else constructor(kind)
    defaults = {n: d for n, d in torch_defaults(kind).items() if n not in ("args", "kwargs")}
    if lazy:
        defaults = {name: default for name, default in defaults.items() if name not in _inferred_parameters(kind)}
    values = arguments.matched(tuple(defaults), call, line)
    _require([name for name, default in defaults.items() if default is Parameter.empty], values, call, line)
    return checked_layer_call(kind, values, call, line, in_forward=in_forward)


def checked_layer_call(
    kind: str, arguments: Mapping[str, object], call: str, line: int, *, inplace: bool = False, in_forward: bool = False
) -> LayerCall:
    """Returns a layer with these arguments; raises DesignError for one that a design cannot hold."""
    fields = PALETTE[kind].model_fields
    _require([name for name, info in fields.items() if info.is_required()], arguments, call, line)
    known = {*fields, *_inferred_parameters(kind)}
    kept = {name: tuple(value) if isinstance(value, list) else value for name, value in arguments.items()}
    inplace = kept.pop("inplace", inplace) is True
    for name, value in arguments.items():
        if isinstance(value, Symbol) or not _is_constant(kept.get(name)):
            raise DesignError(
                f"Line {line}: {call} gets something other than a number as {name}; write the number itself."
            )
        if name not in known and name != "inplace":
            if value != torch_defaults(kind).get(name):
                raise DesignError(
                    f"Line {line}: {call}({name}=…) cannot be part of a design; leave {name} at its default."
                )
            del kept[name]
    return LayerCall(kind, kept, call, line, inplace, in_forward)


def build_layer(call: LayerCall, shape: Shape) -> Layer:
    """Returns the layer for samples of that shape; raises DesignError with the line where it does not fit."""
    cls, place = PALETTE[call.kind], f"Line {call.line}: {call.call}"
    fields = {name: value for name, value in call.arguments.items() if name in cls.model_fields}
    values: dict[str, Any] = {name: _normalize(call, name, value, shape) for name, value in fields.items()}
    if call.kind in ("Softmax", "LogSoftmax", "Softmin") and values.get("dim") is None:
        if len(shape) == 2:  # torch.nn.functional's _get_softmax_dim
            raise DesignError(f"{place} without a dim works along the batch here; write its dim, 1 for the channels.")
        values["dim"] = 1
    if call.kind == "Flatten" and values.get("start_dim") == 0:
        raise DesignError(f"{place} merges the batch, too; its start_dim must be 1 or more.")
    try:
        layer = cls(**values)
    except ValidationError as error:
        raise DesignError(f"{place}({_first_problem(error)}.") from None
    _check_input_size(call, layer, shape)
    try:
        layer.output_shape(shape)
    except ShapeError as error:
        raise MisfitError(f"Line {call.line}, {call.call}: {error}.") from None
    is_whole = isinstance(layer, LastAxesNorm) and layer.inferred_arguments(shape) == {"normalized_shape": shape}
    return cls(**{**values, "normalized_shape": None}) if is_whole else layer


def _require(names: Sequence[str], arguments: Mapping[str, object], call: str, line: int) -> None:
    missing = [name for name in names if name not in arguments]
    if missing:
        raise DesignError(f"Line {line}: {call} also needs {' and '.join(missing)}.")


def _inferred_parameters(kind: str) -> set[str]:
    """Torch's parameters that follow from the input: in_channels, num_features."""
    required = {name for name, default in torch_defaults(kind).items() if default is Parameter.empty}
    return required - set(PALETTE[kind].model_fields) - {"args", "kwargs"}


def _is_constant(value: object) -> bool:
    """Whether a layer may have it as an argument: a number, a truth value, text or None, or up to eight of them."""
    values = value if isinstance(value, tuple) and len(value) <= 8 else (value,)
    return all(isinstance(single, int | float | str | None) for single in values)


def _normalize(call: LayerCall, name: str, value: object, shape: Shape) -> object:
    """A number for (number,) of the last axis, and axes counted from the front where none is counted from the back."""
    if isinstance(value, tuple) and len(value) == 1 and name == "normalized_shape":
        return value[0]
    if name == "start_dim" and isinstance(value, int) and value < 0:
        return value + len(shape) + 1
    return value


def _check_input_size(call: LayerCall, layer: Layer, shape: Shape) -> None:
    """Raises MisfitError where the code says another size of the input than the sample has."""
    if len(shape) - 1 != getattr(layer, "axes", len(shape) - 1):
        return  # the layer itself refuses, with a better reason
    for name, size in layer.inferred_arguments(shape).items():
        said = call.arguments.get(name, size)
        if said == size or name in type(layer).model_fields:
            continue
        place = f"Line {call.line}: {call.call} says {name}={said!r}, but "
        if said == numel(shape):
            raise MisfitError(f"{place}the sample is {format_shape(shape)} there; a Flatten is missing before it.")
        if isinstance(layer, Linear) and len(shape) > 1:
            raise MisfitError(
                f"{place}the sample is {format_shape(shape)} there: a Flatten is missing before it, and then"
                f" {numel(shape):,} numbers come in. Write nn.Flatten() and {name}={numel(shape)}.",
                said if isinstance(said, int) else None,
            )
        raise MisfitError(
            f"{place}{size} come in: the sample is {format_shape(shape)} there. Write {name}={size}, or change what"
            " stands before.",
            said if isinstance(said, int) else None,
        )


def _first_problem(error: ValidationError) -> str:
    """The first of pydantic's errors; where a field allows several types, that of the one that nearly fits."""
    problems = error.errors(include_url=False, include_context=False)
    nearly = [problem for problem in problems if not problem["type"].endswith(("_type", "literal_error"))] or problems
    given = repr(nearly[0]["input"])
    given = given if len(given) <= 40 else f"{given[:39]}…"
    return f"{nearly[0]['loc'][0]}={given}): {nearly[0]['msg'].replace('Input should', 'it should')}"
