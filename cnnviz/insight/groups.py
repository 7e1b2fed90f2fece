"""How well a net does on each of several groups of samples, such as the voices that are heard in them."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from scipy.stats import binomtest

from cnnviz.insight.predictions import Predictions


@dataclass(frozen=True)
class Group:
    """Samples that have something in common, and how many of them got the right answer."""

    name: str
    hits: int
    samples: int

    @property
    def accuracy(self) -> float:
        """Share of right answers."""
        return self.hits / self.samples

    @property
    def interval(self) -> tuple[float, float]:
        """Where the accuracy on many more such samples lies with a confidence of 95 % (Wilson's interval)."""
        found = binomtest(self.hits, self.samples).proportion_ci(method="wilson")
        return float(found.low), float(found.high)


def groups(predictions: Predictions, names: Sequence[str]) -> list[Group]:
    """The groups that the samples (N,) belong to, by name; the lowest accuracy first."""
    right = predictions.answers == predictions.y
    samples, hits = Counter(names), Counter(name for name, hit in zip(names, right, strict=True) if hit)
    found = [Group(name, hits[name], count) for name, count in samples.items()]
    return sorted(found, key=lambda group: (group.accuracy, -group.samples, group.name))
