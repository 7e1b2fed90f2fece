"""Files that browsers send: each goes to the disk as it arrives, within limits, and waits there until it is used.

Streamlit would keep them in the server's memory for as long as a session lives.
"""

import logging
import secrets
import shutil
import threading
from collections import Counter
from collections.abc import Container, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from cnnviz.errors import LimitError
from cnnviz.settings import Settings, settings
from cnnviz.visitors import visitors
from cnnviz.words import format_mebibytes

MAX_FILES = 40
"""Files of one student that are on their way or wait, however small."""
FREE_BYTES = 2**30
"""Space that is left on the disk for everything else."""
log = logging.getLogger(__name__)


@dataclass(eq=False)
class ReceivedFile:
    """A file that a student has sent, or is sending."""

    owner: str
    session_id: str
    file_id: str
    """Its name in its session; the browser chooses it."""
    path: Path
    """Where it lies; whoever uses it moves or reads it."""
    size: int
    """Bytes; those of the whole request that brings it."""
    name: str = ""
    """What the student calls it."""
    complete: bool = False
    refusal: str = ""
    """Why it was not kept, for the student who wants to use it; empty for one that was."""


class ReceivedFiles:
    """The files of all sessions, each until it is taken, removed, or its session has ended."""

    def __init__(self, folder: Path, limits: Settings) -> None:
        self._folder, self._limits = folder, limits
        self._files: list[ReceivedFile] = []
        self._lock = threading.Lock()
        shutil.rmtree(folder, ignore_errors=True)  # what an earlier server has left
        folder.mkdir(mode=0o700, parents=True)

    @contextmanager
    def receive(self, owner: str, session_id: str, file_id: str, size: int) -> Iterator[ReceivedFile]:
        """Gives a file of `size` bytes to be written; the session has it once the block ends without an error.

        Raises LimitError where this owner or everybody together has too much on the way or waiting, or the disk is
        full.
        """
        file = ReceivedFile(owner, session_id, file_id, self._folder / secrets.token_hex(16), size)
        with self._lock:
            self._check_room(owner, size)
            self._files.append(file)
        try:
            yield file
        except BaseException:
            self._discard([file])
            raise
        file.complete = True

    def refuse(self, owner: str, session_id: str, file_id: str, reason: str) -> None:
        """Lets a session find why a file was not kept, when it is to be used; of each owner the last MAX_FILES."""
        file = ReceivedFile(owner, session_id, file_id, self._folder / secrets.token_hex(16), 0, "", True, reason)
        with self._lock:
            earlier = [each for each in self._files if each.owner == owner and each.refusal]
            self._files = [each for each in self._files if each not in earlier[: -MAX_FILES + 1]] + [file]

    def find(self, session_id: str, file_id: str) -> ReceivedFile | None:
        """Returns a file of a session; None when it is not there, or not whole."""
        return next((file for file in self._files_named(session_id, file_id) if file.complete), None)

    def remove(self, session_id: str, file_id: str) -> None:
        """Deletes a file of a session, if it is still there; harmless otherwise."""
        self._discard(self._files_named(session_id, file_id))

    def _files_named(self, session_id: str, file_id: str) -> list[ReceivedFile]:
        with self._lock:
            return [file for file in self._files if (file.session_id, file.file_id) == (session_id, file_id)]

    def sweep(self, session_ids: Container[str]) -> None:
        """Deletes the files of all sessions but these, which are open or may be gone on with."""
        with self._lock:
            left = [file for file in self._files if file.session_id not in session_ids]
        self._discard(left)

    def _discard(self, files: list[ReceivedFile]) -> None:
        with self._lock:
            self._files = [file for file in self._files if file not in files]
        for file in files:
            try:
                file.path.unlink(missing_ok=True)
            except OSError:
                log.exception("a received file is left; the next start of the server deletes it")

    def _check_room(self, owner: str, size: int) -> None:
        if sum(file.owner == owner and not file.refusal for file in self._files) >= MAX_FILES:
            raise LimitError(f"{MAX_FILES} of your files are already waiting to be used. Use or remove those first.")
        own_bytes = sum(file.size for file in self._files if file.owner == owner)
        if own_bytes + size > (limit := self._limits.max_owner_incoming_bytes):
            raise LimitError(
                f"Your files that are waiting to be used take {format_mebibytes(own_bytes)}; with this one of"
                f" {format_mebibytes(size)} they would exceed the {format_mebibytes(limit)} that one student may send."
                " Use or remove those first."
            )
        taken = Counter[str]()
        for file in self._files:
            taken[file.owner] += file.size
        if size > visitors().room_for(owner, taken, self._limits.max_incoming_bytes):
            raise LimitError("Many files are being sent to this server just now. Try again in a minute.")
        if shutil.disk_usage(self._folder).free < size + FREE_BYTES:
            raise LimitError("The server's disk is full. Try again later, or tell whoever runs the server.")


@cache
def received_files() -> ReceivedFiles:
    """Returns the files that this server has received."""
    limits = settings()
    return ReceivedFiles(limits.data_dir / "received", limits)
