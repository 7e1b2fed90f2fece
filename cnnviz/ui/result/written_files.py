"""The files of runs that were written for one session: they wait on the disk, side by side, to be downloaded."""

import tempfile
import weakref
from collections.abc import Hashable
from pathlib import Path
from typing import IO

from cnnviz.errors import LimitError

MAX_FILES_BYTES = 512 * 2**20
"""Maximum size in bytes of the files that a session keeps on the disk, unless a single one is larger."""


class WrittenFile:
    """A file without a name, which is gone from the disk as soon as nothing refers to it any more."""

    def __init__(self, content: bytes, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._file: IO[bytes] = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 (the next line closes it)
        weakref.finalize(self, self._file.close)
        self._file.write(content)
        self._file.flush()
        self.size = len(content)

    def read(self) -> bytes:
        """Returns the content."""
        with open(self._file.fileno(), "rb", closefd=False) as reader:
            reader.seek(0)
            return reader.read()


def store_file(files: dict[Hashable, WrittenFile], key: Hashable, content: bytes, folder: Path) -> None:
    """Adds a file, and drops the oldest ones where all together take more than MAX_FILES_BYTES.

    Raises LimitError where the disk has no room for it.
    """
    try:
        files[key] = WrittenFile(content, folder)
    except OSError:
        raise LimitError("The server has no room on its disk for this file just now. Try again in a minute.") from None
    while len(files) > 1 and sum(file.size for file in files.values()) > MAX_FILES_BYTES:
        del files[next(iter(files))]
