"""Is it luck? What seeds say about a change, and from when on no further seed is needed."""

from collections.abc import Sequence
from enum import StrEnum

import numpy as np

from cnnviz.insight.effect import measure_effect

DECISION_CONFIDENCE = 0.98
"""Confidence that a difference needs before seeds are left out for it. The question is asked again after every seed,
which gives chance several occasions: at this confidence, two nets that are alike are taken for different in fewer than
one of twenty cases all the same, for up to five seeds; at 95 % it would be one of ten."""
MIN_SEEDS, MIN_BAND_SEEDS = 2, 3
"""Seeds from which on a difference can be told, and from which on a band says that it cannot."""


class SeedAnswer(StrEnum):
    """What seeds have decided about a change."""

    WITHIN = "the accuracy before the change lies within their band, so the change cannot be told from luck"
    """Further seeds can only make the band wider; a small gain may be real all the same."""
    BEYOND = "they differ by more than chance does from the accuracy before the change"


def seed_answer(before: Sequence[float], after: Sequence[float], samples: int) -> SeedAnswer | None:
    """Returns what the seeds of a changed net decide; None where they decide nothing yet, or nothing can be compared.

    `before` are the accuracies without the change and `after` those with it, one for each seed that was trained to its
    end, on the same number of validation samples. A difference by more than chance counts before the band does.

    >>> seed_answer([0.80], [0.79, 0.82, 0.81], 385).name
    'WITHIN'
    >>> seed_answer([0.80], [0.90, 0.905, 0.91], 385).name
    'BEYOND'
    >>> seed_answer([0.80], [0.79, 0.82], 385) is seed_answer([0.80], [0.95], 385) is None
    True
    """
    if len(after) < MIN_SEEDS:
        return None
    effect = measure_effect(before, after, samples, DECISION_CONFIDENCE)
    if effect is None:
        return None
    if not effect.is_within_chance:
        return SeedAnswer.BEYOND
    is_within = len(after) >= MIN_BAND_SEEDS and min(after) <= np.mean(before) <= max(after)
    return SeedAnswer.WITHIN if is_within else None
