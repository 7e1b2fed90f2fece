"""What a net took for what: counted on the test samples by scikit-learn, as tables."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from sklearn.metrics import confusion_matrix, precision_recall_fscore_support

from cnnviz.insight.predictions import Predictions

MOST_CLASSES = 60
"""Of a confusion matrix that a page can hold."""
MOST_PAIRS = 40
"""The most frequent confusions that are told where there are more classes."""


@dataclass(frozen=True)
class Score:
    """How one class came off; shares between 0 and 1."""

    name: str
    precision: float
    """Of the samples that were taken for this class, the share that is of it."""
    recall: float
    """Of the samples of this class, the share that was taken for it."""
    f1: float
    samples: int


@dataclass(frozen=True)
class Pair:
    """Samples of one class that were taken for another."""

    right: str
    answer: str
    count: int
    share: float
    """Of all samples of the right class."""


def scores(predictions: Predictions) -> tuple[Score, ...]:
    """One for every class that occurs as label or as answer; a share of nothing is 0."""
    y, answers = predictions.y, predictions.answers
    places = np.union1d(y, answers)
    columns = precision_recall_fscore_support(y, answers, labels=places, zero_division=0)
    return tuple(
        Score(_name(predictions, place), float(precision), float(recall), float(f1), int(count))
        for place, precision, recall, f1, count in zip(places.tolist(), *columns, strict=True)
    )


def confusion(predictions: Predictions) -> tuple[tuple[str, ...], npt.NDArray[np.int64]]:
    """Names and counts (C, C): rows are right classes, columns answers; of classes that occur in neither, none."""
    places = np.union1d(predictions.y, predictions.answers)
    names = tuple(_name(predictions, place) for place in places.tolist())
    return names, np.asarray(confusion_matrix(predictions.y, predictions.answers, labels=places), np.int64)


def pairs(predictions: Predictions, most: int = MOST_PAIRS) -> tuple[Pair, ...]:
    """The most frequent confusions, the most frequent first."""
    names, counts = confusion(predictions)
    wrong = counts - np.diag(np.diag(counts))
    order = np.argsort(-wrong, axis=None, kind="stable")[:most]
    places = [divmod(int(place), len(names)) for place in order if wrong.flat[place]]
    totals = counts.sum(axis=1)
    return tuple(
        Pair(names[right], names[answer], int(wrong[right, answer]), float(wrong[right, answer] / totals[right]))
        for right, answer in places
    )


def _name(predictions: Predictions, place: int) -> str:
    """A net may have more scores than there are classes."""
    known = predictions.classes
    return known[place] if place < len(known) else f"score {place + 1} (no class)"
