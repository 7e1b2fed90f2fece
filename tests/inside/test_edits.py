"""What-if edits against numpy."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnnviz.inside.edits import Edit, fill_value, shifted

SHAPES = [(7,), (3, 9), (1, 6, 5), (2, 3, 4, 5)]
RANDOM = np.random.default_rng(0)
SAMPLES = [RANDOM.normal(size=shape).astype(np.float32) for shape in SHAPES]


@pytest.mark.parametrize("sample", SAMPLES, ids=str)
def test_an_empty_edit_gives_an_equal_copy(sample) -> None:
    edited = Edit().apply(sample)
    np.testing.assert_array_equal(edited, sample)
    assert not np.shares_memory(edited, sample)


@given(st.sampled_from(SAMPLES), st.integers(-12, 12), st.data())
def test_a_shift_is_a_roll_whose_wrapped_part_is_covered(sample, steps, data) -> None:
    axis = data.draw(st.integers(0, sample.ndim - 1))
    moved = np.moveaxis(shifted(sample, axis, steps, 9.0), axis, 0)
    rolled = np.moveaxis(np.roll(sample, steps, axis), axis, 0).copy()
    size = len(rolled)
    if steps >= 0:
        rolled[: min(steps, size)] = 9
    else:
        rolled[max(0, size + steps) :] = 9
    np.testing.assert_array_equal(moved, rolled)


@pytest.mark.parametrize("fill", ["mean", "smallest", "zero"])
def test_inside_and_outside_of_a_box_are_erased_and_nothing_else(fill) -> None:
    sample, box = SAMPLES[3], ((1, 2), (0, 3), (2, 5))
    cover = {"mean": sample.mean(), "smallest": sample.min(), "zero": 0}[fill]
    inside = Edit(erasing="inside", box=box, fill=fill).apply(sample)
    expected = sample.copy()
    expected[:, 1:2, 0:3, 2:5] = cover
    np.testing.assert_array_equal(inside, expected)
    outside = Edit(erasing="outside", box=box, fill=fill).apply(sample)
    expected = np.full_like(sample, cover)
    expected[:, 1:2, 0:3, 2:5] = sample[:, 1:2, 0:3, 2:5]
    np.testing.assert_array_equal(outside, expected)


def test_noise_is_as_strong_as_was_asked_and_the_same_each_time() -> None:
    sample = RANDOM.normal(scale=3, size=(1, 200, 200)).astype(np.float32)
    noisy = Edit(noise=0.5).apply(sample)
    assert (noisy - sample).std() == pytest.approx(0.5 * sample.std(), rel=0.02)
    np.testing.assert_array_equal(noisy, Edit(noise=0.5).apply(sample))
    assert not np.array_equal(noisy, Edit(noise=0.5, seed=1).apply(sample))


def test_what_is_erased_stays_erased_under_noise_and_shift() -> None:
    sample = SAMPLES[2]
    edited = Edit(shift=(2, -1), noise=1.0, erasing="inside", box=((0, 3), (0, 5)), fill="smallest").apply(sample)
    assert (edited[:, :3] == fill_value(sample, "smallest")).all()
