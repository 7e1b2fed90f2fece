"""What an accuracy that was measured on few samples says about many more of them."""

from functools import lru_cache

from scipy.stats import binomtest


@lru_cache(maxsize=4096)  # scipy searches for the p-value first, for milliseconds
def wilson_interval(correct: int, samples: int) -> tuple[float, float]:
    """Returns the bounds of the accuracy on many more such samples, at 95 % confidence.

    Source: Wilson, "Probable inference, the law of succession, and statistical inference" (1927).

    >>> [round(bound, 3) for bound in wilson_interval(90, 100)]
    [0.826, 0.945]
    """
    bounds = binomtest(correct, samples).proportion_ci(method="wilson")
    return float(bounds.low), float(bounds.high)


def accuracy_interval(accuracy: float, samples: int) -> tuple[float, float]:
    """Returns Wilson's interval of an accuracy that was measured on so many samples.

    >>> accuracy_interval(0.9, 100) == wilson_interval(90, 100)
    True
    """
    return wilson_interval(round(accuracy * samples), samples)


def describe_accuracy(accuracy: float, samples: int | None) -> str:
    """Returns an accuracy with its interval, where the number of samples is known.

    >>> describe_accuracy(0.9, 100), describe_accuracy(0.9, None)
    ('0.900 (95 % interval 0.826 to 0.945, 100 samples)', '0.900')
    """
    if not samples:
        return f"{accuracy:.3f}"
    low, high = accuracy_interval(accuracy, samples)
    return f"{accuracy:.3f} (95 % interval {low:.3f} to {high:.3f}, {samples:,} samples)"


def exceeds_by_chance(larger: tuple[float, int], smaller: tuple[float, int]) -> bool:
    """Returns whether two accuracies, each with its number of samples, may differ by chance alone.

    They may if 0 is within the 95 % interval of their difference.
    Source: Newcombe, "Interval estimation for the difference between independent proportions" (1998), method 10, which
    combines Wilson's intervals of both.

    >>> exceeds_by_chance((0.90, 50), (0.84, 50)), exceeds_by_chance((0.90, 1000), (0.84, 1000))
    (True, False)
    """
    low, high = accuracy_interval(*larger)[0], accuracy_interval(*smaller)[1]
    difference = larger[0] - smaller[0]
    return bool(difference**2 <= (larger[0] - low) ** 2 + (high - smaller[0]) ** 2)
