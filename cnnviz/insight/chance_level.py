"""The loss of guessing, ln(classes), and whether a net has learned more than that."""

from math import log

import numpy as np
import numpy.typing as npt

CHANCE_TOLERANCE = (0.98, 1.05)
"""Bounds of a loss that is as good as that of guessing, as shares of it."""
MIN_CHANCE_EPOCHS = 5
"""Epochs that a loss must stay there before anything is said: the first ones of a slow start look the same."""


def chance_loss(classes: int) -> float:
    """Returns the cross-entropy of a net that gives every one of the classes the same probability: ln(classes).

    >>> round(chance_loss(35), 3)
    3.555
    """
    return log(classes)


def epochs_at_chance(train_loss: npt.NDArray[np.float64], classes: int | None) -> int:
    """Returns for how many epochs, up to the last one, the training loss has been that of guessing; 0: it is not.

    A loss that was clearly lower before counts as well: a net can fall back to guessing.

    >>> epochs_at_chance(np.array([2.6, 2.32, 2.31, 2.30, 2.30, 2.30]), 10)
    5
    >>> epochs_at_chance(np.array([2.30] * 9 + [2.0]), 10), epochs_at_chance(np.array([2.30] * 2), 10)
    (0, 0)
    """
    if classes is None or classes < 2:
        return 0
    low, high = (share * chance_loss(classes) for share in CHANCE_TOLERANCE)
    elsewhere = np.flatnonzero(~((low <= train_loss) & (train_loss <= high)))
    count = len(train_loss) - (int(elsewhere[-1]) + 1 if len(elsewhere) else 0)
    return count if count >= MIN_CHANCE_EPOCHS else 0
