"""Calibration: whether a net is right as often as its confidence claims."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cnnviz.insight.predictions import Predictions

BINS = 10
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Calibration:
    """Mean confidence, accuracy (both NaN in empty bins) and number of samples in BINS equal bins of confidence."""

    confidence: Floats
    accuracy: Floats
    counts: npt.NDArray[np.int64]

    @property
    def expected_error(self) -> float:
        """The expected calibration error, Σ n_b / N · |accuracy_b − confidence_b|; 0 for perfect calibration."""
        filled = self.counts > 0
        gaps = np.abs(self.accuracy[filled] - self.confidence[filled])
        return float(gaps @ self.counts[filled] / max(self.counts.sum(), 1))


def calibration(predictions: Predictions) -> Calibration:
    """Sorts predictions by their probability into the bins (0, 0.1], …, (0.9, 1], and returns statistics of each bin.

    Source: Guo, Pleiss, Sun & Weinberger, "On Calibration of Modern Neural Networks" (2017), section 2.
    """
    confidence = predictions.probabilities.max(axis=1).astype(float)
    correct = (predictions.predicted == predictions.y).astype(float)
    bins = np.clip(np.ceil(confidence * BINS).astype(int) - 1, 0, BINS - 1)
    counts = np.bincount(bins, minlength=BINS)
    with np.errstate(invalid="ignore"):
        means = [np.bincount(bins, weights=values, minlength=BINS) / counts for values in (confidence, correct)]
    return Calibration(means[0], means[1], counts)
