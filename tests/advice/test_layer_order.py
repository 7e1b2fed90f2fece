from collections.abc import Sequence

import numpy as np
import pytest
import torch

from cnnviz.activations import ACTIVATIONS
from cnnviz.advice.layer_order import GRADIENT_FACTORS
from cnnviz.architecture import Architecture, build_model, trace
from cnnviz.layers import (
    PALETTE,
    AlphaDropout,
    AvgPool2d,
    BatchNorm1d,
    ConvTranspose2d,
    Dropout,
    Dropout1d,
    Dropout2d,
    Dropout3d,
    GroupNorm,
    InstanceNorm2d,
    Layer,
    LayerNorm,
    LeakyReLU,
    MaxPool2d,
    Parallel,
    Residual,
)
from tests.advice.nets import conv, flatten, linear, net, norm, relu, remarks_of, sigmoid, tanh


@pytest.mark.parametrize(
    ("stack", "mended"),
    [
        ((flatten, linear(20), linear()), (flatten, linear(20), relu, linear())),
        ((flatten, linear(20), Dropout(), linear()), (flatten, linear(20), relu, Dropout(), linear())),
        ((flatten, linear(20), BatchNorm1d(), linear()), (flatten, linear(20), BatchNorm1d(), relu, linear())),
        ((conv(), conv()), (conv(), relu, conv())),
        (
            (conv(), AvgPool2d(kernel_size=2), flatten, linear()),
            (conv(), relu, AvgPool2d(kernel_size=2), flatten, linear()),
        ),
    ],
)
def test_two_layers_without_an_activation_between_are_told(stack: Sequence[Layer], mended: Sequence[Layer]) -> None:
    (remark,) = remarks_of("no-activation", net(*stack))
    assert remark.mend
    assert remark.mend.architecture == net(*mended)


@pytest.mark.parametrize(
    "stack",
    [
        (flatten, linear(20), relu, linear()),
        (flatten, linear(20), Dropout(), tanh, linear()),
        (flatten, linear(20), LayerNorm(), linear()),  # divides by what it measures: not linear
        (conv(), MaxPool2d(kernel_size=2), flatten, linear()),  # so is a maximum
        (conv(4, groups=1), conv(4, groups=4), conv(8, 1)),  # split on purpose
        (Residual(layers=(conv(4, padding=1), norm, relu), projection=(conv(4, 1),)), flatten, linear()),
        (conv(),),
    ],
)
def test_layers_with_a_bend_between_them_are_not(stack: Sequence[Layer]) -> None:
    assert remarks_of("no-activation", net(*stack)) == []


def test_a_narrow_layer_between_is_not_said_to_waste_parameters() -> None:
    (remark,) = remarks_of("no-activation", net(linear(2), linear(100), shape=(100,)))
    assert remark.text.endswith("Together they can do no more than one Linear from 100 to 100.")


def test_the_inside_of_a_block_is_looked_at() -> None:
    (remark,) = remarks_of("no-activation", net(relu, Residual(layers=(conv(1, padding=1), conv(1, padding=1)))))
    assert remark.path == (1, 0, 1)
    assert "Between layer 2.a1, Conv2d, and layer 2.a2, Conv2d" in remark.text


def deep(activation: Layer, times: int) -> Architecture:
    return net(*[linear(8), activation] * times, linear(), shape=(8,))


def test_three_sigmoids_or_six_tanh_are_told_and_fewer_are_not() -> None:
    (remark,) = remarks_of("vanishing-gradient", deep(sigmoid, 3))
    assert "Layers 2, 4, 6 (Sigmoid)" in remark.text
    assert "0.25³ = 0.016" in remark.text
    assert "64 times smaller" in remark.text
    assert remark.mend
    assert remark.mend.architecture == deep(relu, 3)
    assert "0.61⁶ = 0.05" in remarks_of("vanishing-gradient", deep(tanh, 6))[0].text
    for fine in (deep(sigmoid, 2), deep(tanh, 5), deep(relu, 40), deep(LeakyReLU(), 40)):
        assert remarks_of("vanishing-gradient", fine) == []


def test_gradients_that_can_pass_by_do_not_vanish() -> None:
    block = Residual(layers=(linear(8), sigmoid))
    assert remarks_of("vanishing-gradient", net(*[block] * 9, shape=(8,))) == []
    inside = Residual(layers=(linear(8), sigmoid) * 3)
    (remark,) = remarks_of("vanishing-gradient", net(inside, shape=(8,)))
    assert remark.path == (0, 0, 1)


def test_branches_count_as_their_easiest() -> None:
    branches = Parallel(branches=((linear(4), sigmoid), (linear(4), relu)))
    assert (
        remarks_of("vanishing-gradient", net(branches, linear(), sigmoid, linear(), sigmoid, linear(), shape=(8,)))
        == []
    )
    branches = Parallel(branches=((linear(4), sigmoid), (linear(4), sigmoid, linear(4), sigmoid)))
    stack = net(branches, linear(), sigmoid, linear(), sigmoid, linear(), shape=(8,))
    (remark,) = remarks_of("vanishing-gradient", stack)
    assert "Layers 1.a2, 3, 5" in remark.text


def test_the_slopes_are_those_of_torch() -> None:
    x = torch.randn(400_000, dtype=torch.float64, generator=torch.Generator().manual_seed(0), requires_grad=True)
    for kind, slope in GRADIENT_FACTORS.items():
        (slopes,) = torch.autograd.grad(getattr(torch.nn, kind)()(x).sum(), x)
        given = slopes.max() if kind.endswith("igmoid") else slopes.mean()
        assert given.item() == pytest.approx(slope, rel=3e-3)
    assert ACTIVATIONS["Sigmoid"].slope(0) == GRADIENT_FACTORS["Sigmoid"]


@pytest.mark.parametrize(
    ("stack", "bias"),
    [
        ((conv(16), norm), 16),
        ((conv(16), InstanceNorm2d()), 16),
        ((ConvTranspose2d(out_channels=5, kernel_size=2), norm), 5),
        ((flatten, linear(12), BatchNorm1d()), 12),
    ],
)
def test_a_bias_before_a_norm_is_told(stack: Sequence[Layer], bias: int) -> None:
    (remark,) = remarks_of("bias-before-norm", net(*stack))
    assert f"The {bias} biases of layer" in remark.text
    assert remark.mend
    before, after = (sum(step.parameters for step in trace(a)) for a in (net(*stack), remark.mend.architecture))
    assert before - after == bias


@pytest.mark.parametrize(
    "stack",
    [
        (conv(bias=False), norm),
        (conv(), relu, norm),
        (conv(), GroupNorm(num_groups=1)),  # its mean is that of all channels
        (conv(), Residual(layers=(norm, relu))),  # the bias goes past the norm, too
    ],
)
def test_a_bias_that_does_something_is_not(stack: Sequence[Layer]) -> None:
    assert remarks_of("bias-before-norm", net(*stack)) == []


def test_a_bias_along_another_axis_than_the_norms_is_not_told() -> None:
    assert remarks_of("bias-before-norm", net(linear(6), BatchNorm1d(), shape=(3, 8))) == []


def test_torch_agrees_that_a_bias_before_a_norm_does_nothing() -> None:
    model = build_model(net(conv(4), norm)).train()
    x = torch.randn(8, 1, 16, 16)
    before = model(x)
    torch.nn.init.normal_(model.conv1.bias, std=5)  # type: ignore[arg-type,union-attr]
    assert torch.allclose(model(x), before, atol=1e-4)


@pytest.mark.parametrize(
    ("stack", "mended"),
    [
        ((Dropout2d(p=0.2), norm, relu), (norm, relu, Dropout2d(p=0.2))),
        ((conv(), Dropout(p=0.2), norm), (conv(), norm, Dropout(p=0.2))),
        (
            (Dropout(p=0.2), relu, MaxPool2d(kernel_size=2), norm),
            (relu, MaxPool2d(kernel_size=2), norm, Dropout(p=0.2)),
        ),
        (
            (conv(), relu, Dropout2d(p=0.2), flatten, BatchNorm1d()),
            (conv(), relu, flatten, BatchNorm1d(), Dropout(p=0.2)),
        ),
    ],
)
def test_dropout_before_a_norm_is_told_and_moved(stack: Sequence[Layer], mended: Sequence[Layer]) -> None:
    (remark,) = remarks_of("dropout-before-norm", net(*stack))
    assert "1.25 times as large as in evaluation" in remark.text
    assert remark.mend
    assert remark.mend.architecture == net(*mended)


@pytest.mark.parametrize(
    "stack",
    [
        (conv(), norm, relu, Dropout()),
        (Dropout(), conv(bias=False), norm),  # a convolution in between mixes the values
        (Dropout(p=0.0), norm),
        (AlphaDropout(), norm),  # keeps mean and variance
        (Dropout(), LayerNorm()),  # measures in evaluation, too
    ],
)
def test_dropout_elsewhere_is_not(stack: Sequence[Layer]) -> None:
    assert remarks_of("dropout-before-norm", net(*stack)) == []


def test_torch_agrees_on_the_variance_that_dropout_shifts() -> None:
    x = torch.randn(1_000_000)
    assert torch.nn.Dropout(0.2)(x).square().mean() / x.square().mean() == pytest.approx(1.25, rel=1e-2)


@pytest.mark.parametrize(
    ("stack", "shape", "kind"),
    [
        ((flatten, Dropout2d()), (1, 16, 16), "Dropout"),
        ((flatten, Dropout1d()), (1, 16, 16), "Dropout"),
        ((Dropout2d(),), (3, 16), "Dropout1d"),
        ((Dropout3d(),), (1, 16, 16), "Dropout2d"),
    ],
)
def test_dropout_of_maps_that_are_not_there_is_told(stack: Sequence[Layer], shape: tuple[int, ...], kind: str) -> None:
    (remark,) = remarks_of("dropout-axes", net(*stack, shape=shape))
    assert remark.mend
    assert remark.mend.text == f"Make it {kind}"
    assert remark.mend.architecture.layers[-1] == PALETTE[kind]()


@pytest.mark.parametrize(("shape", "kind"), [((400,), "Dropout"), ((40, 5), "Dropout1d"), ((40, 3, 3, 3), "Dropout3d")])
def test_torch_agrees_on_what_dropout2d_works_as(shape: tuple[int, ...], kind: str) -> None:
    (remark,) = remarks_of("dropout-axes", net(Dropout2d(), shape=shape))
    assert f"it works as {kind}" in remark.text
    kept = (build_model(net(Dropout2d(), shape=shape)).train()(torch.ones(64, *shape)) != 0).reshape(64, shape[0], -1)
    assert (kept.all(2) | ~kept.any(2)).all()  # a channel, or a single number, goes as one
    assert (kept.any(1) & ~kept.all(1)).all()  # and never a whole sample of forty


def test_dropout_where_it_belongs_is_not() -> None:
    assert remarks_of("dropout-axes", net(conv(), Dropout2d(), flatten, Dropout())) == []
    assert remarks_of("dropout-axes", net(Dropout(), Dropout1d(), AlphaDropout(), shape=(3, 16))) == []


@pytest.mark.parametrize(
    ("kind", "shape"), [("Dropout1d", (50,)), ("Dropout3d", (50,)), ("Dropout3d", (4, 50)), ("Dropout3d", (1, 9, 9))]
)
def test_torch_agrees_that_whole_samples_are_zeroed(kind: str, shape: tuple[int, ...]) -> None:
    (remark,) = remarks_of("dropout-axes", net(PALETTE[kind](), shape=shape))
    assert "zeroes whole samples" in remark.text
    out = build_model(net(PALETTE[kind](), shape=shape)).train()(torch.ones(64, *shape))
    kept = (out.flatten(1) != 0).double().mean(1)
    assert set(np.unique(kept)) == {0.0, 1.0}
