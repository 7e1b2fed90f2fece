"""A step of stacked nets is a step of each of them, for every layer and optimizer."""

import math
from contextlib import suppress

import pytest
import torch
from torch import nn

from cnnviz.architecture import Architecture, micro_batch, trace
from cnnviz.architecture.trace import fitting_steps
from cnnviz.errors import ShapeError
from cnnviz.layers import PALETTE, BatchNorm2d, Block, Conv2d, Dropout, Flatten, Layer, Linear, Parallel, ReLU
from cnnviz.training.config import TrainConfig
from cnnviz.training.prepared_data import Batch, PreparedData, prepare
from cnnviz.training.setup import TrainingSetup
from cnnviz.training.stacked_nets import UNSTACKABLE, StackedNets, clip_each_net, is_stackable
from tests.training.test_trainer import CONFIG, CPU, digits

INPUTS = [(1, 8, 8), (4, 12), (4, 6, 6, 6), (16,), (16, 8, 8)]
SEEDS = (0, 1, 2)


@pytest.fixture(autouse=True)
def same_numbers() -> None:
    torch.manual_seed(0)


def with_inside(kind: str) -> Layer:
    """A layer of this kind with default values; a block with something random inside."""
    cls = PALETTE[kind]
    if not issubclass(cls, Block):
        return cls.default()
    default = cls.default()
    return default.with_stacks([(*stack, Dropout(p=0.3)) for stack in default.stacks]) if default.stacks else default


def net_of(kind: str) -> Architecture:
    """A net with a layer of this kind between two that learn, on the first input that it takes."""
    for shape in INPUTS:
        net = Architecture(input_shape=shape, layers=[with_inside(kind), Flatten(), Linear(out_features=10)])
        with suppress(ShapeError):
            fitting_steps(net)
            return net
    raise AssertionError(f"no input for {kind}")


def data_for(net: Architecture) -> PreparedData:
    x, y = torch.randn(12, *net.input_shape), torch.arange(12) % 10
    return PreparedData((x, y), (x, y), (x, y), (), prepare(digits(), CONFIG, CPU).scale)


def setups_of(net: Architecture, config: TrainConfig) -> list[TrainingSetup]:
    data = data_for(net)
    return [TrainingSetup(net, config.changed(seed=seed), data, CPU) for seed in SEEDS]


def batches_for(net: Architecture, size: int) -> list[Batch]:
    return [(torch.randn(size, *net.input_shape), torch.randint(0, 10, (size,))) for _ in SEEDS]


def step_alone(setup: TrainingSetup, batch: Batch) -> torch.Tensor:
    with setup.random.activate():
        loss = setup.backward(batch)
        setup.optimizer.step()
    return loss


def assert_equal_after_steps(net: Architecture, config: TrainConfig, *, rel: float = 1e-4) -> None:
    """Compares two steps in a stack, on batches of two sizes, with two of each net alone, one more after it."""
    together, alone = setups_of(net, config), setups_of(net, config)
    nets = StackedNets(together, config)
    for size in (6, 5):
        batches = batches_for(net, size)
        losses = nets.step(batches)
        expected = torch.stack([step_alone(setup, batch) for setup, batch in zip(alone, batches, strict=True)])
        torch.testing.assert_close(losses, expected, rtol=rel, atol=rel)
    nets.unstack()
    for setup, other, batch in zip(together, alone, batches_for(net, 6), strict=True):
        torch.testing.assert_close(step_alone(setup, batch), step_alone(other, batch), rtol=rel, atol=rel)
        state, expected_state = setup.model.state_dict(), other.model.state_dict()
        for name, value in expected_state.items():
            torch.testing.assert_close(state[name], value, rtol=10 * rel, atol=10 * rel, msg=name)


@pytest.mark.parametrize("kind", PALETTE)
def test_every_layer_is_stacked_exactly_or_named_as_one_that_cannot_be(kind: str) -> None:
    net = net_of(kind)
    assert is_stackable(net, CONFIG) != (PALETTE[kind] in UNSTACKABLE)
    if is_stackable(net, CONFIG):
        assert_equal_after_steps(net, CONFIG.changed(learning_rate=0.01))


CONVOLUTIONS = Architecture(
    input_shape=(3, 8, 8),
    layers=[
        Conv2d(out_channels=8, kernel_size=3),
        Dropout(p=0.4),
        ReLU(),
        Parallel(branches=[[Conv2d(out_channels=4, kernel_size=1), BatchNorm2d()], [Dropout(p=0.2)]]),
        Flatten(),
        Dropout(p=0.4),
        Linear(out_features=10),
    ],
)
"""Dropout of values that lie channels last, in a branch, and flat."""


@pytest.mark.parametrize(
    "changes",
    [
        {"momentum": 0.0},
        {"nesterov": True, "weight_decay": 0.01},
        {"max_grad_norm": 0.1},
        {"label_smoothing": 0.2},
        {"optimizer": "RMSprop", "weight_decay": 0.01},
    ],
    ids=str,
)
def test_every_setting_is_that_of_each_net(changes: dict[str, object]) -> None:
    config = CONFIG
    for name, value in changes.items():
        config = config.changed(**{name: value})
    assert_equal_after_steps(CONVOLUTIONS, config)


def test_mixed_precision_is_that_of_each_net() -> None:
    assert_equal_after_steps(CONVOLUTIONS, CONFIG.changed(mixed_precision=True), rel=0.02)


def test_a_net_whose_batches_are_cut_is_not_stacked(monkeypatch: pytest.MonkeyPatch) -> None:
    plain = Architecture(input_shape=(1, 8, 8), layers=[Flatten(), Linear(out_features=10)])
    assert is_stackable(plain, CONFIG)
    monkeypatch.setattr(micro_batch, "MICRO_BATCH_MULTIPLY_ADDS", 15 * trace(plain)[-1].multiply_adds)
    assert not is_stackable(plain, CONFIG)


@pytest.mark.parametrize("max_norm", [0.01, 1.0, math.inf])
def test_gradients_are_clipped_by_the_norm_of_their_own_net(max_norm: float) -> None:
    nets = [nn.Sequential(nn.Linear(3, 4), nn.Linear(4, 2)) for _ in SEEDS]
    for scale, net in enumerate(nets, start=1):
        for parameter in net.parameters():
            parameter.grad = scale * torch.randn_like(parameter)
    stacked = [torch.zeros(len(nets), *parameter.shape) for parameter in nets[0].parameters()]
    for tensor, own in zip(stacked, zip(*(net.parameters() for net in nets), strict=True), strict=True):
        tensor.grad = torch.stack([parameter.grad for parameter in own if parameter.grad is not None])
    clip_each_net(stacked, max_norm)
    for index, net in enumerate(nets):
        nn.utils.clip_grad_norm_(net.parameters(), max_norm)
        for tensor, parameter in zip(stacked, net.parameters(), strict=True):
            assert tensor.grad is not None
            torch.testing.assert_close(tensor.grad[index], parameter.grad)
