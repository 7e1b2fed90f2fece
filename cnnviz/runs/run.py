"""A run as it was when somebody looked."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, Literal, NamedTuple

from cnnviz.architecture import Architecture
from cnnviz.runs.score import Score
from cnnviz.training.config import TrainConfig
from cnnviz.training.end_reason import EndReason


class Status(StrEnum):
    """queued → running ⇄ paused → done, stopped or failed; one that is resumed or trained further is queued again."""

    QUEUED = "queued"
    RUNNING = "running"
    PAUSED = "paused"
    DONE = "done"
    STOPPED = "stopped"
    FAILED = "failed"


ACTIVE_STATUSES = (Status.QUEUED, Status.RUNNING)


RunKind = Literal["train", "lr-finder"]
"""A training, or a learning-rate finder."""
TRAIN_RUN: Final = "train"
LR_FINDER_RUN: Final = "lr-finder"


class Ending(NamedTuple):
    """Why a run ended, and the sentence about it for its student; empty where there is nothing to say."""

    reason: EndReason = EndReason.NONE
    message: str = ""


STOPPED_BY_STUDENT = Ending(EndReason.STUDENT)


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
    kind: RunKind = TRAIN_RUN
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
    """Id of the search that started it."""
    end_reason: EndReason = EndReason.NONE
    """Why it was stopped, failed, or ended before its last epoch."""

    @property
    def active(self) -> bool:
        """Whether it still waits or trains."""
        return self.status in ACTIVE_STATUSES
