"""Archives that the person who runs the server has put there: a folder with a folder for each class, a .tar.gz, a zip.

They are read under the rules of a stranger's zip, but may hold more files.
"""

import gzip
import os
import stat
import tarfile
from pathlib import Path
from typing import IO, cast

from cnnviz.data.archive import MAX_READ, Archive, ZipArchive, check_count, check_size, check_total, damaged
from cnnviz.data.member import MAX_DEPTH, Member, arranged, ignored, parts, quoted
from cnnviz.errors import DataError

MAX_STORED = 200_000
"""Files of a folder or a .tar.gz: all of Speech Commands (105,835) and more."""


def open_stored(path: Path, max_bytes: int) -> Archive:
    """A folder, a .zip, a .tar.gz or a .tgz on the server's disk; to be closed after use.

    At most `max_bytes` come out of it. Raises DataError when it is none of them or cannot be trusted.
    """
    try:
        if path.is_dir():
            return Folder(path, max_bytes)
        if path.name.endswith((".tar.gz", ".tgz")):
            return TarArchive(path, max_bytes)
        if path.name.endswith(".zip"):
            return _StoredZip(path, max_bytes)
    except OSError as error:
        raise DataError(f"{quoted(path.name)} cannot be read: {error.strerror or 'it is damaged'}.") from None
    raise DataError(f"{quoted(path.name)} is neither a folder nor a .zip or .tar.gz file.")


class _StoredZip(ZipArchive):
    def __init__(self, path: Path, max_bytes: int) -> None:
        self._file = path.open("rb")
        try:
            super().__init__(self._file, max_bytes)
        except BaseException:
            self._file.close()
            raise

    def close(self) -> None:
        super().close()
        self._file.close()


class Folder(Archive):
    """A folder with a folder for each class; links in it are refused."""

    def __init__(self, root: Path, max_bytes: int) -> None:
        self._root = root
        self._paths: list[Path] = []
        members: list[Member] = []
        total = 0
        for place, folders, names in os.walk(root, onerror=_surface):
            here = Path(place).relative_to(root).parts
            folders[:] = sorted(name for name in folders if not ignored((name,)))
            check_count(len(members) + len(names) + len(folders), MAX_STORED)
            for name in folders:
                _look(Path(place, name))
            if len(here) >= MAX_DEPTH:
                folders.clear()
            for name in sorted(name for name in names if not ignored((name,))):
                path = parts("/".join((*here, name)))
                size = _look(Path(place, name))
                check_size(name, size)
                total += size
                check_total(total, max_bytes)
                members.append(Member(path[:-1], path[-1], len(members), size))
                self._paths.append(Path(place, name))
        self.members = arranged(members)

    def read(self, member: Member) -> bytes:
        """The content, if the file is still as large as it was when the folder was opened."""
        try:
            with os.fdopen(os.open(self._paths[member.number], os.O_RDONLY | os.O_NOFOLLOW), "rb") as file:
                content = file.read(member.size + 1)
        except OSError:
            raise damaged(member.path) from None
        if len(content) != member.size:
            raise damaged(member.path)
        return content

    def close(self) -> None:
        """Nothing stays open between two reads."""


class TarArchive(Archive):
    """A .tar.gz; it is gone through once when it is opened, and once more when its members are read in order."""

    def __init__(self, path: Path, max_bytes: int) -> None:
        self._stream = _Bounded(path, max_bytes + 2048 * MAX_STORED)
        try:
            self.members = arranged(self._listed(max_bytes))
        except DataError:
            self.close()
            raise
        except Exception:  # TarError, EOFError, BadGzipFile, zlib.error, ValueError, …
            self.close()
            raise DataError(f"{quoted(path.name)} is not a .tar.gz file, or it is damaged.") from None

    def _listed(self, max_bytes: int) -> list[Member]:
        self._starts: list[int] = []
        members: list[Member] = []
        total = 0
        with tarfile.open(fileobj=cast("IO[bytes]", self._stream), mode="r:") as tar:
            for count, info in enumerate(tar, 1):
                check_count(count, MAX_STORED)
                path = () if info.name == "." else parts(info.name.removeprefix("./"))
                if info.isdir() or ignored(path):
                    continue
                if not info.isreg() or info.issparse() or not path:
                    raise DataError(
                        f"{quoted(info.name)} is a link or a device, not a file. Pack the files themselves."
                    )
                check_size(info.name, info.size)
                total += info.size
                check_total(total, max_bytes)
                members.append(Member(path[:-1], path[-1], len(members), info.size))
                self._starts.append(info.offset_data)
        return members

    def read(self, member: Member) -> bytes:
        """The content; fast in the order of `members`, while going back means starting from the beginning."""
        try:
            self._stream.seek(self._starts[member.number])
            content = self._stream.read(member.size)
        except Exception:  # EOFError, BadGzipFile, zlib.error
            raise damaged(member.path) from None
        if len(content) != member.size:
            raise damaged(member.path)
        return content

    def close(self) -> None:
        """Close the file."""
        self._stream.shut()


class _Bounded:
    """What a .gz file expands to, never gone through further than `most` bytes."""

    def __init__(self, path: Path, most: int) -> None:
        self._file = gzip.GzipFile(path, "rb")
        self._most = most
        self.tell, self.shut = self._file.tell, self._file.close

    def seek(self, position: int) -> int:
        if position > self._most:
            raise DataError(f"The archive expands to more than {self._most / 2**20:,.0f} MB, more than it may hold.")
        return self._file.seek(position)

    def read(self, size: int = MAX_READ) -> bytes:
        if size > MAX_READ:
            raise DataError(f"The archive has a header of {size / 2**20:,.0f} MB, which no packer writes.")
        return self._file.read(size)


def _look(path: Path) -> int:
    """Bytes of a file; raises DataError for a link or a device."""
    found = path.lstat()
    if not (stat.S_ISREG(found.st_mode) or stat.S_ISDIR(found.st_mode)):
        raise DataError(f"{quoted(path.name)} is a link or a device, not a file. Put the files themselves there.")
    return found.st_size


def _surface(error: OSError) -> None:
    raise error
