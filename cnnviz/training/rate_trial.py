"""A learning rate tried out: some steps at it from the start, and whether the loss falls."""

import math
from collections.abc import Generator
from copy import deepcopy
from dataclasses import dataclass
from itertools import chain, islice, repeat

from cnnviz.training.setup import TrainingSetup
from cnnviz.training.snapshot import copy_to_cpu

TRIAL_STEPS = 60
"""Steps at a rate: a training that diverges mostly does so within the first fifty."""
TRIAL_WINDOW = 10
"""Steps over whose losses a mean is taken, at the start and at the end."""
FLAT_LOSS_RATIO = 0.98
"""Quotient of a later and the first loss; above this value, the net has learned nothing."""


@dataclass(frozen=True)
class RateTrial:
    """What the loss did in a few steps at one rate, from the weights that a training begins with."""

    rate: float
    steps: int
    """Steps that were trained; fewer than TRIAL_STEPS where the loss became infinite or no number."""
    start: float
    """Mean loss of the first steps of the search, at rates at which nothing is learned."""
    end: float | None
    """Mean loss of the last steps of the trial; None where it was no number."""

    @property
    def falls(self) -> bool:
        """Whether the loss fell."""
        return self.end is not None and self.end < FLAT_LOSS_RATIO * self.start

    @property
    def text(self) -> str:
        """What happened, as the end of a sentence.

        >>> RateTrial(0.1, 60, 3.55, 2.8).text, RateTrial(0.1, 60, 3.55, 3.56).text
        ('the loss fell from 3.55 to 2.80', 'the loss did not fall: 3.55 before, 3.56 after')
        >>> RateTrial(0.1, 37, 3.55, None).text
        'the loss was no longer a number at step 37'
        """
        if self.end is None:
            return f"the loss was no longer a number at step {self.steps}"
        if self.falls:
            return f"the loss fell from {self.start:.2f} to {self.end:.2f}"
        return f"the loss did not fall: {self.start:.2f} before, {self.end:.2f} after"


def try_rate(setup: TrainingSetup, rate: float) -> Generator[float]:
    """Trains at a rate, yields the loss of each of TRIAL_STEPS steps, and puts net and optimizer back as they were.

    It ends early behind a loss that is no number.
    """
    weights, optimizer_state = copy_to_cpu(setup.model.state_dict()), deepcopy(setup.optimizer.state_dict())
    for group in setup.optimizer.param_groups:
        group["lr"] = rate
    try:
        for batch in islice(chain.from_iterable(repeat(setup.whole_batches)), TRIAL_STEPS):
            loss = float(setup.backward_in_parts(batch))
            yield loss
            if not math.isfinite(loss):
                return
            setup.optimizer.step()
    finally:
        setup.model.load_state_dict(weights)
        setup.optimizer.load_state_dict(optimizer_state)


def judge_trial(rate: float, start: float, losses: list[float]) -> RateTrial:
    """Returns what the losses of a trial say."""
    last = losses[-TRIAL_WINDOW:]
    end = sum(last) / len(last) if all(map(math.isfinite, last)) else None
    return RateTrial(rate, len(losses), start, end)
