"""Dead units, BatchNorm and Dropout, with numpy as the oracle."""

import numpy as np
import pytest
import torch

from cnnviz.activations import ACTIVATIONS
from cnnviz.experiments.dead_unit import SAMPLES, unit_state
from cnnviz.experiments.dropout import drop
from cnnviz.experiments.normalization import ChannelQuestion, normalize_channel


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_the_gradient_of_a_unit_is_the_mean_of_its_slopes(name: str) -> None:
    state = unit_state(name, weight=1.5, bias=-0.7)
    x = (state.inputs + 0.7) / 1.5
    slopes = ACTIVATIONS[name].curve(state.inputs)[1]
    assert state.weight_gradient == pytest.approx((slopes * x).mean())
    assert state.bias_gradient == pytest.approx(slopes.mean())
    assert state.flat_share == (slopes == 0).mean()


def test_a_relu_pushed_below_zero_is_dead_and_a_leaky_one_is_not() -> None:
    dead, leaky = (unit_state(name, weight=1.0, bias=-8.0) for name in ("ReLU", "LeakyReLU"))
    assert dead.is_dead
    assert dead.weight_gradient == dead.bias_gradient == 0
    assert not leaky.is_dead
    assert leaky.bias_gradient == pytest.approx(0.01)
    assert len(dead.inputs) == SAMPLES


@pytest.mark.parametrize(("batch_size", "momentum"), [(2, 0.1), (32, 0.1), (64, 1.0), (7, 0.01)])
def test_batch_norm_follows_the_formula_of_its_paper(batch_size: int, momentum: float) -> None:
    question = ChannelQuestion(batch_size=batch_size, momentum=momentum, batches=25)
    channel = normalize_channel(question)
    mean, variance = 0.0, 1.0
    for number, batch in enumerate(channel.before):
        expected = (batch - batch.mean()) / np.sqrt(batch.var() + 1e-5)
        assert np.allclose(channel.in_training[number], expected)
        mean = (1 - momentum) * mean + momentum * batch.mean()
        variance = (1 - momentum) * variance + momentum * batch.var(ddof=1)
        assert channel.running_means[number] == pytest.approx(mean)
        assert channel.running_variances[number] == pytest.approx(variance)
    assert np.allclose(channel.in_evaluation, (channel.before - mean) / np.sqrt(variance + 1e-5))


def test_a_batch_of_two_becomes_plus_and_minus_one_whatever_the_values() -> None:
    channel = normalize_channel(ChannelQuestion(batch_size=2))
    far_apart = np.abs(np.diff(channel.before, axis=1)[:, 0]) > 0.5
    assert np.allclose(np.abs(channel.in_training[far_apart]), 1, atol=1e-3)


@pytest.mark.parametrize("p", [0.0, 0.25, 0.5, 0.9])
def test_dropped_values_are_zero_and_the_others_divided_by_what_is_left(p: float) -> None:
    result = drop(p, times=200)
    kept = result.in_training != 0
    assert np.allclose(result.in_training[kept], np.broadcast_to(result.sample, kept.shape)[kept] / (1 - p))
    assert 1 - kept.mean() == pytest.approx(p, abs=0.03)


def test_a_draw_leaves_the_random_numbers_of_others_alone() -> None:
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    drop(0.5)
    assert torch.equal(torch.rand(3), expected)
