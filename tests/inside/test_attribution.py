"""Gradient, Grad-CAM, guided backpropagation and occlusion against captum, on generated nets."""

import warnings
from collections.abc import Iterator

import pytest
import torch
from captum.attr import GuidedBackprop, LayerAttribution, LayerGradCam, Occlusion, Saliency
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from cnnviz.architecture import Architecture, build_model, iter_steps, trace
from cnnviz.errors import ShapeError
from cnnviz.inside.attribution import (
    grad_cam,
    guided_backprop,
    input_gradient,
    mapped_layers,
    upsample,
)
from cnnviz.inside.occlusion import occlusion, probabilities
from cnnviz.layers import BatchNorm2d, Conv2d, Dropout, Flatten, Linear, ReLU, Residual
from cnnviz.presets import PRESETS
from tests.strategies import buildable_nets

NETS = 200
MODES = {1: "linear", 2: "bilinear", 3: "trilinear"}


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """captum warns of what it does on the way: that it sets hooks, and that it asks for gradients."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        yield


def made(architecture: Architecture, seed: int) -> tuple[nn.Module, Tensor, int]:
    """A net in double precision, a sample and the number of scores."""
    torch.manual_seed(seed)
    model = build_model(architecture).double().eval()
    sample = torch.randn(architecture.input_shape, dtype=torch.float64)
    with torch.no_grad():
        return model, sample, model(sample[None]).flatten(1).shape[1]


def flat(model: nn.Module) -> nn.Module:
    """The net with its scores in one row, as captum wants them."""
    return nn.Sequential(model, nn.Flatten())


def is_random(model: nn.Module) -> bool:
    return any("Fractional" in type(module).__name__ for module in model.modules())


def same(ours: Tensor, theirs: Tensor) -> None:
    torch.testing.assert_close(ours, theirs, rtol=1e-9, atol=1e-12)


@given(buildable_nets(), st.integers(0, 2**31), st.data())
@settings(max_examples=NETS, suppress_health_check=list(HealthCheck))
def test_every_method_equals_captum(architecture: Architecture, seed: int, data: st.DataObject) -> None:
    try:
        model, sample, scores = made(architecture, seed)
    except ValueError:  # batch norm without running statistics refuses a single value
        assume(False)
    assume(not is_random(model))
    label = data.draw(st.integers(0, scores - 1))
    batch = sample[None].clone().requires_grad_()
    same(input_gradient(model, sample, label), Saliency(flat(model)).attribute(batch, label, abs=False)[0])

    layers = mapped_layers(model, sample)
    if layers:
        path = data.draw(st.sampled_from(sorted(layers)))
        theirs = LayerGradCam(flat(model), layers[path]).attribute(batch, label, relu_attributions=True)[0, 0]
        ours = grad_cam(model, layers[path], sample, label)
        same(ours, theirs.detach())
        size = tuple(sample.shape[1:])
        stretched = LayerAttribution.interpolate(theirs[None, None], size, MODES[len(size)])[0, 0].detach()
        same(upsample(ours, size), stretched)

    window = tuple(data.draw(st.integers(1, size)) for size in sample.shape[1:])
    stride = tuple(data.draw(st.integers(max(1, length // 2), length)) for length in window)
    with torch.no_grad():
        theirs = Occlusion(lambda x: probabilities(model, x)).attribute(
            batch.detach(),
            sliding_window_shapes=(len(sample), *window),
            strides=(len(sample), *stride),
            target=label,
            baselines=0.25,
        )[0]
    ours = occlusion(model, sample, label, window=window, stride=stride, cover=0.25)
    torch.testing.assert_close(
        ours.to(torch.float64).expand(theirs.shape), theirs.to(torch.float64), rtol=1e-4, atol=1e-6
    )


def test_a_flat_sample_is_covered_value_by_value() -> None:
    model = nn.Linear(4, 2, bias=False)
    sample = torch.tensor([1.0, 2.0, 3.0, 4.0])
    theirs = Occlusion(lambda x: model(x).softmax(1)).attribute(sample[None], (1,), target=1)[0]
    torch.testing.assert_close(occlusion(model, sample, 1, window=(1,), stride=(1,)), theirs.float())


def test_guided_backprop_equals_captum_through_a_residual_block() -> None:
    block = Residual(layers=(Conv2d(out_channels=4, kernel_size=3, padding=1), BatchNorm2d(), ReLU(), Dropout()))
    stack = [Conv2d(out_channels=4, kernel_size=3), ReLU(), block, ReLU(), Flatten(), Linear(out_features=5), ReLU()]
    stack.append(Linear(out_features=3))
    model, sample, _ = made(Architecture(input_shape=(1, 9, 5), layers=stack), 0)
    theirs = GuidedBackprop(model).attribute(sample[None].requires_grad_(), 2)[0]
    same(guided_backprop(model, sample, 2), theirs)
    assert not any(module._forward_hooks for module in model.modules())


def test_the_layers_with_maps_are_found_inside_blocks_and_end_before_a_global_pool() -> None:
    model, sample, _ = made(PRESETS["keywords-residual"].architecture, 0)
    paths = list(mapped_layers(model, sample))
    assert any(len(path) > 1 for path in paths)
    steps = {step.path: step.output_shape for step in iter_steps(trace(PRESETS["keywords-residual"].architecture))}
    assert all(len(steps[path]) == 3 and steps[path][1] * steps[path][2] > 1 for path in paths)


def test_explaining_leaves_every_module_in_its_mode_and_without_hooks_or_gradients() -> None:
    model, sample, _ = made(PRESETS["digits-convnet"].architecture, 0)
    model.train()
    model[1].eval()
    before = {name: module.training for name, module in model.named_modules()}
    grad_cam(model, next(iter(mapped_layers(model, sample).values())), sample, 0)
    occlusion(model, sample, 0, window=(2, 2), stride=(1, 1))
    assert {name: module.training for name, module in model.named_modules()} == before
    assert not any(module._forward_hooks for module in model.modules())
    assert all(parameter.grad is None for parameter in model.parameters())


def test_grad_cam_of_a_layer_without_maps_is_refused() -> None:
    model, sample, _ = made(PRESETS["digits-convnet"].architecture, 0)
    with pytest.raises(ShapeError, match="at least one axis"):
        grad_cam(model, list(model)[-1], sample, 0)
