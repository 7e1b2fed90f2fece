"""A copy of the weights of the best epoch so far."""

from typing import Any

from torch import Tensor, nn

from cnnviz.training.epoch_score import NO_EPOCH, EpochScore
from cnnviz.training.snapshot import Snapshot, copy_to_cpu


class BestWeights:
    """Keeps a copy of the weights of the best epoch; before the first epoch has ended, of the initial ones."""

    def __init__(self, model: nn.Module) -> None:
        self._model = model
        self._score = NO_EPOCH
        self.step = self.epoch = 0
        self.weights: dict[str, Tensor] = copy_to_cpu(model.state_dict())

    def update(self, step: int, epoch: int, metrics: dict[str, float]) -> None:
        """Copies the model's weights if these validation metrics are better than those of all epochs before."""
        score = EpochScore(metrics["accuracy"], metrics["loss"])
        if score.is_better_than(self._score):
            self._score, self.step, self.epoch, self.weights = score, step, epoch, copy_to_cpu(self._model.state_dict())

    def state_dict(self) -> dict[str, Any]:
        """Returns step, epoch and score, [accuracy, −loss], for JSON; empty before the first epoch has ended."""
        accuracy, loss = self._score
        return {"step": self.step, "epoch": self.epoch, "score": (accuracy, -loss)} if self.epoch else {}

    def restore(self, snapshot: Snapshot) -> None:
        """Restores weights, step, epoch and score from a snapshot, if it has any."""
        if state := snapshot.metadata["best"]:
            accuracy, negative_loss = state["score"]
            self._score = EpochScore(accuracy, -negative_loss)
            self.step, self.epoch = state["step"], state["epoch"]
            self.weights = snapshot.tensors_below("best")
