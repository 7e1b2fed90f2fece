"""Leaderboard of the hidden test: a new best is shown only where it is better by more than chance.

Whoever may ask the same test again and again finds a net that suits its samples, without one that is better. So a
student's score stays as it is until a net beats the best one before it by more than chance, and what is shown says
nothing about any other net. Source: Blum & Hardt, "The Ladder: a reliable leaderboard for machine learning
competitions" (2015). Here the step is not a fixed one but what a paired bootstrap finds, and it grows with the number
of tries, so that all tries together have a chance of 2 % to raise the score of nets that are equally good.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.stats import binom

from cnnviz.classroom.work import Accuracy

Correctness = npt.NDArray[np.bool_]
"""(N,): whether a net is right, for each sample of the hidden test. It never leaves the server."""
CHANCE = 0.02
"""Chance that the score of nets that are equally good is ever raised: low enough for the raise to be far below one
standard error also where it happens (benchmarks/ladder.py)."""
TIE_CHANCE = 0.05
"""Chance that two nets that are equally good get different ranks."""

TAIL = 1e-12
"""Chances that are left out, far below any that decide."""


def chance_of_no_gain(later: Correctness, earlier: Correctness) -> float:
    """Returns the share of paired bootstrap samples in which the later net is right no more often than the earlier one.

    It is worked out exactly. Of N samples drawn with replacement, only those that one net alone gets right count; their
    number is binomial, and so is, among them, the number that is the later net's.
    Source: Efron & Tibshirani, "An introduction to the bootstrap" (1993), chapter 15.

    >>> chance_of_no_gain(np.array([True] * 10), np.array([False] * 10))
    0.0
    >>> chance_of_no_gain(np.array([True, False]), np.array([True, False]))
    1.0
    """
    gained, lost, samples = int((later & ~earlier).sum()), int((earlier & ~later).sum()), len(later)
    different = gained + lost
    if not different:
        return 1.0
    likely = binom.ppf([TAIL, 1 - TAIL], samples, different / samples).astype(int)
    counts = np.arange(likely[0], likely[1] + 1)
    chance_of_count = binom.pmf(counts, samples, different / samples)
    chance_of_no_more = binom.cdf(counts // 2, counts, gained / different)
    return min(float(chance_of_count @ chance_of_no_more), 1.0)


@dataclass(frozen=True, eq=False)
class Climb:
    """A student's way up: the best net so far, and how many were tried after the first."""

    best: Correctness
    tries: int = 0

    @property
    def score(self) -> Accuracy:
        """The score that is shown."""
        return accuracy_of(self.best)

    def tried(self, net: Correctness) -> "Climb":
        """Returns the way up after one more net.

        The chance that the k-th try wins by luck is held below CHANCE / (k·(k + 1)), which for all k together is
        CHANCE.
        """
        tries = self.tries + 1
        is_better = chance_of_no_gain(net, self.best) <= CHANCE / (tries * (tries + 1))
        return Climb(net if is_better else self.best, tries)


def climb(nets: Sequence[Correctness]) -> Climb | None:
    """Returns the way up after these nets, in the order in which they were handed in; None without any."""
    way = None
    for net in nets:
        way = Climb(net) if way is None else way.tried(net)
    return way


def accuracy_of(net: Correctness) -> Accuracy:
    """Returns how often a net is right."""
    return Accuracy(correct=int(net.sum()), samples=len(net))


@dataclass(frozen=True)
class Place:
    """A place on the leaderboard."""

    rank: int
    """From 1; those who may differ by chance alone share it."""
    owner: str
    score: Accuracy


def rank(best: dict[str, Correctness]) -> tuple[Place, ...]:
    """Returns the places of all students, by the best net of each: the highest score first.

    A student shares the rank of the one before where the first of that rank is not better by more than chance.
    """
    order = sorted(best, key=lambda owner: (-int(best[owner].sum()), owner))
    places: list[Place] = []
    first, number = "", 0
    for position, owner in enumerate(order, 1):
        is_equal = bool(places) and places[-1].score.correct == int(best[owner].sum())
        if not first or (not is_equal and chance_of_no_gain(best[first], best[owner]) <= TIE_CHANCE / 2):
            first, number = owner, position
        places.append(Place(number, owner, accuracy_of(best[owner])))
    return tuple(places)
