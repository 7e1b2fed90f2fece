"""Intervals of accuracies, by Wilson's formula and by the examples of Newcombe's paper."""

from math import sqrt

import pytest

from cnnviz.insight.intervals import accuracy_interval, describe_accuracy, exceeds_by_chance

Z = 1.959964
"""Of a normal distribution, 95 % are within so many standard deviations."""


@pytest.mark.parametrize(("accuracy", "samples"), [(0.79, 400), (0.9, 10), (1.0, 50), (0.0, 50), (0.5, 2)])
def test_the_interval_is_wilsons(accuracy: float, samples: int) -> None:
    centre = (accuracy + Z**2 / (2 * samples)) / (1 + Z**2 / samples)
    half = Z / (1 + Z**2 / samples) * sqrt(accuracy * (1 - accuracy) / samples + Z**2 / (4 * samples**2))
    assert accuracy_interval(accuracy, samples) == pytest.approx((centre - half, centre + half), abs=1e-6)


@pytest.mark.parametrize(
    ("larger", "smaller", "is_chance"),
    [
        ((56 / 70, 70), (48 / 80, 80), False),  # 0.0524 to 0.3339
        ((9 / 10, 10), (3 / 10, 10), False),  # 0.1705 to 0.8090
        ((6 / 7, 7), (2 / 7, 7), False),  # 0.0582 to 0.8062
        ((5 / 56, 56), (0.0, 29), True),  # -0.0381 to 0.1926
    ],
)
def test_a_difference_is_chance_where_newcombes_interval_holds_0(
    larger: tuple[float, int], smaller: tuple[float, int], is_chance: bool
) -> None:
    assert exceeds_by_chance(larger, smaller) == is_chance


def test_an_accuracy_on_an_unknown_number_of_samples_has_no_interval() -> None:
    assert describe_accuracy(0.5, None) == "0.500"
