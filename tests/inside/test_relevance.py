"""Relevance maps: how they compare, and that the sanity check tells methods apart."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from scipy.stats import spearmanr
from torch import nn

from cnnviz.inside.relevance import METHODS, Question, compare, most_relevant, rank_correlation, share_of_largest

few_values = arrays.arrays(np.float32, st.tuples(st.integers(2, 5), st.integers(2, 5)), elements=st.integers(-4, 4))


@given(few_values, st.integers(0, 1000))
def test_rank_correlation_is_spearmans_with_ties(first, seed) -> None:
    second = np.random.default_rng(seed).integers(-3, 4, first.shape).astype(np.float32)
    ours = rank_correlation(first, second)
    if np.ptp(first) == 0 or np.ptp(second) == 0:
        assert ours is None
    else:
        assert ours == pytest.approx(spearmanr(first.ravel(), second.ravel()).statistic, abs=1e-9)


@given(few_values, st.floats(0, 1))
def test_the_most_relevant_positions_are_the_largest_ones_and_speak_for_the_class(relevance, share) -> None:
    chosen = most_relevant(relevance, share)
    assert chosen.sum() == min(round(share * relevance.size), (relevance > 0).sum())
    if chosen.any():
        assert relevance[chosen].min() >= relevance[~chosen].max(initial=-np.inf)
    shares = share_of_largest(relevance)
    assert shares.min() >= 0
    assert shares.max() == (1 if (relevance > 0).any() else 0)


@pytest.mark.parametrize("method", METHODS)
def test_every_method_finds_the_only_place_that_a_net_reads(method) -> None:
    pool = nn.AdaptiveMaxPool2d(1)
    model = nn.Sequential(nn.Conv2d(1, 2, 1), nn.ReLU(), nn.Conv2d(2, 2, 1), pool, nn.Flatten())
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.fill_(0.5)
        model[2].weight[1] = 0
    sample = torch.zeros(1, 8, 6)
    sample[0, 5, 4] = 3
    relevance = METHODS[method](model, Question(sample, 0, window=(1, 1)))
    assert relevance.shape == (8, 6)
    assert np.unravel_index(relevance.argmax(), relevance.shape) == (5, 4)


def test_channels_with_an_order_keep_their_axis_in_a_gradient() -> None:
    model, sample = nn.Sequential(nn.Conv1d(5, 3, 2), nn.Flatten()), torch.randn(5, 7)
    assert METHODS["Gradient"](model, Question(sample, 0)).shape == (7,)
    assert METHODS["Gradient"](model, Question(sample, 0, keeps_channels=True)).shape == (5, 7)
    assert METHODS["Occlusion"](model, Question(sample, 0, keeps_channels=True)).shape == (7,)


def test_a_net_of_linear_layers_has_no_grad_cam() -> None:
    assert METHODS["Grad-CAM"](nn.Sequential(nn.Flatten(), nn.Linear(6, 2)), Question(torch.ones(1, 2, 3), 0)) is None


def test_the_same_net_fails_the_sanity_check_and_constant_maps_are_left_out() -> None:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(48, 3))
    dead = nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(48, 3))
    nn.init.zeros_(dead[3].weight)
    question = Question(torch.randn(1, 8, 4), 1)
    relevance = METHODS["Gradient"](model, question)
    constant = METHODS["Gradient"](dead, question)
    check = compare(relevance, [constant, None, METHODS["Gradient"](model, question)])
    assert check.correlation == pytest.approx(1)
    assert check.nets == 1
    np.testing.assert_array_equal(check.shown, relevance)
    assert compare(relevance, [constant]).correlation is None
