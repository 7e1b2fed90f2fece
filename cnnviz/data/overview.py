"""What can be said of a data set as a whole: counts, mean samples, and how its values lie."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cnnviz.data.base import Labels, Rows, Samples
from cnnviz.data.content import Content
from cnnviz.data.scaling import Scale

MOST = 400
"""Samples that a mean or a histogram is taken over."""
BINS = 60


def counts(y: Labels, rows: Rows, classes: int) -> npt.NDArray[np.int64]:
    """(3, classes): how many samples of each class are in each part."""
    return np.stack([np.bincount(y[part], minlength=classes) for part in rows]).astype(np.int64)


def class_mean(content: Content, label: int) -> npt.NDArray[np.float32]:
    """(*shape): the mean of the first samples of a class, up to `MOST`."""
    places = np.flatnonzero(content.y == label)[:MOST]
    return np.asarray(content.x[places].mean(axis=0, dtype=np.float64), np.float32)


@dataclass(frozen=True, eq=False)
class Histogram:
    """How values lie: edges (BINS + 1,) and the share of all values in each bin, in per cent."""

    edges: npt.NDArray[np.float64]
    shares: npt.NDArray[np.float64]
    mean: float
    std: float


def histogram(x: Samples) -> Histogram:
    """Of the values of these samples."""
    values = np.asarray(x, np.float64).ravel()
    low, high = float(values.min()), float(values.max())
    if low == high:
        low, high = low - 0.5, high + 0.5
    shares, edges = np.histogram(values, BINS, (low, high))
    return Histogram(edges, 100 * shares / len(values), float(values.mean()), float(values.std()))


def before_and_after(training: Samples, scale: Scale) -> tuple[Histogram, Histogram]:
    """The values of some training samples as they are, and as the net gets them."""
    some = np.asarray(training[:: max(1, len(training) // MOST)])
    return histogram(some), histogram(scale.of(some))
