"""Over-fitting one batch: nets that can, and nets with one thing broken."""

import math

import pytest
import torch

from cnnviz.architecture import Architecture
from cnnviz.errors import CnnvizError
from cnnviz.layers import BatchNorm2d, Conv2d, Dropout, Flatten, Layer, Linear, ReLU
from cnnviz.training.config import TrainConfig
from cnnviz.training.overfit import MAX_STEPS, OverfitResult, overfit, overfit_batch, what_to_look_at

SHAPE = (1, 8, 8)
X = torch.randn(32, *SHAPE, generator=torch.Generator().manual_seed(0))
Y = torch.arange(32) % 4
CONFIG = TrainConfig(optimizer="Adam", learning_rate=0.01)


def net(*more: Layer) -> Architecture:
    layers = (Conv2d(out_channels=8, kernel_size=(3, 3)), BatchNorm2d(), ReLU(), *more, Flatten(), Dropout(p=0.9))
    return Architecture(input_shape=SHAPE, layers=(*layers, Linear(out_features=4)))


@pytest.fixture(autouse=True, scope="module")
def one_thread() -> None:
    torch.set_num_threads(1)


def test_a_sound_net_learns_noise_by_heart_whatever_keeps_it_from_that_in_training() -> None:
    config = CONFIG.changed(weight_decay=1.0, label_smoothing=0.9, max_grad_norm=1e-3)
    result = overfit(net(), config, X, Y)
    assert result.verdict == "learned"
    assert result.accuracy == 1
    assert result.losses[-1] < 0.1
    assert what_to_look_at(result) == []


def test_the_first_loss_is_that_of_a_net_that_knows_nothing() -> None:
    assert overfit(net(), CONFIG, X, Y).losses[0] == pytest.approx(math.log(4), rel=0.5)


def test_a_rate_far_too_low_is_told() -> None:
    result = overfit(net(), TrainConfig(learning_rate=1e-8, momentum=0), X, Y)
    assert result.verdict == "not learning"
    assert len(result.losses) <= MAX_STEPS + 1
    assert "learning rate far too low" in what_to_look_at(result)[0]


def test_a_rate_far_too_high_is_told() -> None:
    result = overfit(net(), TrainConfig(learning_rate=10, momentum=0.99), X * 1000, Y)
    assert result.verdict == "diverged"
    assert "too high" in what_to_look_at(result)[0]


def test_layers_that_get_no_gradient_are_named() -> None:
    dead = Architecture(input_shape=SHAPE, layers=(Flatten(), Linear(out_features=4), ReLU()))
    result = overfit(dead, CONFIG, X * 0, Y)  # nothing in, so only the bias learns
    assert not result.dead_layers
    assert result.verdict != "learned"
    assert result.twins == len(Y)
    assert "equal to one of another class" in what_to_look_at(result)[0]
    broken = result.changed(dead_layers=("2 Linear",))
    assert isinstance(broken, OverfitResult)
    assert what_to_look_at(broken)[0].startswith("No gradient at all reached 2 Linear")


def test_another_process_gives_the_same_answer_and_the_same_refusal() -> None:
    result = overfit_batch(net(), CONFIG, X.numpy(), Y.numpy())
    assert result.verdict == "learned"
    assert result.samples == 32
    broken = Architecture(input_shape=SHAPE, layers=(Conv2d(out_channels=8, kernel_size=(9, 9)),))
    with pytest.raises(CnnvizError, match="does not fit"):
        overfit_batch(broken, CONFIG, X.numpy(), Y.numpy())
