"""What trainings and searches for a learning rate have in common: they run in slices, in turn with others."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
from ignite.engine import Engine

from cnnviz.architecture import Architecture
from cnnviz.training.config import TrainConfig
from cnnviz.training.point import Emit
from cnnviz.training.prepared_data import PreparedData
from cnnviz.training.setup import TrainingSetup
from cnnviz.training.stopwatch import Stopwatch


class SlicedJob:
    """The state around an ignite engine that is interrupted after a step and continued later."""

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
        self._emit, self._should_stop = emit, should_stop
        self._until: Callable[[], bool] = lambda: False
        self._interrupted = False
        self._stopwatch = Stopwatch()

    @property
    def seconds(self) -> float:
        """Seconds spent in its slices."""
        return self._stopwatch.seconds

    @contextmanager
    def _slice(self, until: Callable[[], bool]) -> Iterator[None]:
        """Counts the time of a slice, which `until` ends."""
        self._until, self._interrupted = until, False
        with self._stopwatch.running():
            yield

    def _interrupt(self, engine: Engine) -> None:
        self._interrupted = True
        engine.interrupt()
