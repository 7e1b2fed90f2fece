"""Likely wrong labels: equal to the paper's definition written out sample by sample."""

import numpy as np
from hypothesis import given

from cnnviz.insight.label_issues import find_label_issues
from cnnviz.insight.predictions import Predictions
from tests.insight.predictions import any_predictions, make_predictions


@given(any_predictions)
def test_likely_wrong_labels_are_those_of_the_paper(predictions: Predictions) -> None:
    p, y = predictions.probabilities.astype(float), predictions.y
    classes = range(p.shape[1])
    thresholds = {j: np.mean([p[i, j] for i in range(len(y)) if y[i] == j]) for j in classes if j in y}
    expected = set()
    for i, label in enumerate(y):
        confident = [j for j in thresholds if p[i, j] > thresholds[j] - 1e-6]
        if confident and max(confident, key=lambda j: p[i, j]) != label and p[i].argmax() != label:
            expected.add(i)
    issues = find_label_issues(p, y)
    assert set(issues.wrong.tolist()) == expected
    own = [p[i, y[i]] for i in range(len(y))]
    assert list(issues.wrong) == sorted(issues.wrong, key=lambda i: own[i])
    assert list(issues.ranking) == sorted(range(len(y)), key=lambda i: own[i])
    assert list(issues.doubted) == [i for i in issues.ranking if p[i].argmax() != y[i] and own[i] < p[i].max()]


def test_replaced_labels_of_a_good_net_come_first() -> None:
    good = make_predictions(2000, 10, seed=0, sharpness=8)
    replaced = np.arange(0, 2000, 20)
    y = good.y.copy()
    y[replaced] = (y[replaced] + 3) % 10
    ranking = find_label_issues(good.probabilities, y).ranking
    assert np.isin(ranking[: len(replaced)], replaced).mean() > 0.95


def test_a_net_that_is_unsure_of_one_class_is_not_doubted_for_it() -> None:
    """Class 1 never gets more than 0.4; its samples are where they belong all the same."""
    p = np.array([[0.9, 0.1]] * 5 + [[0.6, 0.4]] * 5)
    assert not len(find_label_issues(p, np.array([0] * 5 + [1] * 5)).wrong)


def test_scores_without_a_class_and_those_that_are_no_numbers_are_left_out() -> None:
    p = np.array([[0.6, 0.1, 0.3], [0.2, 0.7, 0.1], [np.nan] * 3, [0.1, 0.8, 0.1]])
    issues = find_label_issues(p, np.array([0, 1, 0, 0]))
    assert issues.wrong.tolist() == [3]
    assert np.isinf(issues.thresholds[2])
    assert not len(find_label_issues(np.ones((3, 1)), np.zeros(3, np.int64)).wrong)
