"""The margin of an effect is that of the textbooks, which scipy knows or a sum over all outcomes tells."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom, ttest_ind

from cnnviz.insight.effect import Effect, Evidence, measure_effect

accuracies = st.floats(0, 1)


@given(st.lists(accuracies, min_size=2, max_size=6), st.lists(accuracies, min_size=2, max_size=6))
def test_with_seeds_on_both_sides_it_is_students_interval(before: list[float], after: list[float]) -> None:
    effect = measure_effect(before, after, samples=0)
    assert effect
    assert effect.margin is not None
    if np.std(before) > 1e-6 and np.std(after) > 1e-6:  # scipy warns of sides without any spread
        interval = ttest_ind(after, before, equal_var=True).confidence_interval(0.95)
        assert (effect.gain - effect.margin, effect.gain + effect.margin) == pytest.approx(interval)
    assert effect.evidence == Evidence.SEEDS


@given(st.lists(accuracies, min_size=1, max_size=5), st.lists(accuracies, min_size=1, max_size=5), st.integers(0, 999))
def test_the_way_back_takes_what_the_way_there_brought(before: list[float], after: list[float], samples: int) -> None:
    there, back = measure_effect(before, after, samples), measure_effect(after, before, samples)
    assert there
    assert back
    assert there.gain == -back.gain
    assert there.margin == (back.margin if back.margin is None else pytest.approx(back.margin))


@pytest.mark.parametrize(("samples", "share"), [(60, 0.8), (180, 0.6), (180, 0.97), (180, 0.999)])
def test_without_seeds_two_equal_nets_are_taken_for_different_in_one_of_twenty_cases(
    samples: int, share: float
) -> None:
    counts = np.arange(samples + 1)
    chances = binom.pmf(counts, samples, share)
    likely = counts[chances > 1e-5]
    wrong = 0.0
    for first in likely:
        for second in likely:
            effect = measure_effect([first / samples], [second / samples], samples)
            assert effect
            assert effect.margin is not None
            wrong += chances[first] * chances[second] * (abs(effect.gain) > effect.margin)
    assert wrong < 0.06


def test_equal_seeds_leave_the_margin_of_one_sample() -> None:
    effect = measure_effect([0.9, 0.9, 0.9], [0.9, 0.9], 100)
    assert effect
    assert effect.margin is not None
    assert effect.margin > 0
    assert effect.is_within_chance


def test_what_has_no_accuracy_has_no_effect_and_what_is_not_known_is_not_claimed() -> None:
    assert measure_effect([], [0.9], 100) is None
    assert measure_effect([0.9], [], 100) is None
    unknown = measure_effect([0.1], [0.9], 0)
    assert unknown == Effect(0.8, None, Evidence.NOTHING)
    assert unknown.is_within_chance
    assert Effect(0.0284, 0.0276, Evidence.SEEDS).text == "+0.028 ± 0.028"
    assert Effect(0.0284, 0.0276, Evidence.SEEDS).is_within_chance, "as the figures say that are shown"
