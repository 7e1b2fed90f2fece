"""Metrics of a net's scores, measured after each epoch."""

from collections.abc import Callable

import torch
from torch import Tensor

TOP_K = 5
Metric = Callable[[Tensor, Tensor], Tensor]
"""Function of scores (N, C) and class numbers (N,) that returns one number."""


def accuracy(scores: Tensor, y: Tensor) -> Tensor:
    """Returns the share of samples whose highest score is that of their own class."""
    return (scores.argmax(1) == y).double().mean()


def top_five(scores: Tensor, y: Tensor) -> Tensor:
    """Returns the share of samples whose own class is among the five with the highest scores."""
    top_classes = scores.topk(min(TOP_K, scores.shape[1]), dim=1).indices
    return (top_classes == y[:, None]).any(1).double().mean()


def macro_f1(scores: Tensor, y: Tensor) -> Tensor:
    """Returns the mean of F1, 2·TP / (2·TP + FP + FN), over the classes that occur as label or as prediction.

    Every class counts alike, however few samples it has. Source: sklearn.metrics.f1_score(average="macro").
    """
    predicted, classes = scores.argmax(1), scores.shape[1]
    label_counts, predicted_counts = torch.bincount(y, minlength=classes), torch.bincount(predicted, minlength=classes)
    true_positives = torch.bincount(y[predicted == y], minlength=classes)
    totals = label_counts + predicted_counts
    return (2 * true_positives[totals > 0] / totals[totals > 0].double()).mean()


METRICS: dict[str, Metric] = {"accuracy": accuracy, "top-5": top_five, "macro F1": macro_f1}
"""Every metric besides the loss, by the name that its points carry."""
