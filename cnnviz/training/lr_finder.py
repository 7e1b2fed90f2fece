"""The learning-rate finder: a few hundred steps in which the rate grows, and the loss tells which ones are good."""

import math
import warnings
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from typing import Any, cast

import numpy as np
import torch
from ignite.engine import Engine, Events
from ignite.handlers import FastaiLRFinder
from torch import Tensor

from cnnviz.architecture import Architecture
from cnnviz.training.config import TrainConfig
from cnnviz.training.point import Emit, Point
from cnnviz.training.prepared_data import Batch, PreparedData
from cnnviz.training.setup import TrainingSetup
from cnnviz.training.snapshot import Snapshot
from cnnviz.training.stopwatch import Stopwatch

FINDER, LEARNING_RATE, RAW_LOSS, SMOOTHED = "finder", "learning_rate", "loss", "smoothed_loss"
START_RATE, END_RATE = 1e-6, 10.0
"""Rates of the first step and the last."""
ITERATIONS = 150
"""Steps behind the first; with the ten to twenty of one epoch of a small data set, the range is what decides."""
RATES: list[float] = np.geomspace(START_RATE, END_RATE, ITERATIONS + 1).tolist()
"""The rate of every step, each larger by the same factor than the one before."""
SMOOTHING = 0.05
"""Share of a new loss in the smoothed one."""
DIVERGENCE_FACTOR = 5.0
"""A smoothed loss of so many times the lowest ends the search."""
SUGGESTION_DIVISOR = 10.0
"""The rate with the lowest smoothed loss over the suggested one: the curve lags behind, and at its bottom the loss is
about to rise."""
FLAT_LOSS_RATIO = 0.98
"""Lowest over first smoothed loss from which on nothing has been learned."""


@dataclass(frozen=True)
class LRFinderResult:
    """What a search has found."""

    suggestion: float | None
    """A tenth of the rate at which the smoothed loss was lowest; None where the curve has no such place."""
    steepest: float | None
    """ignite's: the rate at which it fell fastest; None where ignite finds the curve's shape unexpected."""
    notes: tuple[str, ...]
    """What is to be known about it, in sentences."""
    stopped: bool = False

    def to_dict(self) -> dict[str, Any]:
        """As JSON holds it."""
        return asdict(self)


class LRFinder:
    """One search with ignite's FastaiLRFinder, in slices as a `Training`.

    Points: at each step the learning rate, the loss and the smoothed loss, as split "finder". The net and its optimizer
    are as they were before, once it has ended. ignite's finder smooths the losses, ends the search and restores net and
    optimizer. The rates are set here: by itself, it trains the first step with the optimizer's own, and notes
    the others one step too high.
    Source: Smith, "Cyclical Learning Rates for Training Neural Networks" (2017), section 3.3.
    """

    def __init__(
        self,
        architecture: Architecture,
        config: TrainConfig,
        data: PreparedData,
        *,
        device: torch.device,
        emit: Emit,
        should_stop: Callable[[], bool],
    ) -> None:
        self.setup = TrainingSetup(architecture, config, data, device)
        self.steps = len(RATES)  # ignite ends behind them
        self._emit, self._should_stop = emit, should_stop
        self._until: Callable[[], bool] = lambda: False
        self._stopwatch, self._interrupted, self._loss_is_nan = Stopwatch(), False, False
        self._losses: list[float] = []
        self._engine, self._finder = Engine(self._step), FastaiLRFinder()
        self._engine.add_event_handler(Events.ITERATION_COMPLETED, self._stop_if_needed)
        self._attached = ExitStack()

    @property
    def step(self) -> int:
        """Steps that are done."""
        return len(self._losses)

    @property
    def seconds(self) -> float:
        """Time spent on it."""
        return self._stopwatch.seconds

    def advance(self, until: Callable[[], bool] = lambda: False) -> LRFinderResult | None:
        """Go on until `until` says so, which is asked after each step; what was found, once it has ended."""
        self._until, self._interrupted = until, False
        if not self.step:
            self._attach()
        epochs = math.ceil(self.steps / len(self.setup.batches))
        with self._stopwatch.running(), self.setup.random.activate(), warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # "completed without loss diverging": told below
            self._engine.run(self.setup.batches, max_epochs=epochs)
        if self._interrupted:
            return None
        self.close()
        return self._result()

    def close(self) -> None:
        """Give net and optimizer back as they were, and let go of the copy."""
        self._attached.close()

    def snapshot(self) -> Snapshot | None:
        """None: a search is short, and begins again."""
        return None

    def restore(self, snapshot: Snapshot) -> None:
        """There is nothing to go on from."""
        raise ValueError("a search begins again")

    def _attach(self) -> None:
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
        self._engine.add_event_handler(Events.STARTED, self._attach_report)  # behind the finder's own handlers

    def _step(self, engine: Engine, batch: Batch) -> Tensor:
        for group in self.setup.optimizer.param_groups:
            group["lr"] = RATES[self.step]
        loss = self.setup.backward(batch)
        self.setup.optimizer.step()
        return loss

    def _attach_report(self, engine: Engine) -> None:
        engine.add_event_handler(Events.ITERATION_COMPLETED, self._emit_points)

    def _stop_if_needed(self, engine: Engine) -> None:
        """Before the finder takes it in: a loss that is no number would spoil its curve."""
        self._losses.append(float(cast("Tensor", engine.state.output)))
        if not math.isfinite(self._losses[-1]):
            self._loss_is_nan = True
            engine.terminate()
        elif self._should_stop():
            engine.terminate()

    def _emit_points(self, engine: Engine) -> None:
        """Behind the finder: the rate of this step, its loss, and the finder's smoothed loss."""
        smoothed = self._finder.get_results()["loss"]
        if not self._loss_is_nan and len(smoothed) >= self.step:
            step, epoch = self.step, engine.state.epoch
            values = {LEARNING_RATE: self.rates[-1], RAW_LOSS: self._losses[-1], SMOOTHED: smoothed[-1]}
            self._emit([Point(step, epoch, FINDER, metric, float(value)) for metric, value in values.items()])
        if not engine.should_terminate and self._until() and self.step < self.steps:
            self._interrupted = True
            engine.interrupt()

    @property
    def rates(self) -> list[float]:
        """The rate of each step so far that gave a loss."""
        return RATES[: len(self._finder.get_results()["loss"])]

    def _result(self) -> LRFinderResult:
        losses = [loss for loss in self._finder.get_results()["loss"] if math.isfinite(loss)]
        rates, stopped = self.rates[: len(losses)], self._should_stop()
        if stopped or len(losses) < 3:
            reason = "It was stopped." if stopped else "The loss was no number from the beginning: nothing can be told."
            return LRFinderResult(None, None, (reason,), stopped)
        lowest = min(range(len(losses)), key=losses.__getitem__)
        notes = []
        if self._loss_is_nan:
            notes.append(f"From a rate of about {_round_rate(rates[-1]):g} on, the loss is no number any more.")
        elif losses[-1] <= DIVERGENCE_FACTOR * losses[lowest]:
            notes.append(f"The loss did not diverge up to a rate of {END_RATE:g}: even larger ones might do.")
        else:
            notes.append(
                f"It ended at a rate of {_round_rate(rates[-1]):g}: with a smoothed loss of {DIVERGENCE_FACTOR:g} times"
                " its lowest,"
                " the training had diverged. The chart leaves out what lies far above the first loss."
            )
        suggestion: float | None = _round_rate(rates[lowest] / SUGGESTION_DIVISOR)
        if losses[lowest] > FLAT_LOSS_RATIO * losses[0]:
            suggestion = None
            notes.append(
                "The loss hardly fell at any rate. See whether the samples are normalized and the net reads them all."
            )
        self._finder.get_results().update(lr=rates, loss=losses)  # what ignite's rule reads; NaN would be its lowest
        return LRFinderResult(suggestion, self._steepest(notes), tuple(notes))

    def _steepest(self, notes: list[str]) -> float | None:
        try:
            return _round_rate(float(self._finder.lr_suggestion()))
        except RuntimeError:  # "unexpected curve shape"
            notes.append("ignite's rule needs a curve that falls before it rises, and suggests nothing here.")
            return None


def _round_rate(rate: float) -> float:
    """Two digits are more than the curve can tell."""
    return float(f"{rate:.1e}")
