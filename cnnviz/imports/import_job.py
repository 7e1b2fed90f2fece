"""One import of a data set: what was ordered, how far it is, and how it ended."""

import threading
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from cnnviz.imports.messages import ImportOrder


class ImportEnding(NamedTuple):
    """How an import ended."""

    status: str
    message: str


CANCELLED = ImportEnding("cancelled", "It was cancelled; nothing was kept.")


@dataclass(frozen=True)
class ImportProgress:
    """State of an import at one moment."""

    name: str
    title: str
    status: str = "waiting"
    """waiting → running → done, refused or cancelled."""
    done: int = 0
    """Files that are read."""
    total: int = 0
    """Files of the archive; 0 until they are counted."""
    message: str = ""
    """Why it was refused, or what its report says."""

    @property
    def active(self) -> bool:
        """Whether the import waits or is running."""
        return self.status in ("waiting", "running")


@dataclass(eq=False)
class ImportJob:
    """An import of this server: its order, how far it is, and whether it is to end."""

    order: ImportOrder
    progress: ImportProgress
    share: str = ""
    """Share of the importer in which it has its turn."""
    claimed: bool = False
    cancelled: threading.Event = field(default_factory=threading.Event)
    ended: threading.Event = field(default_factory=threading.Event)

    def update_progress(self, **changes: Any) -> None:
        """Changes fields of the progress."""
        self.progress = replace(self.progress, **changes)
