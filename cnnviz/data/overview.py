"""Statistics of a whole data set: samples per class, mean samples, and the distribution of its values."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cnnviz.data.arrays import Labels, Samples, SplitIndices
from cnnviz.data.content import Content, PartView
from cnnviz.data.scaling import Scale

MAX_MEAN_SAMPLES = 400
"""Samples of a class that its mean is taken over."""
MAX_VALUES = 50_000_000
"""Values that a histogram counts; if there are more, those of evenly spaced samples."""
BINS = 60
MAX_FLOAT32 = float(np.finfo(np.float32).max)
BLOCK_SIZE = 1024
"""Samples that are counted at once."""


def class_counts(y: Labels, split_indices: SplitIndices, classes: int) -> npt.NDArray[np.int64]:
    """Counts the samples of each class in each part, (3, classes)."""
    return np.stack([np.bincount(y[part], minlength=classes) for part in split_indices]).astype(np.int64)


def class_mean(content: Content, label: int) -> npt.NDArray[np.float32]:
    """Returns the mean of the first MAX_MEAN_SAMPLES samples of a class, (*shape)."""
    indices = np.flatnonzero(content.y == label)[:MAX_MEAN_SAMPLES]
    return np.asarray(content.x[indices].mean(axis=0, dtype=np.float64), np.float32)


@dataclass(frozen=True, eq=False)
class Histogram:
    """Distribution of values: edges (BINS + 1,) and the share of all values in each bin, in per cent."""

    samples: int
    edges: npt.NDArray[np.float64]
    shares: npt.NDArray[np.float64]
    low: float
    high: float
    mean: float
    std: float


def histogram(x: Samples, scale: Scale) -> Histogram:
    """Computes the distribution of the values of these samples after scaling."""
    blocks = [slice(start, start + BLOCK_SIZE) for start in range(0, len(x), BLOCK_SIZE)]

    def scaled_block(block: slice) -> npt.NDArray[np.float64]:
        """Scales a block; infinite values become the largest finite ones."""
        return np.nan_to_num(scale.apply(x[block]).astype(np.float64), posinf=MAX_FLOAT32, neginf=-MAX_FLOAT32)

    low = min(float(scaled_block(block).min()) for block in blocks)
    high = max(float(scaled_block(block).max()) for block in blocks)
    value_range = (low, high) if low < high else (low - 0.5, high + 0.5)
    bin_counts, total, squares = np.zeros(BINS), 0.0, 0.0
    for block in blocks:
        values = scaled_block(block)
        bin_counts += np.histogram(values, BINS, value_range)[0]
        total += float(values.sum())
    mean = total / x.size
    for block in blocks:
        squares += float(((scaled_block(block) - mean) ** 2).sum())
    edges = np.linspace(*value_range, BINS + 1)
    return Histogram(len(x), edges, 100 * bin_counts / x.size, low, high, mean, float(np.sqrt(squares / x.size)))


def histograms_before_and_after(training: Samples | PartView, scale: Scale) -> tuple[Histogram, Histogram]:
    """Computes the distribution of the training samples as they are, and as the net sees them."""
    sample = training[:: -(-training.size // MAX_VALUES)]
    return histogram(sample, Scale()), histogram(sample, scale)
