"""Metrics against scikit-learn's."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, f1_score, top_k_accuracy_score

from cnnviz.training.metrics import METRICS

ORACLES = {
    "accuracy": lambda scores, y: accuracy_score(y, scores.argmax(1)),
    "top-5": lambda scores, y: top_k_accuracy_score(y, scores, k=5, labels=range(scores.shape[1])),
    "macro F1": lambda scores, y: f1_score(y, scores.argmax(1), average="macro"),
}


def test_every_metric_has_an_oracle() -> None:
    assert ORACLES.keys() == METRICS.keys()


@pytest.mark.parametrize("name", METRICS)
@settings(deadline=None)
@given(seed=st.integers(0, 2**31), samples=st.integers(1, 60), classes=st.integers(6, 40))
def test_a_metric_is_scikit_learns(name: str, seed: int, samples: int, classes: int) -> None:
    random = np.random.default_rng(seed)
    scores, y = random.permuted(np.tile(np.arange(classes), (samples, 1)), axis=1), random.integers(0, classes, samples)
    ours = METRICS[name](torch.from_numpy(scores).double(), torch.from_numpy(y))
    assert float(ours) == pytest.approx(ORACLES[name](scores, y), abs=1e-12)


def test_with_less_than_five_classes_everything_is_among_the_best_five() -> None:
    assert float(METRICS["top-5"](torch.rand(7, 3), torch.zeros(7, dtype=torch.int64))) == 1
