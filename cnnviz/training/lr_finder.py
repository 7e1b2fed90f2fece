"""The learning-rate finder: a few hundred steps with a growing rate; the loss shows which rates are good."""

import math
import warnings
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import asdict, dataclass, replace
from typing import Any, Self, cast

import numpy as np
from ignite.engine import Engine, Events
from ignite.handlers import FastaiLRFinder
from torch import Tensor

from cnnviz.training.point import Point
from cnnviz.training.prepared_data import Batch
from cnnviz.training.rate_trial import FLAT_LOSS_RATIO, TRIAL_STEPS, RateTrial, RateTrials
from cnnviz.training.sliced_job import SlicedJob
from cnnviz.training.snapshot import Snapshot, copy_to_cpu, load_optimizer_state, optimizer_state

FINDER, TRIAL, LEARNING_RATE, RAW_LOSS, SMOOTHED = "finder", "trial", "learning_rate", "loss", "smoothed_loss"
START_RATE, END_RATE = 1e-6, 10.0
"""Rates of the first and the last step."""
ITERATIONS = 150
"""Number of steps after the first. With only the ten to twenty steps that an epoch of a small data set has, the result
would depend on the range of rates."""
RATES: list[float] = np.geomspace(START_RATE, END_RATE, ITERATIONS + 1).tolist()
"""The rates of all steps; each is larger than the one before by the same factor."""
SMOOTHING = 0.05
"""Weight of the newest loss in the smoothed loss."""
DIVERGENCE_FACTOR = 5.0
"""The search ends when the smoothed loss is this many times its lowest value."""
SUGGESTION_DIVISOR = 10.0
"""Quotient of the rate with the lowest smoothed loss and the suggested one: the smoothed curve lags behind, and at its
lowest point the loss is about to rise."""
TRIED_SHARES = (1.0, 1 / 3)
"""Shares of the suggested rate that are tried out, one after another, until the loss falls at one."""
RISE_SHARE = 0.1
"""Share of its fall by which a smoothed loss must rise again after its lowest place to count as rising."""


@dataclass(frozen=True)
class LRFinderResult:
    """Suggested learning rates of a finished search, with an explanation."""

    suggestion: float | None
    """A tenth of the rate at which the smoothed loss was lowest; None where the curve has no such place."""
    steepest: float | None
    """ignite's suggestion: the rate at which the loss fell fastest; None where the curve has an unexpected shape."""
    notes: tuple[str, ...]
    """Sentences that explain the result."""
    stopped: bool = False
    trials: tuple[RateTrial, ...] = ()
    """What came of training at the suggested rate and, where the loss did not fall, at a third of it."""

    def to_dict(self) -> dict[str, Any]:
        """Returns the result in a form that JSON can hold."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        """Returns the result that `to_dict` has turned into a dict."""
        trials = tuple(RateTrial(**trial) for trial in values["trials"])
        return cls(**values | {"notes": tuple(values["notes"]), "trials": trials})


class LRFinder(SlicedJob):
    """Search for a learning rate with ignite's FastaiLRFinder, in slices like a `Training`.

    Each step emits the learning rate, the loss and the smoothed loss as the split "finder". ignite's finder smooths the
    losses, ends the search and then restores net and optimizer. The rates are set here: left to itself, ignite trains
    the first step with the optimizer's rate, and reports each of the others one step too high. Then the suggested rate
    is tried out from the same start; each step of that emits rate and loss as the split "trial".
    Source: Smith, "Cyclical Learning Rates for Training Neural Networks" (2017), section 3.3.
    """

    def __post_init__(self) -> None:
        super().__post_init__()
        self.steps = len(RATES) + len(TRIED_SHARES) * TRIAL_STEPS
        """Steps at most."""
        self._loss_is_nan = False
        self._losses: list[float] = []
        self._engine, self._finder = Engine(self._step), FastaiLRFinder()
        self._engine.add_event_handler(Events.ITERATION_COMPLETED, self._stop_if_needed)
        self._attached, self._is_attached = ExitStack(), False
        self._restored_losses: list[float] = []
        """Smoothed losses of the steps before the snapshot that it goes on from."""
        self._found: LRFinderResult | None = None
        """What the search has found, once it has ended."""
        self._trials = RateTrials(self.setup, ())

    @property
    def step(self) -> int:
        """Steps done so far."""
        return len(self._losses) + self._trials.step

    def advance(self, until: Callable[[], bool] = lambda: False) -> LRFinderResult | None:
        """Searches until `until`, asked after each step, is true; returns the result once the search has ended."""
        with self._slice(until), self.setup.random.activate():
            if self._found is None:
                self._search()
                if self._interrupted:
                    return None
                self.close()
                self._found = self._result()
                self._trials = self._make_trials(self._found)
            return self._try_out(self._found)

    def close(self) -> None:
        """Restores net and optimizer, and releases the copy of their state."""
        self._attached.close()

    def snapshot(self) -> Snapshot:
        """Returns a copy of its state between two steps."""
        setup, found = self.setup, self._found
        tensors = {
            "model": copy_to_cpu(setup.model.state_dict()),
            "optimizer": optimizer_state(setup.optimizer),
            "random": {name: state.clone() for name, state in setup.random.states.items()},
            "order": {
                "batches": setup.whole_batches.state(len(self._trials.losses if found else self._losses)),
                "augmentation": setup.augmentation_generator.get_state(),
            },
        }
        flat = {f"{part}/{name}": value for part, named in tensors.items() for name, value in named.items()}
        facts = {
            "step": self.step,
            "losses": self._losses,
            "smoothed": self._smoothed_losses,
            "found": found and found.to_dict(),
            "trials": self._trials.state(),
            "seconds": self._stopwatch.state(),
            "best": {},  # no weights worth keeping
        }
        return Snapshot(flat, facts)

    def restore(self, snapshot: Snapshot) -> None:
        """Continues from a snapshot of a search with the same design, data and seed."""
        setup, facts = self.setup, snapshot.metadata
        self._losses, self._restored_losses = facts["losses"], facts["smoothed"]
        # before the net has the weights of the snapshot: it gets those of now back at the end
        if facts["found"]:
            self._found = LRFinderResult.from_dict(facts["found"])
            self._trials = self._make_trials(self._found)
            self._trials.restore(facts["trials"])
        else:
            self._attach()
        setup.model.load_state_dict(snapshot.tensors_below("model"))
        load_optimizer_state(setup.optimizer, snapshot.tensors_below("optimizer"))
        setup.random.states = snapshot.tensors_below("random")
        order = snapshot.tensors_below("order")
        done = len(self._trials.losses if self._found else self._losses)
        setup.whole_batches.resume(order["batches"], done)
        setup.augmentation_generator.set_state(order["augmentation"])
        self._stopwatch.restore(facts["seconds"])
        if not self._found:
            state = {"epoch_length": len(setup.whole_batches), "max_epochs": self._epochs, "iteration": done}
            self._engine.load_state_dict(state)

    @property
    def _epochs(self) -> int:
        return math.ceil(len(RATES) / len(self.setup.whole_batches))

    @property
    def _smoothed_losses(self) -> list[float]:
        """Smoothed losses of all steps so far that have one; none before it goes on."""
        losses: list[float] = self._finder.get_results().get("loss", self._restored_losses)
        return list(losses)

    def _search(self) -> None:
        """Takes steps at growing rates until the last one, or the end of the slice."""
        if not self._is_attached:
            self._attach()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # "completed without loss diverging": a note says so
            self._engine.run(self.setup.whole_batches, max_epochs=self._epochs)

    def _make_trials(self, found: LRFinderResult) -> RateTrials:
        rates = [_round_rate(found.suggestion * share) for share in TRIED_SHARES] if found.suggestion else []
        return RateTrials(self.setup, rates, self._losses)

    def _try_out(self, found: LRFinderResult) -> LRFinderResult | None:
        """Trains at the suggested rate; returns the result at the end, None where it is interrupted."""
        trials = self._trials
        while not trials.has_ended:
            self._emit_trial(trials.rate, trials.advance())
            if trials.has_ended:
                break
            if self.should_stop():
                trials.close()
                return replace(found, stopped=True, trials=tuple(trials.results))
            if self._until():
                self._interrupted = True
                return None
        return replace(found, trials=tuple(trials.results))

    def _emit_trial(self, rate: float, loss: float) -> None:
        if math.isfinite(loss):
            epoch = -(-self.step // len(self.setup.whole_batches))
            values = {LEARNING_RATE: rate, RAW_LOSS: loss}
            self.emit([Point(self.step, epoch, TRIAL, metric, value) for metric, value in values.items()])

    def _attach(self) -> None:
        self._is_attached = True
        self._attached.enter_context(
            self._finder.attach(
                self._engine,
                {"model": self.setup.model, "optimizer": self.setup.optimizer},
                num_iter=ITERATIONS,
                start_lr=START_RATE,
                end_lr=END_RATE,
                smooth_f=SMOOTHING,
                diverge_th=DIVERGENCE_FACTOR,
            )
        )
        self._engine.add_event_handler(Events.STARTED, self._attach_report)  # after the finder's own handlers

    def _step(self, engine: Engine, batch: Batch) -> Tensor:
        for group in self.setup.optimizer.param_groups:
            group["lr"] = RATES[self.step]
        loss = self.setup.backward_in_parts(batch)
        self.setup.optimizer.step()
        return loss

    def _attach_report(self, engine: Engine) -> None:
        """Runs when the engine starts, after the finder has begun its curve anew."""
        if self._restored_losses:
            self._finder.get_results().update(lr=RATES[: self.step], loss=self._restored_losses)
            self._finder._best_loss = min(self._restored_losses)  # type: ignore[assignment]
        engine.add_event_handler(Events.ITERATION_COMPLETED, self._emit_points)

    def _stop_if_needed(self, engine: Engine) -> None:
        """Runs before the finder sees the loss: a NaN would spoil its curve."""
        self._losses.append(float(cast("Tensor", engine.state.output)))
        if not math.isfinite(self._losses[-1]):
            self._loss_is_nan = True
            engine.terminate()
        elif self.should_stop():
            engine.terminate()

    def _emit_points(self, engine: Engine) -> None:
        """Runs after the finder: emits the rate of this step, its loss, and the finder's smoothed loss."""
        smoothed = self._finder.get_results()["loss"]
        if not self._loss_is_nan and len(smoothed) >= self.step:
            step, epoch = self.step, engine.state.epoch
            values = {LEARNING_RATE: self.rates[-1], RAW_LOSS: self._losses[-1], SMOOTHED: smoothed[-1]}
            self.emit([Point(step, epoch, FINDER, metric, float(value)) for metric, value in values.items()])
        if not engine.should_terminate and self._until() and self.step < len(RATES):
            self._interrupt(engine)

    @property
    def rates(self) -> list[float]:
        """Rates of all steps so far that have a loss."""
        return RATES[: len(self._finder.get_results()["loss"])]

    def _result(self) -> LRFinderResult:
        losses = [loss for loss in self._finder.get_results()["loss"] if math.isfinite(loss)]
        rates, stopped = self.rates[: len(losses)], self.should_stop()
        if stopped or len(losses) < 3:
            reason = "It was stopped." if stopped else "The loss was not a number from the start."
            return LRFinderResult(None, None, (reason,), stopped)
        lowest = min(range(len(losses)), key=losses.__getitem__)
        notes = []
        if self._loss_is_nan:
            notes.append(f"From a rate of about {_round_rate(rates[-1]):g} on, the loss is no longer a number.")
        elif losses[-1] <= DIVERGENCE_FACTOR * losses[lowest]:
            notes.append(_describe_end(rates, losses, lowest))
        else:
            notes.append(
                f"The search ended at a rate of {_round_rate(rates[-1]):g}, where the smoothed loss was"
                f" {DIVERGENCE_FACTOR:g} times its lowest: the training had diverged. The chart leaves out what is far"
                " above the first loss."
            )
        suggestion: float | None = _round_rate(rates[lowest] / SUGGESTION_DIVISOR)
        if losses[lowest] > FLAT_LOSS_RATIO * losses[0]:
            suggestion = None
            notes.append(
                "The loss hardly fell at any rate. Check that the samples are normalized, and that the net can learn at"
                " all."
            )
        self._finder.get_results().update(lr=rates, loss=losses)  # what ignite's rule reads; NaN would be its lowest
        return LRFinderResult(suggestion, self._steepest(notes), tuple(notes))

    def _steepest(self, notes: list[str]) -> float | None:
        try:
            return _round_rate(float(self._finder.lr_suggestion()))
        except RuntimeError:  # "unexpected curve shape"
            notes.append("ignite's rule needs a curve that falls before it rises, so it suggests nothing here.")
            return None


def _describe_end(rates: list[float], losses: list[float], lowest: int) -> str:
    """Returns the sentences about a smoothed curve that reached the last rate: whether it rose, and from where on."""
    first, last, fall = losses[0], losses[-1], losses[0] - losses[lowest]
    above = next((step for step in range(lowest, len(losses)) if min(losses[step:]) > first), None)
    if above is not None and last > (2 - FLAT_LOSS_RATIO) * first:
        return (
            f"From a rate of about {_round_rate(rates[above]):g} on, the smoothed loss is above its start: it ends at"
            f" {last:.3g}, and began at {first:.3g}. Such rates are too high."
        )
    if last - losses[lowest] > max(RISE_SHARE * fall, (1 - FLAT_LOSS_RATIO) * first):
        return (
            f"The smoothed loss was lowest at a rate of about {_round_rate(rates[lowest]):g} ({losses[lowest]:.3g}) and"
            f" rose to {last:.3g} at a rate of {END_RATE:g}. Rates beyond the lowest place are too high."
        )
    text = f"The loss did not diverge up to a rate of {END_RATE:g}."
    return text if losses[lowest] > FLAT_LOSS_RATIO * first else f"{text} Even higher rates might work."


def _round_rate(rate: float) -> float:
    """Rounds to two digits, which is more than the curve can tell."""
    return float(f"{rate:.1e}")
