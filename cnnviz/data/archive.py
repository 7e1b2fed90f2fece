"""Archives sent by strangers: everything is checked before anything is expanded, and nothing is written."""

import stat
import zipfile
from abc import ABC, abstractmethod
from collections.abc import Iterator
from io import BytesIO
from typing import IO, BinaryIO, Self, cast

from cnnviz.data.archive_member import ArchiveMember, is_ignored, split_path, strip_common_folders
from cnnviz.errors import DataError
from cnnviz.words import format_mebibytes, quote_name

MAX_MEMBERS = 100_000
MAX_MEMBER_BYTES = 64 * 2**20
"""Size of a single file after expansion."""
MAX_READ_BYTES = MAX_MEMBER_BYTES + 2**16
"""Bytes that are read from an archive at once: one member, or a zip's list of its files."""
MAX_RATIO = 200
"""Expanded bytes per packed byte of a whole archive, if it expands to more than RATIO_CHECKED_FROM bytes."""
RATIO_CHECKED_FROM = 16 * 2**20
DEFLATE_RATIO = 1040
"""A ratio that deflate cannot reach (its limit is 1,032). Source: zlib.net/zlib_tech.html."""

_ALLOWED_FILE_TYPES = (0, stat.S_IFREG, stat.S_IFDIR)
_ENTRY_SIGNATURE = b"PK\x01\x02"
_UTF8_FLAG = 0x800


class Archive(ABC):
    """Files in folders, one folder for each class, that are read one at a time."""

    members: tuple[ArchiveMember, ...]
    """The files, without ignored ones, in the order in which reading them is fastest."""

    @abstractmethod
    def read(self, member: ArchiveMember) -> bytes:
        """Returns the content of a member; raises DataError when it is damaged or its size is not as stated."""

    def __iter__(self) -> Iterator[tuple[str, str, bytes]]:
        """Yields (class folder, file name, content) of every member."""
        for member in self.members:
            yield member.folder, member.name, self.read(member)

    @abstractmethod
    def close(self) -> None:
        """Closes the archive; `read` must not be called afterwards."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def read_text(self, name: str, max_bytes: int) -> str | None:
        """Returns a text file at the top of the archive, or None without one; raises DataError when it is too large."""
        matching = [member for member in self.members if not member.folders and member.name == name]
        if not matching:
            return None
        if matching[0].size > max_bytes:
            raise DataError(
                f"{name} takes {format_mebibytes(matching[0].size)}; at most {format_mebibytes(max_bytes)} are allowed."
                " Leave it out."
            )
        return self.read(matching[0]).decode("utf-8", "replace")


class ZipArchive(Archive):
    """A zip in memory or in a binary file, expanding to at most `max_bytes`.

    Raises DataError when it is not a zip, or when a name, a size, a link or a number in it cannot be trusted.
    """

    def __init__(self, file: bytes | BinaryIO, max_bytes: int, *, max_member: int = MAX_MEMBER_BYTES) -> None:
        stream = BytesIO(file) if isinstance(file, bytes) else file
        guarded = _GuardedZipStream(stream)
        try:
            self._zip = zipfile.ZipFile(cast("IO[bytes]", guarded))
        except DataError:
            raise
        except Exception:  # zipfile lets all kinds out: BadZipFile, struct.error, UnicodeDecodeError, OverflowError, …
            raise DataError("This is not a zip archive, or it is damaged. Pack it as .zip again.") from None
        guarded.opening = False
        self._infos = self._zip.infolist()
        check_file_count(len(self._infos))
        members = []
        for number, info in enumerate(self._infos):
            _check_zip_entry(info)
            name = _entry_name(info)
            path = split_path(name.removesuffix("/"))
            if path and not info.is_dir() and not is_ignored(path):
                check_file_size(name, info.file_size, max_member)
                members.append(ArchiveMember(path[:-1], path[-1], number, info.file_size))
        packed = sum(info.compress_size for info in self._infos)
        if packed > stream.seek(0, 2):
            raise DataError("The files in this zip overlap, which no packing program does. Pack the folder again.")
        expanded = sum(info.file_size for info in self._infos)
        check_total_size(expanded, max_bytes)
        if expanded > RATIO_CHECKED_FROM and expanded > MAX_RATIO * packed:
            raise DataError(
                f"This zip would grow from {packed / 2**20:,.1f} MiB to {format_mebibytes(expanded)}, more than"
                f" {MAX_RATIO} times its size, as no real recordings or pictures do. It is not opened."
            )
        self.members = strip_common_folders(members)

    def read(self, member: ArchiveMember) -> bytes:
        """Returns the content of a member; never expands more bytes than were stated and checked."""
        info = self._infos[member.index]
        try:
            with self._zip.open(info) as stream:
                content = stream.read(info.file_size + 1)
        except Exception:  # zlib.error, BadZipFile, EOFError, NotImplementedError, …
            raise damaged_file_error(member.path) from None
        if len(content) != info.file_size:
            raise damaged_file_error(member.path)
        return content

    def close(self) -> None:
        """Closes the zip; a file that was passed in stays open."""
        self._zip.close()


class _GuardedZipStream:
    """File for zipfile that counts the entries of a zip before zipfile makes an object of each of them.

    The entries themselves are counted, as zipfile goes by them; the count at the end of a zip could be a lie.
    """

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self.opening = True
        self.seek, self.tell, self.close = stream.seek, stream.tell, stream.close

    def seekable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        if self.opening and size > MAX_READ_BYTES:
            raise DataError(
                f"The list of files in this zip takes {format_mebibytes(size)}; at most"
                f" {format_mebibytes(MAX_READ_BYTES)} are allowed. Send fewer files of each class."
            )
        content = self._stream.read(size)
        if self.opening and len(content) > 46 * MAX_MEMBERS:
            check_file_count(content.count(_ENTRY_SIGNATURE))
        return content


def check_file_count(count: int, limit: int = MAX_MEMBERS) -> None:
    """Raises DataError when an archive holds too many files."""
    if count > limit:
        raise DataError(
            f"The archive holds {count:,} files or more; at most {limit:,} can be read. Send fewer files of each class."
        )


def check_file_size(name: str, size: int, limit: int = MAX_MEMBER_BYTES) -> None:
    """Raises DataError when a file is too large."""
    if size > limit:
        raise DataError(
            f"The file {quote_name(name)} takes {format_mebibytes(size)}; one file may take at most"
            f" {format_mebibytes(limit)}. Cut it into samples or leave it out."
        )


def check_total_size(size: int, max_bytes: int) -> None:
    """Raises DataError when all files together are too large."""
    if size > max_bytes:
        raise DataError(
            f"The archive holds {size / 2**20:,.1f} MiB of files; this server takes at most"
            f" {max_bytes / 2**20:,.1f} MiB. Send fewer files."
        )


def damaged_file_error(name: str) -> DataError:
    """Returns the error for a file that cannot be unpacked intact."""
    return DataError(f"{quote_name(name)} is damaged in the archive.")


def _entry_name(info: zipfile.ZipInfo) -> str:
    """Returns the name of an entry; one without the flag for UTF-8 may be in UTF-8 all the same, as macOS writes it.

    The bytes of a name in another encoding are hardly ever valid UTF-8.
    """
    if info.flag_bits & _UTF8_FLAG:
        return info.filename
    try:
        return info.filename.encode("cp437").decode("utf-8")
    except UnicodeError:
        return info.filename


def _check_zip_entry(info: zipfile.ZipInfo) -> None:
    name = info.orig_filename
    if "\0" in name or "\\" in name:
        split_path(name.replace("\0", "\\"))  # ZipInfo has cut or changed the name; what was sent is refused
    if info.flag_bits & 0x2041:  # encrypted; strongly encrypted; encrypted list
        raise DataError(f"The file {quote_name(name)} is encrypted. Pack the folder without a password.")
    if stat.S_IFMT(info.external_attr >> 16) not in _ALLOWED_FILE_TYPES:
        raise DataError(f"{quote_name(name)} is a link or a device, not a file. Pack the files themselves.")
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise DataError(
            f"The file {quote_name(name)} is packed in a way that cannot be read here. Pack it as a plain .zip."
        )
    if info.file_size > DEFLATE_RATIO * info.compress_size + 64:
        raise DataError(f"The file {quote_name(name)} claims an impossible size. Pack the folder again.")
