"""What the layers of Keras have in common: their arguments, and the layers of torch that they become."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from cnnviz.errors import DesignError
from cnnviz.shapes import Shape
from cnnviz.source.layer_calls import checked_layer_call
from cnnviz.source.values import KerasLayer, LayerCall

Calls = Iterator[LayerCall]
Rule = Callable[[KerasLayer, Shape], Calls]
"""Yields the layers of torch that a layer of Keras is for samples of a shape; raises DesignError where none are."""


def refused(layer: KerasLayer, why: str) -> DesignError:
    """Returns the error for a layer of Keras that no layer here computes."""
    return DesignError(f"Line {layer.line}: Keras' {layer.name} {why}.")


def made(layer: KerasLayer, kind: str, **arguments: object) -> LayerCall:
    """Returns a layer of torch that a layer of Keras becomes."""
    return checked_layer_call(kind, arguments, layer.name, layer.line)


def sizes(layer: KerasLayer, name: str, default: object, axes: int) -> tuple[int, ...]:
    """Returns an argument as one number for each axis."""
    value = layer.arguments.get(name, default)
    items = tuple(value) if isinstance(value, list | tuple) else (value,) * axes
    numbers = tuple(item for item in items if isinstance(item, int) and item > 0)
    if len(items) != axes or len(numbers) != axes:
        raise refused(layer, f"gets {name}={value!r}; it takes a whole number, or {axes} of them")
    return numbers


def flag(layer: KerasLayer, name: str) -> bool:
    """Returns an argument that is True unless the code says otherwise."""
    value = layer.arguments.get(name, True)
    if not isinstance(value, bool):
        raise refused(layer, f"gets {name}={value!r}; it takes True or False")
    return value


def is_channels_last(layer: KerasLayer) -> bool:
    """Returns whether a layer has its channels last, as all have unless the code says otherwise."""
    return layer.arguments.get("data_format") in (None, "channels_last")
