"""Limits on the classes of a data set."""

import numpy as np

from cnnviz.data.arrays import Labels
from cnnviz.errors import DataError
from cnnviz.words import count_label

MAX_CLASSES = 1000
MAX_CLASS_NAME_LENGTH = 60
"""Characters in the name of a class."""
MIN_SAMPLES_PER_CLASS = 10
"""Samples of a class that an 80/10/10 split needs so that validation and test together get two of them."""


def check_class_counts(y: Labels, classes: tuple[str, ...]) -> None:
    """Raises DataError unless every class has enough samples to be split 80/10/10."""
    counts = np.bincount(y, minlength=len(classes))
    rarest = int(counts.argmin())
    if counts[rarest] < MIN_SAMPLES_PER_CLASS:
        raise DataError(
            f"Class “{classes[rarest]}” has {count_label(int(counts[rarest]), 'sample')}; a split into 80 % training,"
            f" 10 % validation and 10 % test needs at least {MIN_SAMPLES_PER_CLASS} of every class. Add samples or"
            " leave this class out."
        )
