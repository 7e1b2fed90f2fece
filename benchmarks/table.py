"""Percentiles, quartiles and Markdown tables of measurements."""

import math
from collections.abc import Iterable, Sequence
from statistics import median, quantiles


def percentile(values: Iterable[float], share: float) -> float:
    """Returns the smallest value that at least this share of all values does not exceed.

    >>> percentile([4, 1, 3, 2], 0.5), percentile(range(1, 101), 0.95)
    (2, 95)
    """
    ordered = sorted(values)
    return ordered[max(math.ceil(share * len(ordered)) - 1, 0)]


def spread(values: Sequence[float], digits: int = 1) -> str:
    """Returns the median and, in brackets, the quartiles.

    >>> spread([1, 2, 3, 4, 5])
    '3.0 [2.0, 4.0]'
    """
    if len(values) < 2:
        return f"{median(values):.{digits}f}"
    low, _, high = quantiles(values, n=4, method="inclusive")
    return f"{median(values):.{digits}f} [{low:.{digits}f}, {high:.{digits}f}]"


def table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Returns a Markdown table, the first column aligned left, all others right."""
    lines = [header, ["---", *["---:"] * (len(header) - 1)], *rows]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)


def verdict(value: float, goal: float, *, at_least: bool = False) -> str:
    """Returns “met” or “missed”."""
    return "met" if (value >= goal if at_least else value <= goal) else "missed"
