"""Whether a net is as often right as it claims."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cnnviz.insight.predictions import Predictions

BINS = 10
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Calibration:
    """Of BINS equal bins of confidence: mean confidence, share of right answers (both NaN in empty bins), samples."""

    confidence: Floats
    accuracy: Floats
    counts: npt.NDArray[np.int64]

    @property
    def expected_error(self) -> float:
        """The expected calibration error, Σ n_b / N · |accuracy_b − confidence_b|; 0 for a net that knows itself."""
        filled = self.counts > 0
        gaps = np.abs(self.accuracy[filled] - self.confidence[filled])
        return float(gaps @ self.counts[filled] / max(self.counts.sum(), 1))


def calibration(predictions: Predictions) -> Calibration:
    """The answers sorted into bins (0, 0.1], …, (0.9, 1] of the probability that they got.

    Source: Guo, Pleiss, Sun & Weinberger, "On Calibration of Modern Neural Networks" (2017), section 2.
    """
    confidence = predictions.probabilities.max(axis=1).astype(float)
    correct = (predictions.predicted == predictions.y).astype(float)
    bins = np.clip(np.ceil(confidence * BINS).astype(int) - 1, 0, BINS - 1)
    counts = np.bincount(bins, minlength=BINS)
    with np.errstate(invalid="ignore"):
        means = [np.bincount(bins, weights=each, minlength=BINS) / counts for each in (confidence, correct)]
    return Calibration(means[0], means[1], counts)
