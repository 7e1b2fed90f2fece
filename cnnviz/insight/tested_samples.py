"""Finds the samples that a run was tested on in their data set."""

from collections.abc import Sequence

import numpy as np

from cnnviz.data.content import Content
from cnnviz.insight.confusion import SampleIndices
from cnnviz.insight.predictions import Predictions


def find_tested_samples(
    content: Content, rows: Sequence[SampleIndices], predictions: Predictions
) -> SampleIndices | None:
    """Returns the indices (N,) of the predicted samples in the data set; None if its test part has other labels."""
    indices = np.asarray(rows[2])
    matches = len(indices) == len(predictions.y) and bool((content.y[indices] == predictions.y).all())
    return indices if matches else None
