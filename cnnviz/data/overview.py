"""What can be said of a data set as a whole: counts, mean samples, and how its values lie."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cnnviz.data.base import Labels, Rows, Samples
from cnnviz.data.content import Content, Part
from cnnviz.data.scaling import Scale

MOST = 400
"""Samples that the mean of a class is taken over."""
MOST_VALUES = 50_000_000
"""Values that a histogram counts; of more, those of evenly spaced samples."""
BINS = 60
LARGEST = float(np.finfo(np.float32).max)
BLOCK = 1024
"""Samples that are counted together."""


def counts(y: Labels, rows: Rows, classes: int) -> npt.NDArray[np.int64]:
    """(3, classes): how many samples of each class are in each part."""
    return np.stack([np.bincount(y[part], minlength=classes) for part in rows]).astype(np.int64)


def class_mean(content: Content, label: int) -> npt.NDArray[np.float32]:
    """(*shape): the mean of the first samples of a class, up to `MOST`."""
    places = np.flatnonzero(content.y == label)[:MOST]
    return np.asarray(content.x[places].mean(axis=0, dtype=np.float64), np.float32)


@dataclass(frozen=True, eq=False)
class Histogram:
    """How the values of some samples lie: edges (BINS + 1,) and the share of all values in each bin, in per cent."""

    samples: int
    edges: npt.NDArray[np.float64]
    shares: npt.NDArray[np.float64]
    low: float
    high: float
    mean: float
    std: float


def histogram(x: Samples, scale: Scale) -> Histogram:
    """Of the values of all these samples, scaled."""
    blocks = [slice(start, start + BLOCK) for start in range(0, len(x), BLOCK)]

    def of(block: slice) -> npt.NDArray[np.float64]:
        """Scaled; what has become infinite is as large as a number can be."""
        return np.nan_to_num(scale.of(x[block]).astype(np.float64), posinf=LARGEST, neginf=-LARGEST)

    low = min(float(of(block).min()) for block in blocks)
    high = max(float(of(block).max()) for block in blocks)
    around = (low, high) if low < high else (low - 0.5, high + 0.5)
    found, total, square = np.zeros(BINS), 0.0, 0.0
    for block in blocks:
        values = of(block)
        found += np.histogram(values, BINS, around)[0]
        total += float(values.sum())
    mean = total / x.size
    for block in blocks:
        square += float(((of(block) - mean) ** 2).sum())
    edges = np.linspace(*around, BINS + 1)
    return Histogram(len(x), edges, 100 * found / x.size, low, high, mean, float(np.sqrt(square / x.size)))


def before_and_after(training: Samples | Part, scale: Scale) -> tuple[Histogram, Histogram]:
    """The values of the training samples as they are, and as the net gets them."""
    some = training[:: -(-training.size // MOST_VALUES)]
    return histogram(some, Scale()), histogram(some, scale)
