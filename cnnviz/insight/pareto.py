"""The Pareto front: which of several nets are worth their cost."""

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


def pareto_front(costs: Floats, gains: Floats) -> npt.NDArray[np.bool_]:
    """Returns a mask (N,) of the Pareto front of low costs and high gains.

    A point is on it if no other costs at most as much, gains at least as much, and is better in one of the two. Equal
    points are all on it.

    >>> pareto_front(np.array([1.0, 2.0, 3.0]), np.array([0.5, 0.4, 0.9])).tolist()
    [True, False, True]
    """
    on_front = np.zeros(len(costs), bool)
    order = np.lexsort((-gains, costs))
    best = -np.inf
    for cost in np.unique(costs):  # ascending
        same_cost = order[costs[order] == cost]
        best_gain = gains[same_cost].max()
        if best_gain > best:
            on_front[same_cost[gains[same_cost] == best_gain]] = True
            best = best_gain
    return on_front
