import numpy as np
import pytest
from hypothesis import given
from sklearn.calibration import calibration_curve

from cnnviz.insight.calibration import BINS, calibration
from cnnviz.insight.predictions import Predictions
from tests.insight.predictions import any_predictions


@given(any_predictions)
def test_bins_are_those_of_scikit_learn(predictions: Predictions) -> None:
    result = calibration(predictions)
    sure = predictions.probabilities.max(axis=1).astype(float)
    if np.isclose(sure * BINS, np.round(sure * BINS)).any():
        return  # on the edge of two bins, scikit-learn rounds another way
    right = predictions.predicted == predictions.y
    shares, means = calibration_curve(right, sure, n_bins=BINS)
    some = result.counts > 0
    assert result.accuracy[some] == pytest.approx(shares)
    assert result.confidence[some] == pytest.approx(means)
    assert result.counts.sum() == len(predictions.y)


def test_the_error_is_the_mean_distance_weighted_by_samples() -> None:
    probabilities = np.array([[0.95, 0.05], [0.95, 0.05], [0.55, 0.45], [0.55, 0.45]], np.float32)
    result = calibration(Predictions(probabilities, np.array([0, 0, 0, 1]), ("a", "b")))
    assert result.expected_error == pytest.approx((2 * abs(1 - 0.95) + 2 * abs(0.5 - 0.55)) / 4)
