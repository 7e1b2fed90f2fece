"""State of a search for a better net at one moment."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cnnviz.architecture import Architecture
from cnnviz.runs.run import ACTIVE_STATUSES, Status
from cnnviz.training.config import TrainConfig


@dataclass(frozen=True)
class Search:
    """A group of runs that look for a better net than a given one; times in seconds since 1970."""

    id: str
    owner: str
    created: float
    architecture: Architecture
    """Net to start from."""
    config: TrainConfig
    space: Mapping[str, Any]
    """What may vary, and how far: a `Space` as JSON."""
    status: Status = Status.RUNNING
    message: str = ""
    """How it ended, in a sentence."""
    number: int = 1
    """Number among the searches of its student, from 1."""

    @property
    def active(self) -> bool:
        """Whether the search goes on."""
        return self.status in ACTIVE_STATUSES
