"""The rule by which one epoch is better than another: whose weights are kept, and which epoch a run is judged by."""

import math
from collections.abc import Iterable
from typing import NamedTuple


class EpochScore(NamedTuple):
    """Validation accuracy and loss of an epoch, by which it is compared with others."""

    accuracy: float
    loss: float

    def is_better_than(self, other: "EpochScore") -> bool:
        """Returns whether its accuracy is higher, or equal with a lower loss; NaN is worse than any number.

        >>> EpochScore(0.9, 0.4).is_better_than(EpochScore(0.9, 0.5))
        True
        """
        return self._rank > other._rank

    @property
    def _rank(self) -> tuple[float, float]:
        accuracy, loss = self
        return (-math.inf if math.isnan(accuracy) else accuracy, -math.inf if math.isnan(loss) else -loss)


NO_EPOCH = EpochScore(-1.0, math.inf)
"""The score before the first epoch has ended: every epoch with an accuracy is better."""


def best_index(scores: Iterable[EpochScore]) -> int | None:
    """Returns the index of the best score, the first of equal ones; None when there is none.

    >>> best_index([EpochScore(0.5, 0.9), EpochScore(0.9, 0.5), EpochScore(0.9, 0.4), EpochScore(0.9, 0.4)])
    2
    """
    best, best_so_far = None, NO_EPOCH
    for index, score in enumerate(scores):
        if score.is_better_than(best_so_far):
            best, best_so_far = index, score
    return best
