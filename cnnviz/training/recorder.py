"""Turns what engines know into points."""

import math
import time
from typing import cast

import torch
from ignite.engine import Engine
from torch import Tensor

from cnnviz.errors import DivergenceError
from cnnviz.training.config import TrainConfig
from cnnviz.training.point import BATCH, Emit, Point

FLUSH_SECONDS = 0.1


class Recorder:
    """Hands on points; batch losses are fetched from the device a few times a second only.

    Raises DivergenceError, with what to try, at a loss that is no number any more.
    """

    def __init__(self, emit: Emit, config: TrainConfig) -> None:
        self._emit, self._config = emit, config
        self._pending: list[tuple[int, int, Tensor]] = []
        self._last_flush = 0.0

    def record_batch_loss(self, engine: Engine) -> None:
        """Note the loss of this step."""
        self._pending.append((engine.state.iteration, engine.state.epoch, cast("Tensor", engine.state.output)))
        if time.monotonic() - self._last_flush >= FLUSH_SECONDS:
            self.flush()

    def flush(self) -> None:
        """Hand on the batch losses that wait."""
        if not self._pending:
            return
        values = torch.stack([loss for _, _, loss in self._pending]).tolist()
        points = [
            Point(step, epoch, BATCH, "loss", value)
            for (step, epoch, _), value in zip(self._pending, values, strict=True)
        ]
        self._pending.clear()
        self._last_flush = time.monotonic()
        self.send(points)

    def record_metrics(self, split: str, step: int, epoch: int, metrics: dict[str, float]) -> None:
        """Hand on what was measured of a split."""
        self.send([Point(step, epoch, split, metric, value) for metric, value in metrics.items()])

    def send(self, points: list[Point]) -> None:
        """Hand on points."""
        finite = [point for point in points if math.isfinite(point.value)]
        if finite:
            self._emit(finite)
        for not_finite in (point for point in points if not math.isfinite(point.value)):
            if not_finite.metric == "loss":
                raise DivergenceError(
                    f"The {not_finite.split} loss stopped being a number at step {not_finite.step} (epoch"
                    f" {not_finite.epoch}): the training"
                    f" diverged. {divergence_advice(self._config)}"
                )


def divergence_advice(config: TrainConfig) -> str:
    """What to try against a divergence."""
    other_suggestions = [] if config.max_grad_norm else ["gradient clipping at 1"]
    if config.normalization == "none":
        other_suggestions.insert(0, "normalized samples")
    suggestion = f"Try a learning rate ten times smaller ({config.learning_rate / 10:g})"
    return f"{suggestion}, or {' and '.join(other_suggestions)}." if other_suggestions else f"{suggestion}."
