import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from cnnviz.insight.groups import group_accuracies
from cnnviz.insight.predictions import Predictions
from tests.insight.predictions import any_predictions


@given(any_predictions, st.integers(0, 100))
def test_groups_hold_all_samples_and_their_hits_the_weakest_first(predictions: Predictions, seed: int) -> None:
    names = [f"voice {number}" for number in np.random.default_rng(seed).integers(4, size=len(predictions.y))]
    groups = group_accuracies(predictions, names)
    right = predictions.predicted == predictions.y
    assert sum(group.samples for group in groups) == len(names)
    for group in groups:
        hits = [hit for name, hit in zip(names, right, strict=True) if name == group.name]
        assert (group.correct, group.samples) == (sum(hits), len(hits))
        low, high = group.confidence_interval
        assert 0 <= low <= group.accuracy <= high <= 1
    assert [group.accuracy for group in groups] == sorted(group.accuracy for group in groups)
