"""State of a run at one moment."""

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
    """One training of one design: its owner, its settings and its progress; times in seconds since 1970."""

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
    """Device time so far, in seconds."""
    score: Score = field(default_factory=Score)
    title: str = ""
    """Name that its student gave it; may be empty."""
    starred: bool = False
    tags: tuple[str, ...] = ()
    deleted: float | None = None
    """Time at which it was deleted; some time later it is removed for good."""
    search: str | None = None
    """Id of the search that started it."""
    end_reason: EndReason = EndReason.NONE
    """Why it was stopped, failed, or ended before its last epoch."""
    parent: str | None = None
    """Id of the run whose net and settings it started from; None where that is not known."""
    seed_group: str | None = None
    """Id of the run whose luck it was started to judge, with other seeds, of which no more are trained than needed."""

    @property
    def active(self) -> bool:
        """Whether the run is waiting or training."""
        return self.status in ACTIVE_STATUSES
