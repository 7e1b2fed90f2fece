"""Measurement of a net from its design, its settings and its weights alone: the same on the server and elsewhere."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from cnnviz.architecture import Architecture, build_model, evaluation_batch_size, trace
from cnnviz.architecture.weights import read_weights
from cnnviz.classroom.hidden_test import HiddenTest
from cnnviz.classroom.ladder import Correctness
from cnnviz.classroom.submission import ConfusedCell, ValidationResult
from cnnviz.classroom.work import Accuracy
from cnnviz.data.arrays import Labels, Samples
from cnnviz.data.dataset import Dataset
from cnnviz.data.scaling import Scale, fit_scale
from cnnviz.errors import DataError
from cnnviz.shapes import format_shape
from cnnviz.training.config import TrainConfig
from cnnviz.training.setup import AUTOCAST_DTYPE, to_memory_format

MAX_CONFUSED_CLASSES = 500
"""Classes up to which the confusion matrix is kept."""


@dataclass(frozen=True, eq=False)
class Measurement:
    """What was measured of one net."""

    validation: ValidationResult
    hidden: Correctness | None
    """For each sample of the hidden test, whether the net is right; None without such a test."""


def measure(
    architecture: Architecture, config: TrainConfig, weights: bytes, dataset: Dataset, hidden: HiddenTest | None = None
) -> Measurement:
    """Tries a net on the validation part of a data set, and on a hidden test.

    The samples are scaled as in the training, by what its training part says. Raises CnnvizError where the weights are
    those of another net, or the data do not fit.
    """
    if dataset.shape != architecture.input_shape:
        raise DataError(
            f"The net takes samples of {format_shape(architecture.input_shape)}; those of “{dataset.title}” are"
            f" {format_shape(dataset.shape)}."
        )
    model = build_model(architecture)
    model.load_state_dict(read_weights(weights, architecture, "The file of weights"))
    to_memory_format(model, architecture, config, torch.device("cpu"))
    net = _Net(model.eval(), evaluation_batch_size(trace(architecture)), mixed=config.mixed_precision)
    splits = dataset.load_splits(config.split_kind, left_out=config.left_out)
    scale = fit_scale(splits.train.x, config.floor, config.normalization)
    predicted, y = net.predict(splits.validation.x, scale), splits.validation.y
    accuracy = Accuracy(correct=int((predicted == y).sum()), samples=len(y))
    validation = ValidationResult(accuracy=accuracy, classes=dataset.classes, cells=_cells(predicted, y, dataset))
    return Measurement(validation, None if hidden is None else net.predict(hidden.x, scale) == hidden.y)


@dataclass(frozen=True)
class _Net:
    model: torch.nn.Module
    batch_size: int
    mixed: bool

    def predict(self, x: Samples, scale: Scale) -> Labels:
        """Returns the class with the highest score for each sample, (N,)."""
        predicted = []
        for start in range(0, len(x), self.batch_size):
            batch = torch.from_numpy(np.array(scale.apply(x[start : start + self.batch_size]), np.float32))
            with torch.no_grad(), torch.autocast("cpu", AUTOCAST_DTYPE, enabled=self.mixed):
                predicted.append(self.model(batch).float().argmax(dim=1).numpy())
        return np.concatenate(predicted).astype(np.int64)


def _cells(predicted: npt.NDArray[np.int64], y: Labels, dataset: Dataset) -> tuple[ConfusedCell, ...]:
    """Returns the confusion matrix; empty where there are too many classes to draw one."""
    if len(dataset.classes) > MAX_CONFUSED_CLASSES:
        return ()
    pairs, counts = np.unique(np.stack([y, predicted]), axis=1, return_counts=True)
    return tuple(
        ConfusedCell(true_class=int(true), predicted_class=int(answer), count=int(count))
        for (true, answer), count in zip(pairs.T, counts, strict=True)
        if answer < len(dataset.classes)  # a net may have more scores than there are classes
    )
