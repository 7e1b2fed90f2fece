"""A run as it was when somebody looked."""

from dataclasses import dataclass, field
from enum import StrEnum

from cnnviz.architecture import Architecture
from cnnviz.runs.score import Score
from cnnviz.training.config import TrainConfig


class Status(StrEnum):
    """queued → running ⇄ paused → done, stopped or failed; one that is resumed or trained further is queued again."""

    QUEUED = "queued"
    RUNNING = "running"
    PAUSED = "paused"
    DONE = "done"
    STOPPED = "stopped"
    FAILED = "failed"


ACTIVE_STATUSES = (Status.QUEUED, Status.RUNNING)


TRAIN_RUN, LR_FINDER_RUN = "train", "lr-finder"
"""Kinds of runs: a training, and a search for a learning rate."""


@dataclass(frozen=True)
class Run:
    """One training of one design: who asked for it, with what, and how far it is; times in seconds since 1970."""

    id: str
    owner: str
    device: str
    architecture: Architecture
    config: TrainConfig
    status: Status
    created: float
    message: str = ""
    """Why it failed or was stopped, in a sentence; empty otherwise."""
    steps: int = 0
    """Optimiser steps of the whole run; 0 until it starts."""
    started: float | None = None
    finished: float | None = None
    kind: str = TRAIN_RUN
    worked: float = 0.0
    """Seconds of device time so far."""
    score: Score = field(default_factory=Score)
    title: str = ""
    """What its student calls it; empty where it has no name."""
    starred: bool = False
    tags: tuple[str, ...] = ()
    deleted: float | None = None
    """When it was put away; some time after that it is gone for good."""
    search: str | None = None
    """The search that began it."""

    @property
    def active(self) -> bool:
        """Whether it still waits or trains."""
        return self.status in ACTIVE_STATUSES
