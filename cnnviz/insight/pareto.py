"""Which of several nets are worth their cost."""

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.float64]


def front(costs: Numbers, gains: Numbers) -> npt.NDArray[np.bool_]:
    """(N,): whether no other one costs at most as much and gains at least as much, and is better in one of them.

    The Pareto front of low costs and high gains; equals are all on it.

    >>> front(np.array([1.0, 2.0, 3.0]), np.array([0.5, 0.4, 0.9])).tolist()
    [True, False, True]
    """
    on = np.zeros(len(costs), bool)
    order = np.lexsort((-gains, costs))
    best = -np.inf
    for cost in np.unique(costs):  # ascending
        here = order[costs[order] == cost]
        top = gains[here].max()
        if top > best:
            on[here[gains[here] == top]] = True
            best = top
    return on
