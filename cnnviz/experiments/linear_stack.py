"""A stack of Linear layers, multiplied out into one."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

Values = npt.NDArray[np.float64]


@dataclass(frozen=True)
class LinearLayer:
    """Weights (rows of out_features × in_features) and bias of a Linear layer."""

    weight: tuple[tuple[float, ...], ...]
    bias: tuple[float, ...]


def multiply_out(layers: Sequence[LinearLayer]) -> LinearLayer:
    """Returns the one Linear layer that computes the same as all of them, one after another.

        W₂(W₁x + b₁) + b₂ = (W₂W₁)x + (W₂b₁ + b₂)

    >>> double = LinearLayer(((2.0,),), (1.0,))
    >>> multiply_out([double, double])
    LinearLayer(weight=((4.0,),), bias=(3.0,))
    """
    weight, bias = _tensors(layers[0])
    for layer in layers[1:]:
        next_weight, next_bias = _tensors(layer)
        weight, bias = next_weight @ weight, next_weight @ bias + next_bias
    return LinearLayer(tuple(map(tuple, weight.tolist())), tuple(bias.tolist()))


def stack_output(layers: Sequence[LinearLayer], x: Values, *, relu: bool = False) -> Values:
    """Returns what the layers make of inputs (N, in_features), with or without a ReLU between each two of them."""
    values = torch.tensor(x, dtype=torch.float64)
    for number, layer in enumerate(layers):
        if relu and number:
            values = values.relu()
        values = torch.nn.functional.linear(values, *_tensors(layer))
    return values.numpy()


def _tensors(layer: LinearLayer) -> tuple[torch.Tensor, torch.Tensor]:
    return torch.tensor(layer.weight, dtype=torch.float64), torch.tensor(layer.bias, dtype=torch.float64)
