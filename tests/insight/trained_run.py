"""Trains a net on a built-in data set, and gives its curves as verdicts are based on them."""

from collections import defaultdict

import numpy as np
import torch

from cnnviz.architecture import Architecture
from cnnviz.data import DATASETS
from cnnviz.errors import DivergenceError
from cnnviz.insight.run_summary import RunSummary
from cnnviz.layers import Flatten, Linear, ReLU, Sigmoid
from cnnviz.training.config import TrainConfig
from cnnviz.training.end_reason import EndReason
from cnnviz.training.point import TEST, TRAIN, VALIDATION, Point
from cnnviz.training.trainer import train


def mlp(
    *sizes: int,
    act: type[Sigmoid] | type[ReLU] = Sigmoid,
    input_shape: tuple[int, ...] = (1, 8, 8),
    classes: int = 10,
) -> Architecture:
    layers = [layer for size in sizes for layer in (Linear(out_features=size), act())]
    return Architecture(input_shape=input_shape, layers=[Flatten(), *layers, Linear(out_features=classes)])


def train_run(design: Architecture, **settings: object) -> RunSummary:
    config = TrainConfig(**{"dataset": "digits"} | settings)  # type: ignore[arg-type]
    points: list[Point] = []
    message, end_reason = "", EndReason.NONE
    dataset = DATASETS[config.dataset]
    splits = dataset.load_splits(config.split_kind)
    try:
        result = train(
            design, config, splits, device=torch.device("cpu"), emit=points.extend, should_stop=lambda: False
        )
        message, end_reason = result.note, EndReason.EARLY_STOPPING if result.note else EndReason.NONE
    except DivergenceError as error:
        message, end_reason = str(error), EndReason.DIVERGED
    lines: defaultdict[tuple[str, str], list[float]] = defaultdict(list)
    for point in points:
        lines[point.split, point.metric].append(point.value)
    arrays = {key: np.array(values) for key, values in lines.items()}
    train_size, validation_size, test_size = map(len, splits.parts)
    return RunSummary(
        architecture=design,
        config=config,
        end_reason=end_reason,
        message=message,
        classes=len(dataset.classes),
        part_sizes=(train_size, validation_size, test_size),
        split_kind=dataset.split_kind(config.split_kind),
        test_accuracy=float(arrays[TEST, "accuracy"][-1]) if (TEST, "accuracy") in arrays else None,
        train_loss=arrays.get((TRAIN, "loss"), np.array([])),
        train_accuracy=arrays.get((TRAIN, "accuracy"), np.array([])),
        validation_loss=arrays.get((VALIDATION, "loss"), np.array([])),
        validation_accuracy=arrays.get((VALIDATION, "accuracy"), np.array([])),
        gradient_norms={split: line for (split, metric), line in arrays.items() if metric == "gradient_norm"},
        update_ratios={split: line for (split, metric), line in arrays.items() if metric == "update_ratio"},
    )
