from itertools import pairwise

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from cnnviz.experiments.linear_stack import LinearLayer, multiply_out, stack_output

NUMBERS = st.floats(-3, 3, width=32)


@st.composite
def stacks(draw: st.DrawFn) -> list[LinearLayer]:
    sizes = draw(st.lists(st.integers(1, 4), min_size=2, max_size=5))
    return [
        LinearLayer(
            tuple(tuple(draw(NUMBERS) for _ in range(columns)) for _ in range(rows)),
            tuple(draw(NUMBERS) for _ in range(rows)),
        )
        for columns, rows in pairwise(sizes)
    ]


def torch_stack(layers: list[LinearLayer], *, relu: bool) -> nn.Sequential:
    modules: list[nn.Module] = []
    for number, layer in enumerate(layers):
        linear = nn.Linear(len(layer.weight[0]), len(layer.bias)).double()
        linear.weight.data = torch.tensor(layer.weight, dtype=torch.float64)
        linear.bias.data = torch.tensor(layer.bias, dtype=torch.float64)
        modules += [nn.ReLU(), linear] if relu and number else [linear]
    return nn.Sequential(*modules)


@given(stacks(), st.booleans())
def test_a_stack_computes_what_torchs_modules_compute_and_is_one_linear_layer_without_relu(
    layers: list[LinearLayer], relu: bool
) -> None:
    x = np.random.default_rng(0).normal(size=(7, len(layers[0].weight[0])))
    with torch.no_grad():
        expected = torch_stack(layers, relu=relu)(torch.from_numpy(x)).numpy()
        one = torch_stack([multiply_out(layers)], relu=False)(torch.from_numpy(x)).numpy()
    assert np.allclose(stack_output(layers, x, relu=relu), expected)
    assert relu or np.allclose(one, expected, atol=1e-9)
