"""The weights of the best epoch so far."""

import math
from typing import Any

from torch import Tensor, nn

from cnnviz.training.snapshot import Snapshot, copy_to_cpu


class BestWeights:
    """Highest validation accuracy, then lowest loss; before the first epoch ended, the weights it began with."""

    def __init__(self, model: nn.Module) -> None:
        self._model = model
        self._score = (-1.0, -math.inf)
        self.step = self.epoch = 0
        self.weights: dict[str, Tensor] = copy_to_cpu(model.state_dict())

    def update(self, step: int, epoch: int, metrics: dict[str, float]) -> None:
        """Take the model's weights if these validation metrics are better than all before."""
        score = metrics["accuracy"], -metrics["loss"]
        if score > self._score:
            self._score, self.step, self.epoch, self.weights = score, step, epoch, copy_to_cpu(self._model.state_dict())

    def state_dict(self) -> dict[str, Any]:
        """All but the weights, as JSON holds it."""
        return {"step": self.step, "epoch": self.epoch, "score": self._score} if self.epoch else {}

    def restore(self, snapshot: Snapshot) -> None:
        """As it was."""
        if state := snapshot.metadata["best"]:
            accuracy, loss = state["score"]
            self._score, self.step, self.epoch = (accuracy, loss), state["step"], state["epoch"]
            self.weights = snapshot.tensors_below("best")
