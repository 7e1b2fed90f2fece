"""Archives on the server's disk, put there by whoever runs it: a folder with a folder for each class, a .tar.gz, a zip.

The rules for uploaded zips apply to them as well, but they may hold more files.
"""

import gzip
import os
import stat
import tarfile
from pathlib import Path
from typing import IO, cast

from cnnviz.data.archive import (
    MAX_READ_BYTES,
    Archive,
    ZipArchive,
    check_file_count,
    check_file_size,
    check_total_size,
    damaged_file_error,
)
from cnnviz.data.archive_member import MAX_DEPTH, ArchiveMember, is_ignored, split_path, strip_common_folders
from cnnviz.errors import DataError
from cnnviz.words import format_mebibytes, quote_name

MAX_STORED_FILES = 200_000
"""Files in a folder or a .tar.gz; Speech Commands has 105,835."""


def open_archive(path: Path, max_bytes: int) -> Archive:
    """Opens a folder, a .zip, a .tar.gz or a .tgz on the server's disk; close it after use.

    At most `max_bytes` are expanded. Raises DataError when it is none of these or cannot be trusted.
    """
    try:
        if path.is_dir():
            return FolderArchive(path, max_bytes)
        if path.name.endswith((".tar.gz", ".tgz")):
            return TarArchive(path, max_bytes)
        if path.name.endswith(".zip"):
            return _StoredZip(path, max_bytes)
    except OSError as error:
        raise DataError(f"{quote_name(path.name)} cannot be read: {error.strerror or 'it is damaged'}.") from None
    raise DataError(f"{quote_name(path.name)} is neither a folder nor a .zip or .tar.gz file.")


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


class FolderArchive(Archive):
    """A folder with a folder for each class; links inside it are refused."""

    def __init__(self, root: Path, max_bytes: int) -> None:
        self._root = root
        self._paths: list[Path] = []
        members: list[ArchiveMember] = []
        total = 0
        for folder, folders, names in os.walk(root, onerror=_raise):
            folder_parts = Path(folder).relative_to(root).parts
            folders[:] = sorted(name for name in folders if not is_ignored((name,)))
            check_file_count(len(members) + len(names) + len(folders), MAX_STORED_FILES)
            for name in folders:
                _file_size(Path(folder, name))
            if len(folder_parts) >= MAX_DEPTH:
                folders.clear()
            for name in sorted(name for name in names if not is_ignored((name,))):
                path = split_path("/".join((*folder_parts, name)))
                size = _file_size(Path(folder, name))
                check_file_size(name, size)
                total += size
                check_total_size(total, max_bytes)
                members.append(ArchiveMember(path[:-1], path[-1], len(members), size))
                self._paths.append(Path(folder, name))
        self.members = strip_common_folders(members)

    def read(self, member: ArchiveMember) -> bytes:
        """Returns the content; raises DataError if the file's size has changed since the folder was opened."""
        try:
            with os.fdopen(os.open(self._paths[member.index], os.O_RDONLY | os.O_NOFOLLOW), "rb") as file:
                content = file.read(member.size + 1)
        except OSError:
            raise damaged_file_error(member.path) from None
        if len(content) != member.size:
            raise damaged_file_error(member.path)
        return content

    def close(self) -> None:
        """Does nothing: no file stays open between two reads."""


class TarArchive(Archive):
    """A .tar.gz; it is expanded once when it is opened, and once more when its members are read in order."""

    def __init__(self, path: Path, max_bytes: int) -> None:
        self._stream = _BoundedGzip(path, max_bytes + 2048 * MAX_STORED_FILES)
        try:
            self.members = strip_common_folders(self._list_members(max_bytes))
        except DataError:
            self.close()
            raise
        except Exception:  # TarError, EOFError, BadGzipFile, zlib.error, ValueError, …
            self.close()
            raise DataError(f"{quote_name(path.name)} is not a .tar.gz file, or it is damaged.") from None

    def _list_members(self, max_bytes: int) -> list[ArchiveMember]:
        self._starts: list[int] = []
        members: list[ArchiveMember] = []
        total = 0
        with tarfile.open(fileobj=cast("IO[bytes]", self._stream), mode="r:") as tar:
            for count, info in enumerate(tar, 1):
                check_file_count(count, MAX_STORED_FILES)
                path = () if info.name == "." else split_path(info.name.removeprefix("./"))
                if info.isdir() or is_ignored(path):
                    continue
                if not info.isreg() or info.issparse() or not path:
                    raise DataError(
                        f"{quote_name(info.name)} is a link or a device, not a file. Pack the files themselves."
                    )
                check_file_size(info.name, info.size)
                total += info.size
                check_total_size(total, max_bytes)
                members.append(ArchiveMember(path[:-1], path[-1], len(members), info.size))
                self._starts.append(info.offset_data)
        return members

    def read(self, member: ArchiveMember) -> bytes:
        """Returns the content; fast in the order of `members`, as going back means starting from the beginning."""
        try:
            self._stream.seek(self._starts[member.index])
            content = self._stream.read(member.size)
        except Exception:  # EOFError, BadGzipFile, zlib.error
            raise damaged_file_error(member.path) from None
        if len(content) != member.size:
            raise damaged_file_error(member.path)
        return content

    def close(self) -> None:
        """Closes the file."""
        self._stream.close()


class _BoundedGzip:
    """Expanded content of a .gz file, of which at most the first `max_bytes` are read."""

    def __init__(self, path: Path, max_bytes: int) -> None:
        self._file = gzip.GzipFile(path, "rb")
        self._max_bytes = max_bytes
        self.tell, self.close = self._file.tell, self._file.close

    def seek(self, position: int) -> int:
        if position > self._max_bytes:
            raise DataError(
                f"The archive expands to more than {format_mebibytes(self._max_bytes)}, which is more than is allowed."
            )
        return self._file.seek(position)

    def read(self, size: int = MAX_READ_BYTES) -> bytes:
        if size > MAX_READ_BYTES:
            raise DataError(f"The archive has a header of {format_mebibytes(size)}, which no packing program writes.")
        return self._file.read(size)


def _file_size(path: Path) -> int:
    """Returns the size of a file in bytes; raises DataError for a link or a device."""
    status = path.lstat()
    if not (stat.S_ISREG(status.st_mode) or stat.S_ISDIR(status.st_mode)):
        raise DataError(f"{quote_name(path.name)} is a link or a device, not a file. Put the files themselves there.")
    return status.st_size


def _raise(error: OSError) -> None:
    raise error
