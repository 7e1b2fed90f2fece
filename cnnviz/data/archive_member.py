"""Files of an archive: their checked paths and their stated sizes."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import takewhile

from cnnviz.errors import DataError
from cnnviz.words import is_invisible, quote_name

MAX_NAME_LENGTH = 255
"""Characters in the name of a folder or a file."""
MAX_DEPTH = 8
"""Folders that a file may be nested in."""
IGNORED_NAMES = frozenset({"__macosx", "thumbs.db", "desktop.ini", "_background_noise_"})
"""Lower-case names of files and folders that are skipped; so are those that start with a dot."""

_DRIVE_LETTER = re.compile(r"[A-Za-z]:")


@dataclass(frozen=True)
class ArchiveMember:
    """A file: its folders from the outermost, its name, its place in the archive, and its stated size in bytes."""

    folders: tuple[str, ...]
    name: str
    index: int
    size: int

    @property
    def folder(self) -> str:
        """The folder directly around the file, which names its class; "" at the top."""
        return self.folders[-1] if self.folders else ""

    @property
    def path(self) -> str:
        """Folders and name, joined by slashes."""
        return "/".join((*self.folders, self.name))


def split_path(path: str) -> tuple[str, ...]:
    """Splits the path in an archive into folders and name; raises DataError when it could lead out of the archive.

    A “.” for the folder itself is left out: of “./”, nothing is left.

    >>> split_path("./digits/7/anna_0.wav")
    ('digits', '7', 'anna_0.wav')
    """
    if "\\" in path or _DRIVE_LETTER.match(path) or path.startswith("/"):
        raise DataError(
            f"The archive names the file {quote_name(path)}, with a drive, a backslash or a slash at the start; names"
            " must be relative, with folders separated by “/”. Pack the folder again."
        )
    path_parts = tuple(part for part in unicodedata.normalize("NFC", path).split("/") if part != ".")
    if any(part in ("", "..") for part in path_parts):
        raise DataError(
            f"The archive names the file {quote_name(path)}, which leads out of its folder or has an empty part. Pack"
            " the folder again."
        )
    if any(map(is_invisible, path)):
        raise DataError(f"The archive names the file {quote_name(path)}, which has invisible characters. Rename it.")
    if len(path_parts) - 1 > MAX_DEPTH or max(map(len, path_parts), default=0) > MAX_NAME_LENGTH:
        raise DataError(
            f"The archive names the file {quote_name(path)}; a file can be nested in at most {MAX_DEPTH} folders, and a"
            f" name can have at most {MAX_NAME_LENGTH} characters."
        )
    return path_parts


def is_ignored(path: Sequence[str]) -> bool:
    """Whether a path belongs to an operating system or a program: .DS_Store, Thumbs.db, __MACOSX/…

    >>> is_ignored(("__MACOSX", "7", "._anna_0.wav")), is_ignored(("7", "anna_0.wav"))
    (True, False)
    """
    return any(part.startswith(".") or part.lower() in IGNORED_NAMES for part in path)


def strip_common_folders(members: Sequence[ArchiveMember]) -> tuple[ArchiveMember, ...]:
    """Removes the folders that all members share; raises DataError when two members have the same path."""
    seen: set[str] = set()
    for member in members:
        if member.path in seen:
            raise DataError(f"The archive holds the file {quote_name(member.path)} twice. Pack the folder again.")
        seen.add(member.path)
    folders = [member.folders for member in members] or [()]
    first, last = min(folders), max(folders)  # what these two begin with, all do
    common = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(first, last, strict=False)))
    common_depth = max(0, min(common, max(map(len, folders)) - 1))  # the last folder is a class
    return tuple(replace(member, folders=member.folders[common_depth:]) for member in members)
