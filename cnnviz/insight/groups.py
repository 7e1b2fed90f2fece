"""Accuracy of a net on groups of samples, such as the recordings of each voice."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from cnnviz.insight.intervals import wilson_interval
from cnnviz.insight.predictions import Predictions


@dataclass(frozen=True)
class SampleGroup:
    """Samples that have something in common, and how many of them were classified correctly."""

    name: str
    correct: int
    samples: int

    @property
    def accuracy(self) -> float:
        """Share of correct predictions."""
        return self.correct / self.samples

    @property
    def confidence_interval(self) -> tuple[float, float]:
        """Lower and upper bound of the accuracy on many more such samples, at 95 % confidence (Wilson's interval)."""
        return wilson_interval(self.correct, self.samples)


def group_accuracies(predictions: Predictions, names: Sequence[str]) -> list[SampleGroup]:
    """Returns the groups of the samples; `names` (N,) are the group names. The lowest accuracy comes first."""
    is_correct = predictions.predicted == predictions.y
    sample_counts, correct_counts = (
        Counter(names),
        Counter(name for name, correct in zip(names, is_correct, strict=True) if correct),
    )
    result = [SampleGroup(name, correct_counts[name], count) for name, count in sample_counts.items()]
    return sorted(result, key=lambda group: (group.accuracy, -group.samples, group.name))
