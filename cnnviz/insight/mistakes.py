"""Where a net was wrong: which classes it takes for which, and which samples show it best."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from sklearn.metrics import confusion_matrix, precision_recall_fscore_support

from cnnviz.insight.predictions import Predictions

SampleIndices = npt.NDArray[np.intp]
"""Places of samples in the predictions."""


@dataclass(frozen=True, eq=False)
class ClassScores:
    """Of every class (C,): precision TP / (TP + FP), recall TP / (TP + FN), F1 their harmonic mean, samples.

    What has nothing to divide by is 0. Source: sklearn.metrics.precision_recall_fscore_support.
    """

    precision: npt.NDArray[np.float64]
    recall: npt.NDArray[np.float64]
    f1: npt.NDArray[np.float64]
    support: npt.NDArray[np.int64]


@dataclass(frozen=True)
class ConfusedPair:
    """Samples of one class that got the answer of another."""

    true_class: int
    predicted_class: int
    count: int
    share: float
    """Of all samples of the right class."""


def confusion_counts(predictions: Predictions) -> npt.NDArray[np.int64]:
    """(C, C): how many samples of the class of a row got the answer of a column."""
    labels = np.arange(len(predictions.classes))
    return np.asarray(confusion_matrix(predictions.y, predictions.predicted, labels=labels), np.int64)


def class_scores(predictions: Predictions) -> ClassScores:
    """Precision, recall, F1 and number of samples of every class."""
    columns = precision_recall_fscore_support(
        predictions.y, predictions.predicted, labels=np.arange(len(predictions.classes)), zero_division=0
    )
    return ClassScores(*(np.asarray(each) for each in columns))


def occurring_classes(predictions: Predictions) -> npt.NDArray[np.intp]:
    """The classes that some sample has or got."""
    return np.union1d(predictions.y, predictions.predicted)


def most_confused_pairs(predictions: Predictions, limit: int) -> list[ConfusedPair]:
    """The confusions with the most samples, the most frequent first."""
    counts = confusion_counts(predictions)
    wrong = counts - np.diag(np.diag(counts))
    order = np.argsort(-wrong, axis=None, kind="stable")[:limit]
    cells = [divmod(int(place), len(counts)) for place in order if wrong.flat[place]]
    totals = counts.sum(axis=1)
    return [ConfusedPair(r, a, int(wrong[r, a]), float(wrong[r, a] / max(totals[r], 1))) for r, a in cells]


def samples_in_cell(predictions: Predictions, true_class: int, predicted_class: int) -> SampleIndices:
    """The samples of one class that got one answer, the surest first."""
    rows = np.flatnonzero((predictions.y == true_class) & (predictions.predicted == predicted_class))
    return rows[np.argsort(-predictions.probabilities[rows, predicted_class], kind="stable")]


def most_confident_mistakes(predictions: Predictions) -> SampleIndices:
    """The samples that got a wrong answer, those first of which the net was surest."""
    rows = np.flatnonzero(predictions.y != predictions.predicted)
    return rows[np.argsort(-_confidence(predictions)[rows], kind="stable")]


def least_confident_hits(predictions: Predictions) -> SampleIndices:
    """The samples that got the right answer, those first of which the net was least sure."""
    rows = np.flatnonzero(predictions.y == predictions.predicted)
    return rows[np.argsort(_confidence(predictions)[rows], kind="stable")]


def top_classes(predictions: Predictions, sample: int, limit: int = 3) -> list[tuple[int, float]]:
    """The likeliest classes of a sample with their probabilities, the likeliest first."""
    order = np.argsort(-predictions.probabilities[sample], kind="stable")[:limit]
    return [(int(number), float(predictions.probabilities[sample, number])) for number in order]


def _confidence(predictions: Predictions) -> npt.NDArray[np.float32]:
    """(N,): the probability of each answer."""
    return np.asarray(predictions.probabilities.max(axis=1))
