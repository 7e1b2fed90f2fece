"""How well a net does on each of several groups of samples, such as the voices that are heard in them."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from scipy.stats import binomtest

from cnnviz.insight.predictions import Predictions


@dataclass(frozen=True)
class SampleGroup:
    """Samples that have something in common, and how many of them got the right answer."""

    name: str
    correct: int
    samples: int

    @property
    def accuracy(self) -> float:
        """Share of right answers."""
        return self.correct / self.samples

    @property
    def confidence_interval(self) -> tuple[float, float]:
        """Where the accuracy on many more such samples lies with a confidence of 95 % (Wilson's interval)."""
        bounds = binomtest(self.correct, self.samples).proportion_ci(method="wilson")
        return float(bounds.low), float(bounds.high)


def group_accuracies(predictions: Predictions, names: Sequence[str]) -> list[SampleGroup]:
    """The groups that the samples (N,) belong to, by name; the lowest accuracy first."""
    is_correct = predictions.predicted == predictions.y
    sample_counts, correct_counts = (
        Counter(names),
        Counter(name for name, hit in zip(names, is_correct, strict=True) if hit),
    )
    result = [SampleGroup(name, correct_counts[name], count) for name, count in sample_counts.items()]
    return sorted(result, key=lambda group: (group.accuracy, -group.samples, group.name))
