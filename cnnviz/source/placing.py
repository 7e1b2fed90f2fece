"""Layers of pasted code, placed: arguments checked against torch's and against the shape that comes in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from inspect import Parameter
from typing import Any

from pydantic import ValidationError

from cnnviz.errors import DesignError, ShapeError
from cnnviz.layers import PALETTE, Layer, LayerNorm
from cnnviz.layers.base import torch_defaults
from cnnviz.shapes import Shape, format_shape, numel
from cnnviz.source.values import MisfitError, Sign, Written


def bound(
    parameters: Sequence[str], positional: Sequence[object], named: Mapping[str, object], call: str, line: int
) -> dict[str, object]:
    """The arguments of a call by their names; raises DesignError with the line where they do not fit."""
    if len(positional) > len(parameters):
        takes = f"at most {len(parameters)}: {', '.join(parameters)}" if parameters else "none"
        raise DesignError(f"Line {line}: {call} gets {len(positional)} arguments, but takes {takes}.")
    arguments = dict(zip(parameters, positional, strict=False))
    for name, value in named.items():
        if name not in parameters:
            takes = f"it takes {', '.join(parameters)}" if parameters else "it takes no arguments"
            raise DesignError(f"Line {line}: {call} has no parameter {name[:40]}; {takes}.")
        if name in arguments:
            raise DesignError(f"Line {line}: {call} gets {name} twice.")
        arguments[name] = value
    return arguments


def written(
    kind: str, positional: Sequence[object], named: Mapping[str, object], line: int, *, lazy: bool, fleeting: bool
) -> Written:
    """What a call of `nn.kind` makes; a lazy one gets to know its input later, as ours always do."""
    call = f"nn.{'Lazy' * lazy}{kind}"
    defaults = {n: d for n, d in torch_defaults(kind).items() if n not in ("args", "kwargs")}
    if lazy:
        defaults = {name: default for name, default in defaults.items() if name not in _follow(kind)}
    arguments = bound(tuple(defaults), positional, named, call, line)
    _complete([name for name, default in defaults.items() if default is Parameter.empty], arguments, call, line)
    return checked(kind, arguments, call, line, fleeting=fleeting)


def checked(
    kind: str, arguments: Mapping[str, object], call: str, line: int, *, inplace: bool = False, fleeting: bool = False
) -> Written:
    """A layer with these arguments; raises DesignError for one that a design cannot hold."""
    fields = PALETTE[kind].model_fields
    _complete([name for name, info in fields.items() if info.is_required()], arguments, call, line)
    known = {*fields, *_follow(kind)}
    kept = {name: tuple(value) if isinstance(value, list) else value for name, value in arguments.items()}
    inplace = kept.pop("inplace", inplace) is True
    for name, value in arguments.items():
        if isinstance(value, Sign) or not _constant(kept.get(name)):
            raise DesignError(f"Line {line}: {call} gets a {name} that is no number; write the number itself.")
        if name not in known and name != "inplace":
            if value != torch_defaults(kind).get(name):
                raise DesignError(
                    f"Line {line}: {call}({name}=…) is nothing that a design can hold; leave {name} at its default."
                )
            del kept[name]
    return Written(kind, kept, call, line, inplace, fleeting)


def placed(layer: Written, shape: Shape) -> Layer:
    """The layer for samples of that shape; raises DesignError with the line of what does not fit."""
    cls, place = PALETTE[layer.kind], f"Line {layer.line}: {layer.call}"
    fields = {name: value for name, value in layer.arguments.items() if name in cls.model_fields}
    values: dict[str, Any] = {name: _canonical(layer, name, value, shape) for name, value in fields.items()}
    if layer.kind in ("Softmax", "LogSoftmax") and values.get("dim") is None:
        if len(shape) == 2:  # torch.nn.functional's _get_softmax_dim
            raise DesignError(f"{place} without a dim works along the batch here; write its dim, 1 for the channels.")
        values["dim"] = 1
    if layer.kind == "Flatten" and values.get("start_dim") == 0:
        raise DesignError(f"{place} merges the batch, too; its start_dim must be 1 or more.")
    try:
        made = cls(**values)
    except ValidationError as error:
        raise DesignError(f"{place}({_problem(error)}.") from None
    _declared(layer, made, shape)
    try:
        made.output_shape(shape)
    except ShapeError as error:
        raise MisfitError(f"Line {layer.line}, {layer.call}: {error}.") from None
    whole = isinstance(made, LayerNorm) and made.inferred_arguments(shape) == {"normalized_shape": shape}
    return cls(**{**values, "normalized_shape": None}) if whole else made


def _complete(required: Sequence[str], arguments: Mapping[str, object], call: str, line: int) -> None:
    missing = [name for name in required if name not in arguments]
    if missing:
        raise DesignError(f"Line {line}: {call} needs {' and '.join(missing)}, too.")


def _follow(kind: str) -> set[str]:
    """Torch's arguments that follow from the input: in_channels, num_features."""
    required = {name for name, default in torch_defaults(kind).items() if default is Parameter.empty}
    return required - set(PALETTE[kind].model_fields) - {"args", "kwargs"}


def _constant(value: object) -> bool:
    """Whether a layer may get it: a number, a truth value, text or None, or up to eight of them."""
    values = value if isinstance(value, tuple) and len(value) <= 8 else (value,)
    return all(each is None or isinstance(each, int | float | str) for each in values)


def _canonical(layer: Written, name: str, value: object, shape: Shape) -> object:
    """One number for (number,) where there is one axis; axes counted from the front."""
    if isinstance(value, tuple) and len(value) == 1 and (layer.kind.endswith("1d") or layer.kind == "LayerNorm"):
        return value[0]
    if name in ("dim", "start_dim") and isinstance(value, int) and value < 0:
        return value + len(shape) + 1
    return value


def _declared(layer: Written, made: Layer, shape: Shape) -> None:
    """Raise MisfitError where the code says what comes in, and something else does."""
    if len(shape) - 1 != getattr(made, "axes", len(shape) - 1):
        return  # the layer itself will tell
    for name, size in made.inferred_arguments(shape).items():
        said = layer.arguments.get(name, size)
        if said == size or name in type(made).model_fields:
            continue
        place = f"Line {layer.line}: {layer.call} says {name}={said!r}, but "
        if said == numel(shape):
            raise MisfitError(f"{place}the sample is {format_shape(shape)} there; a Flatten is missing before it.")
        raise MisfitError(
            f"{place}{size} come in: the sample is {format_shape(shape)} there. Write {name}={size}, or change what"
            " stands"
            " before.",
            said if isinstance(said, int) else None,
        )


def _problem(error: ValidationError) -> str:
    """The first thing that pydantic has to say, of several alternatives the one that nearly fit."""
    problems = error.errors(include_url=False, include_context=False)
    nearly = [each for each in problems if not each["type"].endswith(("_type", "literal_error"))] or problems
    given = repr(nearly[0]["input"])
    given = given if len(given) <= 40 else f"{given[:39]}…"
    return f"{nearly[0]['loc'][0]}={given}): {nearly[0]['msg'].replace('Input should', 'it should')}"
