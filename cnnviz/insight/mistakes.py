"""Where a net was wrong: which classes it takes for which, and which samples show it best."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from sklearn.metrics import confusion_matrix, precision_recall_fscore_support

from cnnviz.insight.predictions import Predictions

Rows = npt.NDArray[np.intp]
"""Places of samples in the predictions."""


@dataclass(frozen=True, eq=False)
class Scores:
    """Of every class (C,): precision TP / (TP + FP), recall TP / (TP + FN), F1 their harmonic mean, samples.

    What has nothing to divide by is 0. Source: sklearn.metrics.precision_recall_fscore_support.
    """

    precision: npt.NDArray[np.float64]
    recall: npt.NDArray[np.float64]
    f1: npt.NDArray[np.float64]
    support: npt.NDArray[np.int64]


@dataclass(frozen=True)
class Pair:
    """Samples of one class that got the answer of another."""

    right: int
    answer: int
    count: int
    share: float
    """Of all samples of the right class."""


def confusion(predictions: Predictions) -> npt.NDArray[np.int64]:
    """(C, C): how many samples of the class of a row got the answer of a column."""
    labels = np.arange(len(predictions.classes))
    return np.asarray(confusion_matrix(predictions.y, predictions.answers, labels=labels), np.int64)


def scores(predictions: Predictions) -> Scores:
    """Precision, recall, F1 and number of samples of every class."""
    found = precision_recall_fscore_support(
        predictions.y, predictions.answers, labels=np.arange(len(predictions.classes)), zero_division=0
    )
    return Scores(*(np.asarray(each) for each in found))


def occurring(predictions: Predictions) -> npt.NDArray[np.intp]:
    """The classes that some sample has or got."""
    return np.union1d(predictions.y, predictions.answers)


def pairs(predictions: Predictions, most: int) -> list[Pair]:
    """The confusions with the most samples, the most frequent first."""
    counts = confusion(predictions)
    wrong = counts - np.diag(np.diag(counts))
    order = np.argsort(-wrong, axis=None, kind="stable")[:most]
    places = [divmod(int(place), len(counts)) for place in order if wrong.flat[place]]
    totals = counts.sum(axis=1)
    return [Pair(r, a, int(wrong[r, a]), float(wrong[r, a] / max(totals[r], 1))) for r, a in places]


def cell(predictions: Predictions, right: int, answer: int) -> Rows:
    """The samples of one class that got one answer, the surest first."""
    rows = np.flatnonzero((predictions.y == right) & (predictions.answers == answer))
    return rows[np.argsort(-predictions.probabilities[rows, answer], kind="stable")]


def worst(predictions: Predictions) -> Rows:
    """The samples that got a wrong answer, those first of which the net was surest."""
    rows = np.flatnonzero(predictions.y != predictions.answers)
    return rows[np.argsort(-_sure(predictions)[rows], kind="stable")]


def least_certain(predictions: Predictions) -> Rows:
    """The samples that got the right answer, those first of which the net was least sure."""
    rows = np.flatnonzero(predictions.y == predictions.answers)
    return rows[np.argsort(_sure(predictions)[rows], kind="stable")]


def likeliest(predictions: Predictions, row: int, most: int = 3) -> list[tuple[int, float]]:
    """The likeliest classes of a sample with their probabilities, the likeliest first."""
    order = np.argsort(-predictions.probabilities[row], kind="stable")[:most]
    return [(int(number), float(predictions.probabilities[row, number])) for number in order]


def _sure(predictions: Predictions) -> npt.NDArray[np.float32]:
    """(N,): the probability of each answer."""
    return np.asarray(predictions.probabilities.max(axis=1))
