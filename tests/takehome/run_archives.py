"""Parcels of small runs: one trained on the digits, and one that is made up."""

from functools import cache

import numpy as np
import torch
from safetensors.torch import save

from cnnviz.architecture import Architecture, build_model
from cnnviz.data import DATASETS
from cnnviz.insight.predictions import Predictions
from cnnviz.layers import BatchNorm1d, Flatten, Linear, LogSoftmax, ReLU, Residual
from cnnviz.takehome.archive_facts import ArchiveFacts
from cnnviz.takehome.run_archive import RunArchive
from cnnviz.training.config import TrainConfig
from cnnviz.training.end_reason import EndReason
from cnnviz.training.point import Point
from cnnviz.training.trainer import train

NET = Architecture(
    input_shape=(1, 8, 8),
    layers=[
        Flatten(),
        Linear(out_features=16),
        BatchNorm1d(),
        Residual(layers=[Linear(out_features=16), ReLU()]),
        Linear(out_features=10),
        LogSoftmax(dim=1),
    ],
)


@cache
def trained_archive() -> RunArchive:
    """Three epochs of the digits."""
    config = TrainConfig(dataset="digits", epochs=3, learning_rate=0.1)
    digits = DATASETS["digits"]
    splits = digits.load_splits()
    points: list[Point] = []
    result = train(NET, config, splits, device=torch.device("cpu"), emit=points.extend, should_stop=lambda: False)
    model = build_model(NET).eval()
    model.load_state_dict(result.weights)
    with torch.no_grad():
        scores = model(torch.from_numpy(result.scale.apply(splits.test.x)))
    return RunArchive(
        title="Anna’s <first> net & more 🙂",
        architecture=NET,
        config=config,
        status="done",
        created=1_750_000_000.125,
        worked=12.5,
        device="cpu",
        message="A line\nand another.",
        end_reason=EndReason.EARLY_STOPPING,
        steps=points[-1].step,
        points=tuple(points),
        best_epoch=result.best_epoch,
        weights=save(result.weights),
        facts=ArchiveFacts.model_validate(
            {"parts": [len(part) for part in splits.parts], "scale": result.scale.to_dict()}
        ),
        predictions=Predictions(scores.exp().numpy(), splits.test.y, digits.classes),
        classes=digits.classes,
        dataset=digits.title,
        axes=digits.axes,
    )


def failed_archive(**values: object) -> RunArchive:
    """A run that failed before its first epoch ended: nothing but what every run has."""
    start = {"title": "", "architecture": NET, "config": TrainConfig(), "status": "failed", "created": 0.0}
    return RunArchive(**start | values)  # type: ignore[arg-type]


def make_predictions(classes: int, samples: int, seed: int = 0) -> Predictions:
    """Made-up predictions, mostly right."""
    generator = np.random.default_rng(seed)
    y = generator.integers(classes, size=samples)
    scores = generator.normal(size=(samples, classes)) + 3 * np.eye(classes)[y]
    probabilities = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    return Predictions(probabilities.astype(np.float32), y, tuple(f"class {i}" for i in range(classes)))
