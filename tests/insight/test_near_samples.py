"""Neighbours of samples: equal to all distances written out, and planted copies found."""

import numpy as np
import pytest
from scipy.spatial.distance import cdist

from cnnviz.data import DATASETS
from cnnviz.data.scaling import Scale
from cnnviz.insight.near_samples import compare_samples, find_neighbours


def test_neighbours_of_small_samples_are_those_of_all_distances() -> None:
    x = np.random.default_rng(0).normal(size=(300, 1, 4, 5)).astype(np.float32)
    mean, std = np.full((1, 1, 1, 1), 3, np.float32), np.full((1, 1, 1, 1), 2, np.float32)
    indices = np.arange(10, 290)
    found = find_neighbours(x, indices, Scale(0.1, mean, std))
    rows = ((np.maximum(x, 0.1) - 3) / 2).reshape(300, -1)[10:290]
    distances = cdist(rows, rows)
    np.fill_diagonal(distances, np.inf)
    assert (found.nearest == indices[distances.argmin(1)]).all()
    nearest = distances.min(1)
    np.testing.assert_allclose(found.distances, nearest / np.median(nearest), rtol=1e-5)


def test_planted_copies_are_the_nearest_pairs() -> None:
    x = np.array(DATASETS["voxels"].load_content().x)
    random = np.random.default_rng(1)
    x[700] = x[3]
    x[800] = x[40] + random.normal(size=x[40].shape) * 0.01
    equal, near = find_neighbours(x, np.arange(len(x)), Scale()).pairs(2)
    assert {equal.first, equal.second} == {3, 700}
    assert equal.distance == 0
    assert {near.first, near.second} == {40, 800}
    assert 0 < near.distance < 0.5


def test_a_damaged_sample_is_the_farthest_and_infinite_values_are_no_error() -> None:
    x = np.array(DATASETS["digits"].load_content().x)
    x[5], x[9] = 500, np.inf
    farthest = find_neighbours(x, np.arange(len(x)), Scale()).farthest(2)
    assert {pair.first for pair in farthest} == {5, 9}


def test_equal_samples_have_distance_0() -> None:
    found = find_neighbours(np.ones((4, 1, 200), np.float32), np.arange(4), Scale())
    assert not found.distances.any()


def test_a_process_of_its_own_finds_the_same() -> None:
    x = np.random.default_rng(0).normal(size=(60, 1, 12, 10)).astype(np.float32)
    mean, std = np.full((1, 1, 1, 1), 3, np.float32), np.full((1, 1, 1, 1), 2, np.float32)
    indices, scale = np.arange(5, 55), Scale(0.1, mean, std)
    found, expected = compare_samples(x, indices, scale), find_neighbours(x, indices, scale)
    assert (found.indices == indices).all()
    assert (found.nearest == expected.nearest).all()
    assert found.distances == pytest.approx(expected.distances)
