"""A search for a better net as it was when somebody looked."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cnnviz.architecture import Architecture
from cnnviz.runs.run import ACTIVE_STATUSES, Status
from cnnviz.training.config import TrainConfig


@dataclass(frozen=True)
class Search:
    """A group of runs that look for a better net than the one they begin with; times in seconds since 1970."""

    id: str
    owner: str
    created: float
    architecture: Architecture
    """The net that it begins with."""
    config: TrainConfig
    space: Mapping[str, Any]
    """What may be changed, and how far; as JSON holds it."""
    status: Status = Status.RUNNING
    message: str = ""
    """How it ended, in a sentence."""
    number: int = 1
    """Of the searches of its student, the first one 1."""

    @property
    def active(self) -> bool:
        """Whether it goes on."""
        return self.status in ACTIVE_STATUSES
