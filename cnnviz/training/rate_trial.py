"""A learning rate tried out: some steps at it from the start, and whether the loss falls."""

import math
from collections.abc import Iterator, Sequence
from copy import deepcopy
from dataclasses import asdict, dataclass
from itertools import chain, repeat
from typing import Any

from cnnviz.training.prepared_data import Batch
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


class RateTrials:
    """Trains at one rate after another from the same start, a step at a time, until the loss falls at one of them."""

    def __init__(self, setup: TrainingSetup, rates: Sequence[float], losses_before: Sequence[float] = ()) -> None:
        """Net and optimizer are those to start from; `losses_before` come from steps at rates that teach nothing."""
        self.setup, self.rates = setup, rates
        self.results: list[RateTrial] = []
        """The trials that have ended."""
        self.losses: list[float] = []
        """Losses of the trial that goes on."""
        before = losses_before[:TRIAL_WINDOW]
        self._start_loss = sum(before) / max(1, len(before))
        self._weights = copy_to_cpu(setup.model.state_dict()) if rates else {}
        self._optimizer_state = deepcopy(setup.optimizer.state_dict()) if rates else {}
        self._batches: Iterator[Batch] | None = None

    @property
    def step(self) -> int:
        """Steps of all trials so far."""
        return sum(result.steps for result in self.results) + len(self.losses)

    @property
    def rate(self) -> float:
        """The rate of the next step."""
        return self.rates[len(self.results)]

    @property
    def has_ended(self) -> bool:
        """Whether the loss fell at a rate, or there is no further one."""
        return len(self.results) == len(self.rates) or any(result.falls for result in self.results)

    def advance(self) -> float:
        """Trains one step, and returns its loss; puts net and optimizer back behind the last one of a trial."""
        if self._batches is None:
            for group in self.setup.optimizer.param_groups:
                group["lr"] = self.rate
            self._batches = chain.from_iterable(repeat(self.setup.whole_batches))
        loss = float(self.setup.backward_in_parts(next(self._batches)))
        self.losses.append(loss)
        if math.isfinite(loss):
            self.setup.optimizer.step()
        if len(self.losses) == TRIAL_STEPS or not math.isfinite(loss):
            self.results.append(judge_trial(self.rate, self._start_loss, self.losses))
            self.losses = []
            self.close()
        return loss

    def close(self) -> None:
        """Puts net and optimizer back as they were."""
        self._batches = None
        self.setup.model.load_state_dict(self._weights)
        self.setup.optimizer.load_state_dict(self._optimizer_state)

    def state(self) -> dict[str, Any]:
        """Returns what `restore` needs besides the states of net, optimizer and batches, for JSON."""
        return {"results": [asdict(result) for result in self.results], "losses": self.losses}

    def restore(self, state: dict[str, Any]) -> None:
        """Continues after the steps of a state; the caller restores net, optimizer and batches after it."""
        self.results, self.losses = [RateTrial(**result) for result in state["results"]], state["losses"]


def judge_trial(rate: float, start: float, losses: list[float]) -> RateTrial:
    """Returns what the losses of a trial say."""
    last = losses[-TRIAL_WINDOW:]
    end = sum(last) / len(last) if all(map(math.isfinite, last)) else None
    return RateTrial(rate, len(losses), start, end)
