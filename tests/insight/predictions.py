"""Made-up predictions."""

import numpy as np
from hypothesis import strategies as st

from cnnviz.insight.predictions import Predictions


def make_predictions(samples: int, classes: int, seed: int, sharpness: float = 2.0) -> Predictions:
    generator = np.random.default_rng(seed)
    y = generator.integers(classes, size=samples)
    scores = generator.normal(size=(samples, classes)) + sharpness * np.eye(classes)[y]
    probabilities = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    return Predictions(probabilities.astype(np.float32), y, tuple(f"class {number}" for number in range(classes)))


any_predictions = st.builds(
    make_predictions, st.integers(1, 60), st.integers(2, 9), st.integers(0, 10_000), st.floats(0, 6)
)
