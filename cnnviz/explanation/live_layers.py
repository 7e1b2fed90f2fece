"""The layer of the palette that a module or function of torch is, with its arguments as they are at run time."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from functools import cache
from inspect import Parameter
from types import MappingProxyType
from typing import Any, NamedTuple

import torch
from pydantic import ValidationError
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.parametrize import is_parametrized

from cnnviz.layers import PALETTE, Block, Layer, LayerNorm
from cnnviz.layers.base import torch_defaults
from cnnviz.layers.window import collapse_equal
from cnnviz.layers.written_modules import module_class
from cnnviz.shapes import AXES, Shape
from cnnviz.source.torch_names import FUNCTIONS

LAYER_CLASSES: dict[type[nn.Module], str] = {
    module_class(kind): kind for kind, cls in PALETTE.items() if not issubclass(cls, Block)
}
"""The kind of layer that each class of torch is, or of ours where torch has none."""
SHAPELESS = frozenset({"inplace", "device", "dtype", "_stacklevel", "training"})
"""Arguments of torch that change neither the shape nor the design."""
EMPTY: Mapping[str, object] = MappingProxyType({})
COMPUTING_METHODS = ("forward", "__call__", "_conv_forward", "_output_padding")
"""Methods of torch's modules without which a class that derives from one computes something else."""


class LiveLayer(NamedTuple):
    """A layer of the palette, and the arguments that a design cannot hold."""

    layer: Layer
    left_out: tuple[str, ...] = ()


def layer_kind(cls: type[nn.Module]) -> str | None:
    """Returns the kind of layer that a module class is, or that it derives from without a forward of its own.

    >>> class Scaled(nn.Conv2d): pass
    >>> layer_kind(Scaled), layer_kind(nn.LSTM)
    ('Conv2d', None)
    """
    base = next((base for base in cls.__mro__ if base in LAYER_CLASSES), None)
    if base is None or any(getattr(cls, name, None) is not getattr(base, name, None) for name in COMPUTING_METHODS):
        return None
    return LAYER_CLASSES[base]


def layer_of_module(module: nn.Module, kind: str, shape: Shape) -> LiveLayer | None:
    """Returns the layer that a module of that kind is for samples of that shape; None where a design cannot hold it."""
    if "forward" in vars(module):
        return None
    values = {name: getattr(module, name) for name in _attributes(kind) if hasattr(module, name)}
    found = make_layer(kind, values, shape)
    changes = [
        *(["a parametrization"] if is_parametrized(module) else ()),
        *(["hooks"] if module._forward_hooks or module._forward_pre_hooks else ()),
    ]
    return LiveLayer(found.layer, (*found.left_out, *changes)) if found and changes else found


def layer_of_function(
    name: str, args: Sequence[object], kwargs: Mapping[str, object], shape: Shape
) -> LiveLayer | None:
    """Returns the layer that a call of a function such as `F.max_pool2d` is, from the arguments after its input."""
    kind, parameters = FUNCTIONS[name]
    values = dict(zip(parameters, args, strict=False)) | {key: kwargs[key] for key in parameters if key in kwargs}
    values = {"start_dim": 0} | values if name == "flatten" else values
    return make_layer(kind, values, shape, _function_defaults(name))


def make_layer(
    kind: str, values: Mapping[str, object], shape: Shape, function_defaults: Mapping[str, object] = EMPTY
) -> LiveLayer | None:
    """Returns a layer with these values of torch's arguments; None where a design cannot hold them.

    `function_defaults` are those of a function, which takes arguments that the class does not know.
    """
    if len(shape) not in AXES:
        return None
    cls, defaults = PALETTE[kind], {**torch_defaults(kind), **function_defaults}
    plain = {name: _plain(kind, name, value, shape) for name, value in values.items()}
    if plain.get("affine", plain.get("elementwise_affine")) is False:
        plain.pop("bias", None)  # a norm that learns nothing has none, whatever it was told
    own: dict[str, Any] = {name: value for name, value in plain.items() if name in cls.model_fields}
    if own.get("stride", 0) == own.get("kernel_size") and cls.model_fields["stride"].default is None:
        del own["stride"]
    try:
        layer = cls(**own)
    except ValidationError:
        return None
    if isinstance(layer, LayerNorm) and layer.normalized_shape == shape:
        layer = layer.model_copy(update={"normalized_shape": None})
    left_out = (
        name
        for name, value in plain.items()
        if name not in cls.model_fields and name not in SHAPELESS and value != defaults.get(name)
    )
    return LiveLayer(layer, tuple(left_out))


def input_sizes(module: nn.Module, layer: Layer, shape: Shape) -> dict[str, tuple[object, object]]:
    """Returns what the module says of its input, and what comes in, by torch's argument, where these differ."""
    differing = {}
    for name, size in layer.inferred_arguments(shape).items():
        expected = getattr(module, name, size)
        if name not in type(layer).model_fields and expected != size:
            differing[name] = (expected, size)
    return differing


@cache
def _function_defaults(name: str) -> Mapping[str, object]:
    """The defaults of a function's arguments; empty where torch does not tell them."""
    try:
        parameters = inspect.signature(getattr(functional, name, None)).parameters  # type: ignore[arg-type]
    except (TypeError, ValueError):  # no such function, or one of C++
        return EMPTY
    return {key: given.default for key, given in parameters.items() if given.default is not Parameter.empty}


@cache
def _attributes(kind: str) -> tuple[str, ...]:
    """The arguments of torch's constructor that a module keeps, without those that follow from its input."""
    fields = PALETTE[kind].model_fields
    return tuple(
        name
        for name, default in torch_defaults(kind).items()
        if name in fields or (default is not Parameter.empty and name not in SHAPELESS)
    )


def _plain(kind: str, name: str, value: Any, shape: Shape) -> object:
    """Returns a value as a field of the layer takes it."""
    if name == "bias":
        return isinstance(value, Tensor) or value is True
    if isinstance(value, torch.Size | tuple | list):
        sizes = tuple(value)
        if name == "normalized_shape":
            return sizes
        return collapse_equal(sizes) if sizes and all(isinstance(size, int) for size in sizes) else sizes
    if name in ("dim", "start_dim") and isinstance(value, int) and value < 0:
        return value + len(shape) + 1
    if name == "dim" and value is None:  # torch.nn.functional's _get_softmax_dim
        return 0 if len(shape) == 2 else 1
    field = PALETTE[kind].model_fields.get(name)
    return float(value) if field and field.annotation is float and type(value) is int else value
