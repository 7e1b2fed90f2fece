"""A finished run with all that is known of it, free of the server it ran on."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from cnnviz.architecture import Architecture
from cnnviz.insight.predictions import Predictions
from cnnviz.presets import net_name
from cnnviz.training.config import TrainConfig
from cnnviz.training.end_reason import EndReason
from cnnviz.training.point import VALIDATION, Point


@dataclass(frozen=True, eq=False, kw_only=True)
class RunArchive:
    """Everything of one run that can be taken home; times in seconds since 1970."""

    title: str
    """What its student calls it; may be empty."""
    architecture: Architecture
    config: TrainConfig
    status: str
    """done, stopped or failed."""
    created: float
    worked: float = 0.0
    """Seconds of device time."""
    device: str = "cpu"
    message: str = ""
    end_reason: EndReason = EndReason.NONE
    steps: int = 0
    """Optimiser steps of the whole run."""
    points: tuple[Point, ...] = ()
    best_epoch: int = 0
    """Epoch of the weights; 0 where there are none."""
    weights: bytes | None = None
    """The best epoch's state dict, as a safetensors file."""
    facts: Mapping[str, Any] = field(default_factory=dict)
    """`parts`: samples of training, validation and test; `scale`: the mean and std that samples were scaled by."""
    predictions: Predictions | None = None
    """On the test part, with the weights."""
    classes: tuple[str, ...] = ()
    dataset: str = ""
    """Title of the data set."""
    axes: tuple[str, ...] = ()
    """What the axes of a sample are, as `Dataset.axes`."""

    @property
    def name(self) -> str:
        """What its student calls it, or else its net."""
        return self.title.strip() or net_name(self.architecture)

    @property
    def stopped_after(self) -> int:
        """Epochs after which it was stopped; 0 where it was not."""
        if self.status != "stopped":
            return 0
        return max((point.epoch for point in self.points if point.split == VALIDATION), default=0)
