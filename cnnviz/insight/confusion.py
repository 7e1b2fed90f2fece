"""Mistakes of a net: which classes it confuses, and which samples show it best."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from sklearn.metrics import confusion_matrix, precision_recall_fscore_support

from cnnviz.insight.predictions import Predictions

SampleIndices = npt.NDArray[np.intp]
"""Indices of samples in the predictions."""


@dataclass(frozen=True, eq=False)
class ClassMetrics:
    """Metrics of every class (C,): precision TP / (TP + FP), recall TP / (TP + FN), F1 their harmonic mean, samples.

    A score whose denominator is 0 is 0. Source: sklearn.metrics.precision_recall_fscore_support.
    """

    precision: npt.NDArray[np.float64]
    recall: npt.NDArray[np.float64]
    f1: npt.NDArray[np.float64]
    support: npt.NDArray[np.int64]


@dataclass(frozen=True)
class ConfusedPair:
    """Samples of one class for which the net predicted another."""

    true_class: int
    predicted_class: int
    count: int
    share: float
    """Fraction of all samples of the true class."""


def confusion_counts(predictions: Predictions) -> npt.NDArray[np.int64]:
    """Returns the confusion matrix (C, C): number of samples by true class (row) and predicted class (column)."""
    labels = np.arange(len(predictions.classes))
    return np.asarray(confusion_matrix(predictions.y, predictions.predicted, labels=labels), np.int64)


def class_metrics(predictions: Predictions) -> ClassMetrics:
    """Returns precision, recall, F1 and number of samples of every class."""
    columns = precision_recall_fscore_support(
        predictions.y, predictions.predicted, labels=np.arange(len(predictions.classes)), zero_division=0
    )
    return ClassMetrics(*(np.asarray(column) for column in columns))


def occurring_classes(predictions: Predictions) -> npt.NDArray[np.intp]:
    """Returns the classes that occur as true or as predicted class of some sample."""
    return np.union1d(predictions.y, predictions.predicted)


def most_confused_pairs(predictions: Predictions, limit: int) -> list[ConfusedPair]:
    """Returns up to `limit` pairs of confused classes, the most frequent first."""
    counts = confusion_counts(predictions)
    wrong = counts - np.diag(np.diag(counts))
    order = np.argsort(-wrong, axis=None, kind="stable")[:limit]
    cells = [divmod(int(index), len(counts)) for index in order if wrong.flat[index]]
    totals = counts.sum(axis=1)
    return [
        ConfusedPair(row, column, int(wrong[row, column]), float(wrong[row, column] / max(totals[row], 1)))
        for row, column in cells
    ]


def samples_in_cell(predictions: Predictions, true_class: int, predicted_class: int) -> SampleIndices:
    """Returns the samples in one cell of the confusion matrix, those with the highest probability first."""
    rows = np.flatnonzero((predictions.y == true_class) & (predictions.predicted == predicted_class))
    return rows[np.argsort(-predictions.probabilities[rows, predicted_class], kind="stable")]


def most_confident_mistakes(predictions: Predictions) -> SampleIndices:
    """Returns the wrongly classified samples, those of which the net was surest first."""
    rows = np.flatnonzero(predictions.y != predictions.predicted)
    return rows[np.argsort(-_confidence(predictions)[rows], kind="stable")]


def least_confident_hits(predictions: Predictions) -> SampleIndices:
    """Returns the correctly classified samples, those of which the net was least sure first."""
    rows = np.flatnonzero(predictions.y == predictions.predicted)
    return rows[np.argsort(_confidence(predictions)[rows], kind="stable")]


def top_classes(predictions: Predictions, sample: int, limit: int = 3) -> list[tuple[int, float]]:
    """Returns the `limit` most likely classes of a sample with their probabilities, the most likely first."""
    order = np.argsort(-predictions.probabilities[sample], kind="stable")[:limit]
    return [(int(number), float(predictions.probabilities[sample, number])) for number in order]


def _confidence(predictions: Predictions) -> npt.NDArray[np.float32]:
    """Returns the probability (N,) of the predicted class of each sample."""
    return np.asarray(predictions.probabilities.max(axis=1))
