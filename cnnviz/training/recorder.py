"""Turns the losses and metrics of ignite engines into points."""

import math

import torch
from torch import Tensor

from cnnviz.errors import DivergenceError
from cnnviz.training.config import TrainConfig
from cnnviz.training.point import BATCH, Emit, Point
from cnnviz.training.throttle import POINTS_INTERVAL_SECONDS, Throttle


class Recorder:
    """Emits the points of a training; fetches batch losses from the device only a few times a second.

    Raises DivergenceError, which says what to try, when a loss is NaN or infinite.
    """

    def __init__(self, emit: Emit, config: TrainConfig) -> None:
        self._emit, self._config = emit, config
        self._pending: list[tuple[int, int, Tensor]] = []
        self._throttle = Throttle(POINTS_INTERVAL_SECONDS)

    def record_batch_loss(self, step: int, epoch: int, loss: Tensor) -> None:
        """Keeps the loss of this step on the device, to be emitted with the next `flush`."""
        self._pending.append((step, epoch, loss))
        if self._throttle.is_due():
            self.flush()

    def flush(self) -> None:
        """Emits all batch losses that have not been emitted yet."""
        if not self._pending:
            return
        values = torch.stack([loss for _, _, loss in self._pending]).tolist()
        points = [
            Point(step, epoch, BATCH, "loss", value)
            for (step, epoch, _), value in zip(self._pending, values, strict=True)
        ]
        self._pending.clear()
        self._throttle.restart()
        self.send(points)

    def record_metrics(self, split: str, step: int, epoch: int, metrics: dict[str, float]) -> None:
        """Emits a point for every metric of a split."""
        self.send([Point(step, epoch, split, metric, value) for metric, value in metrics.items()])

    def send(self, points: list[Point]) -> None:
        """Emits the points whose values are finite; raises DivergenceError when a loss is not."""
        finite = [point for point in points if math.isfinite(point.value)]
        if finite:
            self._emit(finite)
        for not_finite in (point for point in points if not math.isfinite(point.value)):
            if not_finite.metric == "loss":
                split = "training" if not_finite.split == "train" else not_finite.split
                raise DivergenceError(
                    f"The {split} loss stopped being a number at step {not_finite.step} (epoch"
                    f" {not_finite.epoch}): the training diverged. {divergence_advice(self._config)}"
                )


def divergence_advice(config: TrainConfig) -> str:
    """Returns a sentence that says what to try after a divergence."""
    other_suggestions = [] if config.max_grad_norm else ["gradient clipping at 1"]
    if config.normalization == "none":
        other_suggestions.insert(0, "normalized samples")
    suggestion = f"Try a learning rate ten times smaller ({config.learning_rate / 10:g})"
    return f"{suggestion}, or {' and '.join(other_suggestions)}." if other_suggestions else f"{suggestion}."
