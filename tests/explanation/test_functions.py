"""Functions that a forward calls: whatever is made a design computes what torch does, or there is none."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from cnnviz import build, explain
from cnnviz.architecture import Architecture, build_model
from cnnviz.explanation import Explanation
from cnnviz.layers import Conv2d, Gate, Linear, Scale
from cnnviz.presets import PRESETS

SHAPE = (4, 6, 6)


class AlwaysDropout(nn.Module):
    """A dropout that is on in evaluation, too."""

    def forward(self, x: Tensor) -> Tensor:
        return functional.dropout(x, 0.5)


class Net(nn.Module):
    """Two convolutions, a squeeze and excitation, and a forward that is given."""

    def __init__(self, function: Callable[[Net, Tensor], Tensor]) -> None:
        super().__init__()
        self.a, self.b = nn.Conv2d(4, 4, 3, padding=1), nn.Conv2d(4, 4, 1, bias=False)
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.se = nn.Sequential(nn.Flatten(), nn.Linear(4, 4, bias=False), nn.Sigmoid())
        self.norm, self.relu = nn.BatchNorm2d(4, affine=False), nn.ReLU(inplace=True)
        self.dropout, self.drop = AlwaysDropout(), nn.Dropout()
        self.function = function

    def forward(self, x: Tensor) -> Tensor:
        return self.function(self, x)


def assert_same_net(table: Explanation, net: nn.Module) -> None:
    """Asserts that the design of a table computes what the net does with the weights of its rows (of unlike shapes)."""
    assert table.error is None
    assert table.architecture is not None, table.not_stackable
    built = build_model(table.architecture)
    used = [row.name for row in table.rows if row.parameters]
    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        theirs = {tuple(p.shape): p for name in used for p in net.get_submodule(name).parameters()}
        for parameter in built.parameters():
            parameter.copy_(theirs[tuple(parameter.shape)])
        x = torch.randn(3, *SHAPE)
        torch.testing.assert_close(built.eval()(x.clone()), net.eval()(x.clone()))


@pytest.mark.parametrize(
    "function",
    [
        lambda net, x: torch.flatten(input=net.a(x), start_dim=1),
        lambda net, x: torch.cat(tensors=[net.a(x), net.b(x)], dim=1),
        lambda net, x: torch.add(input=net.a(x), other=net.b(x)),
        lambda net, x: torch.add(net.a(x), other=net.b(x)),
        lambda net, x: torch.relu(input=net.a(x)),
        lambda net, x: torch.softmax(input=net.a(x), dim=1),
        lambda net, x: torch.mul(input=net.a(x), other=net.b(x)),
        lambda net, x: functional.max_pool2d(input=net.a(x), kernel_size=2),
    ],
)
def test_tensors_may_be_given_by_name(function: Callable[[Net, Tensor], Tensor]) -> None:
    net = Net(function)
    assert_same_net(explain(net, SHAPE), net)


class Unwritable(int):
    """A size that torch takes and that cannot be written down."""

    def __str__(self) -> str:
        raise ValueError("unwritable")


def test_what_cannot_be_followed_is_unknown_and_no_error_of_the_net(caplog: pytest.LogCaptureFixture) -> None:
    net = Net(lambda net, x: functional.relu(net.a(x).view(-1, Unwritable(144))))
    table = explain(net, SHAPE)
    assert table.error is None
    assert [row.kind for row in table.rows] == ["Conv2d", "ReLU"]
    assert table.not_stackable == "A design cannot hold view()."
    assert {record.levelno for record in caplog.records} == {logging.ERROR}


def test_what_the_module_raises_stays_its_error_where_the_call_cannot_be_read() -> None:
    table = explain(Net(lambda net, x: net.a(x).view(-1, Unwritable(7))), SHAPE)
    assert table.rows[-1].error is not None
    assert "unwritable" not in table.rows[-1].error
    assert "RuntimeError: shape" in table.rows[-1].error


@pytest.mark.parametrize(
    "function",
    [
        lambda net, x: net.a(x) * torch.sigmoid(net.b(x)),
        lambda net, x: torch.sigmoid(net.b(x)) * net.a(x),
        lambda net, x: net.a(x) * torch.sigmoid(net.b(net.pool(x))),
        lambda net, x: torch.sigmoid(net.b(net.pool(x))) * net.a(x),
        lambda net, x: x * torch.sigmoid(net.b(net.pool(x))),
        lambda net, x: torch.sigmoid(net.b(net.pool(x))) * x,
    ],
)
def test_a_product_is_read_in_either_order(function: Callable[[Net, Tensor], Tensor]) -> None:
    net = Net(function)
    assert_same_net(explain(net, SHAPE), net)


def by_index(net: Net, x: Tensor) -> Tensor:
    y = net.a(x)
    y[:, 0] = 0
    return y


def by_mask(net: Net, x: Tensor) -> Tensor:
    y = net.a(x)
    y[y < 0] = 0
    return y


def by_slice(net: Net, x: Tensor) -> Tensor:
    y = net.a(x)
    y[:, :2] = x[:, :2]
    return y


def by_sum_of_a_slice(net: Net, x: Tensor) -> Tensor:
    y = net.a(x)
    y[:, 0] += 1
    return y


def by_a_part_in_place(net: Net, x: Tensor) -> Tensor:
    y = net.a(x)
    part = y[:, :2]
    part.mul_(0.1)
    return y


def by_data(net: Net, x: Tensor) -> Tensor:
    y = net.a(x)
    y.data = net.b(x)
    return y


def by_values_of_data(net: Net, x: Tensor) -> Tensor:
    y = net.a(x)
    y.data.mul_(2)
    return y


def by_the_whole_in_place(net: Net, x: Tensor) -> Tensor:
    y = net.a(x)
    z = y.view(len(y), -1)
    y.mul_(x)
    return z


def by_a_module_in_place(net: Net, x: Tensor) -> Tensor:
    y = net.a(x)
    z = y.flatten(1)
    net.relu(y)
    return z


def by_a_function_in_place(net: Net, x: Tensor) -> Tensor:
    y = net.a(x)
    z = y.flatten(1)
    functional.relu(y, True)
    return z


def by_out(net: Net, x: Tensor) -> Tensor:
    y = net.a(x)
    torch.add(y, net.b(x), out=y)
    return y


def to_the_input(net: Net, x: Tensor) -> Tensor:
    y = net.a(x)
    x[:, 0] = 0
    return y + x


@pytest.mark.parametrize(
    ("function", "reason"),
    [
        (by_index, "an assignment by index"),
        (by_mask, "an assignment by index"),
        (by_slice, "an assignment by index"),
        (by_sum_of_a_slice, "A design cannot hold"),
        (by_a_part_in_place, "mul_(), which writes into another tensor, too"),
        (by_data, "setting .data"),
        (by_values_of_data, "mul_(), which writes into another tensor, too"),
        (by_the_whole_in_place, "mul_(), which writes into another tensor, too"),
        (by_a_module_in_place, "relu, which writes into another tensor, too"),
        (by_a_function_in_place, "relu(), which writes into another tensor, too"),
        (by_out, "A design cannot hold +"),
        (to_the_input, "an assignment by index"),
    ],
)
def test_what_is_written_into_is_no_design(function: Callable[[Net, Tensor], Tensor], reason: str) -> None:
    table = explain(Net(function), SHAPE)
    assert table.error is None
    assert table.architecture is None
    assert reason in (table.not_stackable or "")


def with_sum_in_place(net: Net, x: Tensor) -> Tensor:
    y = functional.relu(net.a(x))
    y += net.b(x)
    return functional.relu_(y.flatten(1))


def with_activation_first(net: Net, x: Tensor) -> Tensor:
    y = net.a(x)
    return net.b(net.relu(net.norm(y))) + y


@pytest.mark.parametrize("function", [with_sum_in_place, with_activation_first])
def test_what_is_written_into_what_nothing_else_reads_is_a_design(function: Callable[[Net, Tensor], Tensor]) -> None:
    net = Net(function)
    assert_same_net(explain(net, SHAPE), net)


@pytest.mark.parametrize(
    "function",
    [
        lambda net, x: net.a(x).to(torch.int64).to(torch.float32),
        lambda net, x: net.a(x).type(torch.int32).float(),
        lambda net, x: net.a(x).long().float(),
        lambda net, x: net.a(x).view(torch.int32).float(),
        lambda net, x: net.a(x).half().view(torch.bfloat16).float(),
    ],
)
def test_a_conversion_that_changes_numbers_is_no_design(function: Callable[[Net, Tensor], Tensor]) -> None:
    table = explain(Net(function), SHAPE)
    assert table.error is None
    assert table.architecture is None
    assert (table.not_stackable or "").startswith("A design cannot hold ")


@pytest.mark.parametrize(
    "function",
    [
        lambda net, x: net.a(x.to(torch.float64).to(torch.float32)),
        lambda net, x: net.a(x).type(torch.float64).float(),
        lambda net, x: net.a(x.to("cpu")).contiguous(),
        lambda net, x: net.a(x).view(len(x), 4, 6, 6).float(),
    ],
)
def test_a_conversion_between_floats_is_no_layer(function: Callable[[Net, Tensor], Tensor]) -> None:
    net = Net(function)
    assert_same_net(explain(net, SHAPE), net)


@pytest.mark.parametrize(
    "function",
    [
        lambda net, x: functional.interpolate(net.a(x), scale_factor=2),
        lambda net, x: functional.interpolate(net.a(x), size=(12, 9), mode="bilinear", align_corners=False),
        lambda net, x: functional.interpolate(net.a(x), None, 2.0, "bilinear"),
        lambda net, x: functional.upsample(net.a(x), scale_factor=2.0),
    ],
)
@pytest.mark.filterwarnings("ignore:`nn.functional.upsample` is deprecated:UserWarning")
def test_interpolate_is_an_upsample(function: Callable[[Net, Tensor], Tensor]) -> None:
    net = Net(function)
    table = explain(net, SHAPE)
    assert table.rows[-1].kind == "Upsample"
    assert_same_net(table, net)


def test_interpolate_against_aliasing_is_no_layer_of_ours() -> None:
    net = Net(lambda net, x: functional.interpolate(net.a(x), size=3, mode="bilinear", antialias=True))
    assert explain(net, SHAPE).not_stackable == "A design cannot hold interpolate() with antialias."


@pytest.mark.parametrize(
    ("function", "is_told"),
    [
        (lambda net, x: functional.dropout(net.a(x), 0.5), True),
        (lambda net, x: functional.dropout2d(net.a(x), 0.5, True), True),
        (lambda net, x: torch.dropout(net.a(x), 0.5, True), True),
        (lambda net, x: torch.dropout(net.a(x), p=0.5, train=True), True),
        (lambda net, x: functional.dropout(input=net.a(x), training=True), True),
        (lambda net, x: net.dropout(net.a(x)), True),
        (lambda net, x: functional.dropout(net.a(x), 0.5, net.training), False),
        (lambda net, x: torch.dropout(net.a(x), 0.5, net.training), False),
        (lambda net, x: functional.alpha_dropout(net.a(x), 0.5), False),
    ],
)
def test_a_dropout_that_is_always_on_is_told(function: Callable[[Net, Tensor], Tensor], *, is_told: bool) -> None:
    net = Net(function).eval()
    with torch.no_grad():
        x = torch.ones(8, *SHAPE)
        assert torch.equal(net(x), net(x)) != is_told
    notes = explain(net, SHAPE).rows[-1].notes
    assert any("It drops in evaluation, too" in note for note in notes) == is_told


@pytest.mark.parametrize(
    ("function", "kind"),
    [
        (lambda net, x: x * net.se(net.pool(x)).view(-1, 4, 1, 1), "*"),
        (lambda net, x: x * net.se(net.pool(x)).reshape(len(x), 4, 1, 1), "*"),
        (lambda net, x: x * net.se(net.pool(x)).unsqueeze(-1).unsqueeze(-1), "*"),
        (lambda net, x: net.se(net.pool(x)).unflatten(1, (2, 2)), "Unflatten"),
        (lambda net, x: net.a(x).view(-1, 2, 2, 36), None),
        (lambda net, x: functional.threshold(net.a(x), 0.1, 0.2), "Threshold"),
        (lambda net, x: functional.threshold(net.a(x), 0.1, 0.2, inplace=True), "Threshold"),
        (lambda net, x: torch.threshold(net.a(x), threshold=0.1, value=0.2), "Threshold"),
    ],
)
def test_unflattening_and_thresholds_are_layers(function: Callable[[Net, Tensor], Tensor], kind: str | None) -> None:
    net = Net(function)
    table = explain(net, SHAPE)
    if kind is None:
        assert table.architecture is None
        return
    assert table.rows[-1].kind == kind
    assert_same_net(table, net)


@pytest.mark.parametrize(
    "design",
    [
        PRESETS["efficientnet-b0"].architecture,
        Architecture(input_shape=(4, 6, 6), layers=(Gate.default((4, 6, 6)),)),
        Architecture(
            input_shape=(4, 6, 6),
            layers=(
                Gate(layers=Gate.default((4, 6, 6)).layers, path=(Conv2d(out_channels=4, kernel_size=3, padding=1),)),
            ),
        ),
        Architecture(input_shape=(9,), layers=(Gate.default((9,)), Linear(out_features=2))),
    ],
)
def test_a_gate_that_is_built_is_explained_as_its_design(design: Architecture) -> None:
    table = explain(build(design), design.input_shape)
    assert table.error is None
    assert table.architecture == design


@pytest.mark.parametrize(
    "function",
    [
        lambda net, y: y + net.a(net.drop(y)),
        lambda net, y: y + net.a(functional.dropout(y, 0.5, net.training)),
    ],
)
def test_a_dropout_in_a_block_is_not_put_before_it(function: Callable[[Net, Tensor], Tensor]) -> None:
    """In evaluation a dropout returns the very tensor that it got, which the skip connection reads, too."""
    design = explain(Net(lambda net, x: function(net, functional.relu(x))), SHAPE).architecture
    assert design is not None
    assert [layer.kind for layer in design.layers] == ["ReLU", "Residual"]


@pytest.mark.parametrize(
    ("function", "factor"),
    [
        (lambda net, x: net.a(x) * 0.5, 0.5),
        (lambda net, x: 3 * net.a(x), 3.0),
        (lambda net, x: net.a(x) / 4, 0.25),
        (lambda net, x: torch.mul(net.a(x), -2), -2.0),
        (lambda net, x: torch.div(net.a(x), other=8.0), 0.125),
        (lambda net, x: net.a(x).mul_(2), 2.0),
        (lambda net, x: net.a(x) * True, None),
        (lambda net, x: net.a(x) + 2, None),
        (lambda net, x: 2 / net.a(x), None),
        (lambda net, x: net.a(x) ** 2, None),
        (lambda net, x: torch.div(net.a(x), 2, rounding_mode="floor"), None),
        (lambda net, x: net.a(x) // 2, None),
        (lambda net, x: net.a(x) * torch.tensor(2.0), None),
    ],
)
def test_a_number_times_the_sample_is_a_scale(function: Callable[[Net, Tensor], Tensor], factor: float | None) -> None:
    net = Net(function)
    table = explain(net, SHAPE)
    assert (table.architecture is None) == (factor is None)
    if table.architecture:
        assert table.architecture.layers[-1] == Scale(factor=factor)
        assert_same_net(table, net)
