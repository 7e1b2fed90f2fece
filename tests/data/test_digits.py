import numpy as np
from sklearn.datasets import load_digits

from cnnviz.data.digits import DIGITS


def test_the_digits_are_sklearns_with_grey_values_from_0_to_1() -> None:
    bunch = load_digits()
    splits = DIGITS.load_splits()
    x = np.concatenate([splits.train.x, splits.validation.x, splits.test.x])
    y = np.concatenate([splits.train.y, splits.validation.y, splits.test.y])
    assert (x.min(), x.max()) == (0, 1)
    expected = sorted((label, *picture.ravel()) for label, picture in zip(bunch.target, bunch.images / 16, strict=True))
    assert sorted((label, *picture.ravel()) for label, picture in zip(y, x, strict=True)) == expected


def test_the_digits_are_split_80_10_10() -> None:
    splits = DIGITS.load_splits()
    assert (len(splits.train), len(splits.validation), len(splits.test)) == (1437, 180, 180)
    assert DIGITS.classes == tuple("0123456789")


def test_loading_twice_gives_the_same_split() -> None:
    first, second = DIGITS.load_splits(), DIGITS.load_splits()
    np.testing.assert_array_equal(first.test.x, second.test.x)
    np.testing.assert_array_equal(first.train.y, second.train.y)
