"""Notes of imports that have begun: by them the next server knows what has ended with this one."""

import logging
from collections.abc import Iterator
from pathlib import Path

from cnnviz.imports.messages import ORDERS, ImportOrder

SUFFIX = ".json"
log = logging.getLogger(__name__)


class ImportNotes:
    """One file for each import, with its order, in the folder of what is to be read."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def write(self, order: ImportOrder) -> None:
        """Notes an import; raises OSError where that cannot be written."""
        self._path(order).write_bytes(ORDERS.dump_json(order))

    def delete(self, order: ImportOrder) -> None:
        """Deletes the note of an import; harmless when there is none."""
        self._path(order).unlink(missing_ok=True)

    def read(self) -> Iterator[ImportOrder]:
        """Yields every noted import; a note that cannot be read is deleted."""
        for path in self._folder.glob(f"*{SUFFIX}"):
            try:
                yield ORDERS.validate_json(path.read_bytes())
            except (OSError, ValueError):
                log.exception("%s cannot be read", path.name)
                path.unlink(missing_ok=True)

    def holds(self, path: Path) -> bool:
        """Returns whether a file of the folder is a note."""
        return path.suffix == SUFFIX

    def _path(self, order: ImportOrder) -> Path:
        return self._folder / f"{order.name}{SUFFIX}"
