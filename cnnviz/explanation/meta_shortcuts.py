"""Shapes on torch's meta device that need no call: torch works out many of them in Python, at a millisecond each."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from cnnviz.layers import PALETTE
from cnnviz.layers.activation.elementwise import Elementwise
from cnnviz.source.torch_names import FUNCTIONS

ELEMENTWISE = frozenset(
    name
    for name, (kind, _) in FUNCTIONS.items()
    if issubclass(PALETTE[kind], Elementwise) and PALETTE[kind].output_shape is Elementwise.output_shape
)
"""Functions of each value on its own, which keep every shape and refuse none."""


def call_on_meta(func: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
    """Returns a tensor of the shape that a function gives on the meta device; calls it where that is not plain."""
    name = getattr(func, "__name__", "")
    if args and isinstance(args[0], Tensor) and args[0].is_meta and args[0].is_floating_point():
        if name in ELEMENTWISE and not kwargs.get("inplace"):
            return _empty_like(args[0])
        if name == "batch_norm" and _fits_batch_norm(*args, **kwargs):
            return _empty_like(args[0])
        if name == "add" and len(args) == 2 and not kwargs and _is_alike(args[0], args[1]):
            return _empty_like(args[0])
        if func is functional.linear and len(args) == 3 and not kwargs and _is_bias_of(args[2], args[1]):
            return func(*args[:2])
    return func(*args, **kwargs)


def _empty_like(tensor: Tensor) -> Tensor:
    """Returns a tensor with memory of its own; torch.empty_like takes a hundred times as long on the meta device."""
    return torch.empty_strided(tensor.shape, tensor.stride(), dtype=tensor.dtype, device=tensor.device)


def _fits_batch_norm(
    values: Tensor,
    running_mean: Tensor | None,
    running_var: Tensor | None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    training: bool = False,
    *_: object,
    **__: object,
) -> bool:
    """Whether each channel has its statistics; in training a channel also needs more than one value."""
    if training or values.dim() < 2:
        return False
    channels = (values.shape[1],)
    return all(given is None or given.shape == channels for given in (running_mean, running_var, weight, bias))


def _is_alike(first: Tensor, second: object) -> bool:
    is_plain = type(second) is torch.Tensor and type(first) is torch.Tensor
    return is_plain and second.is_meta and second.shape == first.shape and second.dtype == first.dtype  # type: ignore[attr-defined]


def _is_bias_of(bias: object, weight: object) -> bool:
    return isinstance(bias, Tensor) and isinstance(weight, Tensor) and bias.shape == weight.shape[:1]
