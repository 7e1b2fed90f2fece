"""Curves of runs that nobody disturbs, trained in the test's own process."""

from functools import cache

import torch

from cnnviz.data import DATASETS
from cnnviz.training.config import TrainConfig
from cnnviz.training.point import Point
from cnnviz.training.trainer import train
from tests.designs import NET
from tests.points import without_device_points


@cache
def undisturbed_curve(config: TrainConfig) -> list[Point]:
    """Points of NET trained with these settings."""
    points: list[Point] = []
    data = DATASETS[config.dataset].load_splits()
    train(NET, config, data, device=torch.device("cpu"), emit=points.extend, should_stop=lambda: False)
    return without_device_points(points)
