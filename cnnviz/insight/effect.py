"""What a difference between two trainings brought, and whether chance alone might have."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from scipy.stats import norm, t

CONFIDENCE = 0.95
"""Share of such intervals that hold the true difference."""


class Evidence(StrEnum):
    """What the margin of an effect is worked out from."""

    SEEDS = "seeds"
    SAMPLES = "samples"
    NOTHING = "nothing"


@dataclass(frozen=True)
class Effect:
    """Difference of two accuracies, with a margin on either side that chance may make of it."""

    gain: float
    margin: float | None
    """Half the width of the interval; None where nothing is known of it."""
    evidence: Evidence

    @property
    def is_within_chance(self) -> bool:
        """Whether no difference at all is in the interval, in the figures that are shown, or unknown to be."""
        return self.margin is None or round(abs(self.gain), 3) <= round(self.margin, 3)

    @property
    def text(self) -> str:
        """The effect in figures.

        >>> Effect(0.041, 0.012, Evidence.SEEDS).text, Effect(-0.02, None, Evidence.NOTHING).text
        ('+0.041 ± 0.012', '−0.020')
        """
        gain = f"{self.gain:+.3f}".replace("-", "−")
        return gain if self.margin is None else f"{gain} ± {self.margin:.3f}"


def measure_effect(
    before: Sequence[float], after: Sequence[float], samples: int, confidence: float = CONFIDENCE
) -> Effect | None:
    """Returns by how much the mean accuracy of some runs exceeds that of others; None without accuracies on each side.

    The runs of a side differ in their seeds alone, and all were measured on the same number of validation samples.
    Where a side has several, the margin is that of Student's t for two samples of one variance, which is the best guess
    for a side of one run, too; the deviation is taken to be that of one sample at least. Otherwise it is that of two
    accuracies measured on so many samples each, independently (Agresti & Caffo, 2000); what other seeds would change is
    not in it.

    >>> measure_effect([0.80, 0.82, 0.84], [0.90], 180).text
    '+0.080 ± 0.099'
    >>> measure_effect([0.80], [0.90], 180).text
    '+0.100 ± 0.073'
    """
    if not before or not after:
        return None
    gain = float(np.mean(after) - np.mean(before))
    freedom = len(before) + len(after) - 2
    if freedom:
        squares = sum(float(np.sum((np.array(side) - np.mean(side)) ** 2)) for side in (before, after))
        deviation = max(float(np.sqrt(squares / freedom)), 1 / samples if samples else 0.0)
        error = deviation * float(np.sqrt(1 / len(before) + 1 / len(after)))
        return Effect(gain, float(t.ppf((1 + confidence) / 2, freedom)) * error, Evidence.SEEDS)
    if samples:
        shares = [(side[0] * samples + 1) / (samples + 2) for side in (before, after)]
        error = float(np.sqrt(sum(share * (1 - share) / (samples + 2) for share in shares)))
        return Effect(gain, float(norm.ppf((1 + confidence) / 2)) * error, Evidence.SAMPLES)
    return Effect(gain, None, Evidence.NOTHING)
