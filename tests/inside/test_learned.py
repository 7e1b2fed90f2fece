"""What a net has learned: filters, weights and dead channels, with torch as the judge."""

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from torch import nn

from cnnviz.architecture import Architecture, build_model
from cnnviz.data.scaling import Scale, fit_scale
from cnnviz.inside import Subject
from cnnviz.inside.dead_channels import count_dead_channels, find_dead_channels
from cnnviz.inside.learned import filters, is_filter, per_input_unit, weight_histograms, weighted_layers
from cnnviz.inside.net_request import NetRequest
from cnnviz.inside.subject import build_untrained
from cnnviz.layers import Conv2d, ConvTranspose2d, Flatten, Linear, ReLU, Residual
from cnnviz.presets import PRESETS
from tests.strategies import buildable_nets


def raw_of(architecture: Architecture) -> np.ndarray:
    return np.random.default_rng(1).normal(size=architecture.input_shape).astype(np.float32)


@settings(max_examples=40, suppress_health_check=list(HealthCheck))
@given(buildable_nets())
def test_every_weight_of_a_net_is_found_once(architecture: Architecture) -> None:
    model = build_untrained(architecture, 0)
    expected = [module.weight for module in model.modules() if getattr(module, "weight", None) is not None]
    expected = [weight for weight in expected if weight.numel()]
    found = weighted_layers(architecture, model)
    assert sorted(record.weight.data_ptr() for record in found) == sorted(weight.data_ptr() for weight in expected)
    for record in found:
        assert type(record.module).__name__ == record.layer.kind
        if is_filter(record):
            assert filters(record).shape[0] == record.layer.out_channels  # type: ignore[attr-defined]


@pytest.mark.parametrize("groups", [1, 2])
def test_a_filter_of_a_transposed_convolution_is_what_an_impulse_gives(groups: int) -> None:
    layer = ConvTranspose2d(out_channels=4, kernel_size=3, groups=groups, bias=False)
    architecture = Architecture(input_shape=(6, 1, 1), layers=[layer])
    model = build_untrained(architecture, 0)
    kernels = filters(weighted_layers(architecture, model)[0])
    per_group = 6 // groups
    for channel in range(6):
        impulse = torch.zeros(1, 6, 1, 1)
        impulse[0, channel] = 1
        with torch.no_grad():
            output = model(impulse)[0]
        own = range(channel // per_group * 4 // groups, (channel // per_group + 1) * 4 // groups)
        for out in range(4):
            expected = kernels[out, channel % per_group] if out in own else torch.zeros(3, 3)
            assert torch.equal(output[out], expected)


@pytest.mark.parametrize("normalization", ["none", "global", "channel"])
def test_filters_in_units_of_the_input_say_how_the_output_follows_the_raw_sample(normalization: str) -> None:
    architecture = Architecture(input_shape=(2, 3, 3), layers=[Conv2d(out_channels=5, kernel_size=3)])
    x = np.random.default_rng(0).normal(3, [[[[4]], [[0.5]]]], (50, 2, 3, 3)).astype(np.float32)
    scale = fit_scale(x, None, normalization)
    model = build_untrained(architecture, 0)
    kernels = per_input_unit(filters(weighted_layers(architecture, model)[0]), scale)
    assert kernels is not None
    with torch.no_grad():
        first, second = (model(torch.from_numpy(scale.apply(x[i : i + 1]))).flatten() for i in (0, 1))
    expected = (kernels * torch.from_numpy(x[1] - x[0])).sum(dim=(1, 2, 3))
    torch.testing.assert_close(second - first, expected, atol=1e-5, rtol=1e-4)
    assert per_input_unit(torch.ones(1, 2, 3, 3), fit_scale(x, None, "column")) is None


def test_weights_before_are_those_of_the_seed_and_after_those_of_the_run() -> None:
    architecture = PRESETS["digits-convnet"].architecture
    torch.manual_seed(7)
    before = build_model(architecture)
    torch.manual_seed(8)
    after = build_model(architecture)
    subject = Subject.from_raw(architecture, raw_of(architecture), weights=after.state_dict(), seed=7)
    pairs = [
        (first.weight, second.weight)
        for first, second in zip(before.modules(), after.modules(), strict=True)
        if getattr(first, "weight", None) is not None
    ]
    for (first, second), (_, histogram) in zip(pairs, weight_histograms(subject), strict=True):
        for weight, counts in ((first, histogram.before), (second, histogram.after)):
            assert (counts == np.histogram(weight.detach().double().numpy(), histogram.edges)[0]).all()
            assert counts.sum() == weight.numel()
        change = (torch.linalg.vector_norm(second - first) / torch.linalg.vector_norm(first)).detach()
        assert histogram.change == pytest.approx(change.item(), rel=1e-4)


def test_dead_channels_are_found_also_in_blocks_and_in_a_process_of_its_own() -> None:
    inner = (Conv2d(out_channels=4, kernel_size=3, padding=1), ReLU())
    layers = [
        Conv2d(out_channels=4, kernel_size=3),
        ReLU(),
        Residual.from_stacks([inner, ()]),
        Flatten(),
        Linear(out_features=6),
        ReLU(),
    ]
    architecture = Architecture(input_shape=(1, 8, 8), layers=layers)
    model = build_untrained(architecture, 0)
    weighted = [module for module in model.modules() if isinstance(module, nn.Conv2d | nn.Linear)]
    with torch.no_grad():
        for module, dead in zip(weighted, ([1, 3], [0], [2, 4, 5]), strict=True):
            module.bias[:] = 5.0  # type: ignore[index]
            for number in dead:
                module.weight[number] = 0  # type: ignore[index]
                module.bias[number] = -1  # type: ignore[index]
    samples = torch.randn(20, 1, 8, 8)
    found = find_dead_channels(architecture, model, samples.split(8))
    assert [layer.channels for layer in found] == [4, 4, 6]
    assert [layer.dead for layer in found] == [(1, 3), (0,), (2, 4, 5)]
    request = NetRequest(architecture, model.state_dict(), Scale(), samples.numpy())
    assert count_dead_channels(request) == found
