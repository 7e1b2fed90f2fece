"""Files in folders that a stranger packed: everything is checked before anything is expanded, nothing is written."""

import stat
import zipfile
from abc import ABC, abstractmethod
from collections.abc import Iterator
from io import BytesIO
from typing import IO, BinaryIO, Self, cast

from cnnviz.data.member import Member, arranged, ignored, parts, quoted
from cnnviz.errors import DataError

MAX_MEMBERS = 100_000
MAX_MEMBER_BYTES = 64 * 2**20
"""Of one file, expanded."""
MAX_READ = MAX_MEMBER_BYTES + 2**16
"""Bytes that are taken from a file at once: one member, or a zip's list of its files."""
MAX_RATIO = 200
"""Bytes expanded for each packed byte, of a whole archive that expands to more than `RATIO_FROM`."""
RATIO_FROM = 16 * 2**20
DEFLATE_RATIO = 1040
"""More than deflate can reach (1,032), so that a file which claims it lies. Source: zlib.net/zlib_tech.html."""

_MODES = (0, stat.S_IFREG, stat.S_IFDIR)
_SIGNATURE = b"PK\x01\x02"


class Archive(ABC):
    """Files in folders, one folder for each class; `read` gives one file at a time."""

    members: tuple[Member, ...]
    """The files that count, in the order in which they are read the fastest."""

    @abstractmethod
    def read(self, member: Member) -> bytes:
        """The content of a member; raises DataError when it is damaged or not as large as the archive says."""

    def __iter__(self) -> Iterator[tuple[str, str, bytes]]:
        """(class folder, file name, content) of every member, one at a time."""
        for member in self.members:
            yield member.folder, member.name, self.read(member)

    @abstractmethod
    def close(self) -> None:
        """Let go of the archive; `read` is over then."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def text(self, name: str, max_bytes: int) -> str | None:
        """A text at the top of the archive, or None where there is none; raises DataError when it is too large."""
        found = [member for member in self.members if not member.folders and member.name == name]
        if not found:
            return None
        if found[0].size > max_bytes:
            raise DataError(
                f"{name} takes {found[0].size / 2**20:,.0f} MB; at most {max_bytes / 2**20:,.0f} MB of it are read."
                " Leave it out."
            )
        return self.read(found[0]).decode("utf-8", "replace")


class ZipArchive(Archive):
    """A zip in memory or in a binary file; at most `max_bytes` come out of it.

    Raises DataError when it is no zip, or when a name, a size, a link or a number in it is not to be trusted.
    """

    def __init__(self, file: bytes | BinaryIO, max_bytes: int, *, max_member: int = MAX_MEMBER_BYTES) -> None:
        stream = BytesIO(file) if isinstance(file, bytes) else file
        watched = _Watched(stream)
        try:
            self._zip = zipfile.ZipFile(cast("IO[bytes]", watched))
        except DataError:
            raise
        except Exception:  # zipfile lets all kinds out: BadZipFile, struct.error, UnicodeDecodeError, OverflowError, …
            raise DataError("This is not a zip archive, or it is damaged. Pack it as .zip again.") from None
        watched.opening = False
        self._infos = self._zip.infolist()
        check_count(len(self._infos))
        members = []
        for number, info in enumerate(self._infos):
            _check(info)
            path = parts(info.filename.removesuffix("/"))
            if not info.is_dir() and not ignored(path):
                check_size(info.filename, info.file_size, max_member)
                members.append(Member(path[:-1], path[-1], number, info.file_size))
        packed = sum(info.compress_size for info in self._infos)
        if packed > stream.seek(0, 2):
            raise DataError("The files in this zip lie over each other, which no packer does. Pack the folder again.")
        expanded = sum(info.file_size for info in self._infos)
        check_total(expanded, max_bytes)
        if expanded > RATIO_FROM and expanded > MAX_RATIO * packed:
            raise DataError(
                f"This zip would grow from {packed / 2**20:,.1f} to {expanded / 2**20:,.0f} MB, more than"
                f" {MAX_RATIO} times, as no real recordings or pictures do. It is not opened."
            )
        self.members = arranged(members)

    def read(self, member: Member) -> bytes:
        """The content; no byte more than was claimed and checked is ever expanded."""
        info = self._infos[member.number]
        try:
            with self._zip.open(info) as stream:
                content = stream.read(info.file_size + 1)
        except Exception:  # zlib.error, BadZipFile, EOFError, NotImplementedError, …
            raise damaged(member.path) from None
        if len(content) != info.file_size:
            raise damaged(member.path)
        return content

    def close(self) -> None:
        """Let go of the zip; a file that was handed in stays open."""
        self._zip.close()


class _Watched:
    """A file for zipfile, which reads the list of a zip at once and makes an object of each entry: first it is counted.

    The counts at the end of a zip are the packer's word; the entries themselves are what zipfile goes by.
    """

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self.opening = True
        self.seek, self.tell, self.close = stream.seek, stream.tell, stream.close

    def seekable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        if self.opening and size > MAX_READ:
            raise DataError(
                f"The list of files in this zip takes {size / 2**20:,.0f} MB; at most {MAX_READ / 2**20:,.0f} MB are"
                " read. Send fewer files of each class."
            )
        content = self._stream.read(size)
        if self.opening and len(content) > 46 * MAX_MEMBERS:
            check_count(content.count(_SIGNATURE))
        return content


def check_count(count: int, most: int = MAX_MEMBERS) -> None:
    """Raise DataError when an archive holds too many files."""
    if count > most:
        raise DataError(
            f"The archive holds {count:,} files or more; at most {most:,} can be read. Send fewer files of each class."
        )


def check_size(name: str, size: int, most: int = MAX_MEMBER_BYTES) -> None:
    """Raise DataError when one file is too large."""
    if size > most:
        raise DataError(
            f"The file {quoted(name)} takes {size / 2**20:,.0f} MB; at most {most / 2**20:,.0f} MB of one"
            " file are read. Cut it into samples or leave it out."
        )


def check_total(size: int, max_bytes: int) -> None:
    """Raise DataError when all files together are too large."""
    if size > max_bytes:
        raise DataError(
            f"The archive holds {size / 2**20:,.1f} MB of files; this server takes at most {max_bytes / 2**20:,.1f} MB."
            " Send fewer files."
        )


def damaged(name: str) -> DataError:
    """What is told of a file that does not come out as it went in."""
    return DataError(f"{quoted(name)} is damaged in the archive.")


def _check(info: zipfile.ZipInfo) -> None:
    name = info.orig_filename
    if "\0" in name or "\\" in name:
        parts(name.replace("\0", "\\"))  # ZipInfo has cut or changed the name; what was sent is refused
    if info.flag_bits & 0x2041:  # encrypted; strongly encrypted; encrypted list
        raise DataError(f"The file {quoted(name)} is encrypted. Pack the folder without a password.")
    if stat.S_IFMT(info.external_attr >> 16) not in _MODES:
        raise DataError(f"{quoted(name)} is a link or a device, not a file. Pack the files themselves.")
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise DataError(f"The file {quoted(name)} is packed in a way that is not read here. Pack it as a plain .zip.")
    if info.file_size > DEFLATE_RATIO * info.compress_size + 64:
        raise DataError(f"The file {quoted(name)} claims to be larger than it can be. Pack the folder again.")
