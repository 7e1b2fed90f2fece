"""When seeds have decided: against their band, Student's interval, and the errors over made-up changes."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import ttest_ind

from cnnviz.insight.seed_question import DECISION_CONFIDENCE, MIN_BAND_SEEDS, MIN_SEEDS, SeedAnswer, seed_answer

ACCURACIES = st.lists(st.integers(0, 200).map(lambda count: count / 200), max_size=6)
MAX_SEEDS = 5
SPREAD = 0.015
"""Standard deviation over seeds of the lab's net on the spoken words, about."""


@given(ACCURACIES, ACCURACIES)
def test_it_is_decided_by_the_band_or_by_chance(before: list[float], after: list[float]) -> None:
    answer = seed_answer(before, after, 200)
    if len(after) < 2 or not before:
        assert answer is None
        return
    is_inside = len(after) >= MIN_BAND_SEEDS and min(after) <= np.mean(before) <= max(after)
    if len(before) > 1 and min(np.std(before), np.std(after)) > 0.01:
        low, high = ttest_ind(after, before, equal_var=True).confidence_interval(DECISION_CONFIDENCE)
        if min(abs(low), abs(high)) > 0.001:  # the figures that are shown are rounded
            assert (answer == SeedAnswer.BEYOND) == (not low <= 0 <= high)
    if answer != SeedAnswer.BEYOND:
        assert (answer == SeedAnswer.WITHIN) == is_inside


@given(ACCURACIES.filter(len), ACCURACIES, st.integers(0, 200).map(lambda count: count / 200))
def test_no_further_seed_takes_a_value_out_of_the_band(before: list[float], after: list[float], more: float) -> None:
    if seed_answer(before, after, 200) == SeedAnswer.WITHIN:
        assert min(*after, more) <= np.mean(before) <= max(*after, more)


def stopped_answers(effect: float, seeds_before: int, count: int = 1500) -> list[tuple[SeedAnswer | None, int]]:
    """Answers and numbers of seeds of made-up changes, asked after every seed until one decides."""
    random, answers = np.random.default_rng(0), []
    for _ in range(count):
        before = random.normal(0.8, SPREAD, seeds_before).tolist()
        after = random.normal(0.8 + effect, SPREAD, MAX_SEEDS).tolist()
        asked = ((seed_answer(before, after[:n], 385), n) for n in range(MIN_SEEDS, MAX_SEEDS + 1))
        answers.append(next(((answer, n) for answer, n in asked if answer), (None, MAX_SEEDS)))
    return answers


@pytest.mark.parametrize("seeds_before", [1, 3])
def test_what_changes_nothing_is_taken_for_a_change_in_fewer_than_one_of_twenty_cases(seeds_before: int) -> None:
    answers = stopped_answers(0.0, seeds_before)
    assert sum(answer == SeedAnswer.BEYOND for answer, _ in answers) < 0.055 * len(answers)
    assert np.mean([number for _, number in answers]) < 4, "it spares a seed of five"


def test_a_large_change_is_not_taken_for_luck() -> None:
    answers = stopped_answers(4 * SPREAD, 3)
    assert sum(answer == SeedAnswer.WITHIN for answer, _ in answers) < 0.01 * len(answers)
    assert np.mean([number for _, number in answers]) < 4
