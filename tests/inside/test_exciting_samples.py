"""Samples that excite a channel most: those of the greatest values that torch's own hooks see."""

import numpy as np
import torch
from torch import nn

from cnnviz.architecture import Architecture
from cnnviz.data.scaling import Scale
from cnnviz.inside.exciting_samples import exciting_samples, find_exciting_samples
from cnnviz.inside.net_request import NetRequest
from cnnviz.inside.subject import build_untrained
from cnnviz.layers import Conv2d, Flatten, Linear, ReLU, Residual


def test_they_are_those_that_hooks_see_also_in_blocks_and_in_a_process_of_its_own() -> None:
    inner = (Conv2d(out_channels=4, kernel_size=3, padding=1),)
    layers = [Conv2d(out_channels=4, kernel_size=3), ReLU(), Residual.from_stacks([inner, ()]), Flatten()]
    architecture = Architecture(input_shape=(2, 7, 6), layers=[*layers, Linear(out_features=5)])
    model = build_untrained(architecture, 3).eval()
    x = np.random.default_rng(0).normal(2, 1, (150, 2, 7, 6)).astype(np.float32)
    scale = Scale(0.5, np.full((1, 1, 1, 1), 2, np.float32), np.full((1, 1, 1, 1), 3, np.float32))
    request = NetRequest(architecture, model.state_dict(), scale, x)
    found = exciting_samples(request)

    seen: list[torch.Tensor] = []
    hooked = [module for module in model.modules() if isinstance(module, nn.Conv2d | nn.ReLU | nn.Linear)]
    for module in hooked:
        module.register_forward_hook(lambda _module, _inputs, output: seen.append(output.clone()))
    with torch.no_grad():
        model(torch.from_numpy((np.maximum(x, 0.5) - 2) / 3))
    assert [layer.title for layer in found] == ["1 Conv2d", "2 ReLU", "3.a1 Conv2d", "5 Linear"]
    for layer, values in zip(found, seen, strict=True):
        greatest = values.flatten(2).amax(2) if values.dim() > 2 else values
        expected = greatest.sort(dim=0, descending=True).values[:8].T
        torch.testing.assert_close(torch.from_numpy(layer.values), expected)
        own = greatest.gather(0, torch.from_numpy(layer.samples).T).T
        torch.testing.assert_close(torch.from_numpy(layer.values), own)
        assert all(len(set(row)) == 8 for row in layer.samples.tolist())


def test_of_equal_samples_the_first_are_taken_and_what_is_no_number_comes_last() -> None:
    architecture = Architecture(input_shape=(3,), layers=[ReLU()])
    x = torch.ones(20, 3)
    x[4, 0], x[:, 1], x[0, 2] = 2, 0, torch.nan
    (layer,) = find_exciting_samples(architecture, build_untrained(architecture, 0), x.split(6))
    assert layer.samples.tolist() == [[4, 0, 1, 2, 3, 5, 6, 7], [*range(8)], [*range(1, 9)]]
