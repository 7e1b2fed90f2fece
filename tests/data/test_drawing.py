"""Drawings as samples: what the digits' authors describe, redone by loops."""

import numpy as np
import pytest

from cnnviz.data.drawing import SIDE, digit_sample, drawing_sample, is_light, read_drawing
from cnnviz.errors import DataError


def test_ink_comes_as_it_was_sent() -> None:
    ink = np.random.default_rng(0).random((SIDE, SIDE)) < 0.5
    np.testing.assert_array_equal(read_drawing(np.packbits(ink).tobytes().hex()), ink)


@pytest.mark.parametrize("text", ["", "0", "zz" * 2048, "0" * 4096, "00" * 4096])
def test_what_is_no_drawing_is_refused(text: str) -> None:
    with pytest.raises(DataError):
        read_drawing(text)


def test_a_digit_is_cut_out_centred_and_counted_in_blocks() -> None:
    ink = np.zeros((SIDE, SIDE), bool)
    ink[10:74, 90:122] = np.random.default_rng(1).random((64, 32)) < 0.7
    ink[[10, 73], 90] = ink[10, 121] = True
    sample = digit_sample(ink)
    bitmap = np.zeros((32, 32))
    for row in range(32):  # 64 x 32 becomes 32 x 16: each pixel is black where half of what it covers is
        for column in range(16):
            covered = ink[10 + 2 * row : 12 + 2 * row, 90 + 2 * column : 92 + 2 * column]
            bitmap[row, 8 + column] = covered.mean() >= 0.5
    counts = [[bitmap[4 * row : 4 * row + 4, 4 * c : 4 * c + 4].sum() for c in range(8)] for row in range(8)]
    np.testing.assert_array_equal(sample[0] * 16, counts)


def test_a_drawing_has_the_mean_of_what_each_value_covers() -> None:
    ink = np.zeros((SIDE, SIDE), bool)
    ink[:, :32] = True
    np.testing.assert_allclose(drawing_sample(ink, (3, 2, 2)), np.tile([[0.5, 0.0]], (3, 2, 1)), atol=0.01)


def test_paper_is_light_and_a_dark_ground_is_not() -> None:
    assert is_light(np.ones((2, 1, 5, 5)))
    assert not is_light(np.zeros((2, 1, 5, 5)))
