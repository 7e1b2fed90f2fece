"""A finished run with all its data, independent of the server that trained it."""

from dataclasses import dataclass, field

from cnnviz.architecture import Architecture
from cnnviz.insight.predictions import Predictions
from cnnviz.presets import net_name
from cnnviz.takehome.archive_facts import ArchiveFacts
from cnnviz.training.config import TrainConfig
from cnnviz.training.end_reason import EndReason
from cnnviz.training.point import VALIDATION, Point


@dataclass(frozen=True, eq=False, kw_only=True)
class RunArchive:
    """Everything about a run that can be downloaded; times in seconds since 1970."""

    title: str
    """Title that the student gave the run; may be empty."""
    architecture: Architecture
    config: TrainConfig
    status: str
    """One of done, stopped and failed."""
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
    """Epoch of the weights; 0 when there are none."""
    weights: bytes | None = None
    """The best epoch's state dict, as a safetensors file."""
    facts: ArchiveFacts = field(default_factory=ArchiveFacts)
    predictions: Predictions | None = None
    """Predictions for the test samples, made with the weights."""
    classes: tuple[str, ...] = ()
    dataset: str = ""
    """Title of the data set."""
    axes: tuple[str, ...] = ()
    """Names of the axes of a sample, as in `Dataset.axes`."""

    @property
    def name(self) -> str:
        """Title of the run, or the name of its net when it has none."""
        return self.title.strip() or net_name(self.architecture)

    @property
    def stopped_after(self) -> int:
        """Number of epochs after which the run was stopped; 0 when it was not stopped."""
        if self.status != "stopped":
            return 0
        return max((point.epoch for point in self.points if point.split == VALIDATION), default=0)
