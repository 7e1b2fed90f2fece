"""Base of trainings and learning-rate searches, which run in slices and take turns with others."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import KW_ONLY, dataclass, field

import torch
from ignite.engine import Engine

from cnnviz.architecture import Architecture
from cnnviz.training.config import TrainConfig
from cnnviz.training.point import Emit
from cnnviz.training.prepared_data import PreparedData
from cnnviz.training.setup import TrainingSetup
from cnnviz.training.stopwatch import Stopwatch


@dataclass(eq=False, repr=False)
class SlicedJob:
    """Work of ignite engines that can be interrupted after any micro-batch and continued later."""

    architecture: Architecture
    config: TrainConfig
    data: PreparedData
    _: KW_ONLY
    device: torch.device
    emit: Emit
    evaluates: bool = field(default=False, init=False)
    """Whether it was interrupted within an evaluation, which begins anew when it goes on from a snapshot."""
    should_stop: Callable[[], bool]
    """Asked after each step; True ends the work at once."""

    def __post_init__(self) -> None:
        self.setup = TrainingSetup(self.architecture, self.config, self.data, self.device)
        self._until: Callable[[], bool] = lambda: False
        self._interrupted = False
        self._stopwatch = Stopwatch()

    @property
    def seconds(self) -> float:
        """Seconds spent in all slices so far."""
        return self._stopwatch.seconds

    @property
    def in_step(self) -> bool:
        """Whether it was interrupted within a step, or in another place of which there can be no snapshot."""
        return False

    @contextmanager
    def _slice(self, until: Callable[[], bool]) -> Iterator[None]:
        """Measures the time of a slice, which ends when `until` returns True."""
        self._until, self._interrupted = until, False
        with self._stopwatch.running():
            yield

    def _interrupt(self, engine: Engine) -> None:
        self._interrupted = True
        engine.interrupt()
