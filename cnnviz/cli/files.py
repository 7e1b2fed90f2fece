"""Reading files up to a maximum size, and writing them atomically: complete or not at all."""

import os
import stat
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cnnviz.errors import CnnvizError


@contextmanager
def explain_os_errors(path: Path) -> Iterator[None]:
    """Turns an OSError into a sentence with the path: a missing file, a full disk, a missing permission."""
    try:
        yield
    except OSError as error:
        raise CnnvizError(f"{path}: {error.strerror or error}.") from None


def read_file(path: Path, max_bytes: int) -> bytes:
    """Returns the content of a file; raises CnnvizError when it is missing or larger than `max_bytes`."""
    with explain_os_errors(path), path.open("rb") as file:
        file_stat = os.fstat(file.fileno())
        size = file_stat.st_size if stat.S_ISREG(file_stat.st_mode) else max_bytes  # a pipe does not tell its size
        content = file.read(min(size, max_bytes) + 1)
    if len(content) > max_bytes:
        raise CnnvizError(f"{path} is larger than {max_bytes:,} bytes, the limit for such a file.")
    return content


def read_text_file(path: Path, max_bytes: int) -> str:
    """Returns the text in a file, like `read_file`; raises CnnvizError when it is not UTF-8."""
    try:
        return read_file(path, max_bytes).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise CnnvizError(f"{path} is not a text file; expected a JSON file in UTF-8.") from None


def write_file(path: Path, content: bytes | str) -> None:
    """Writes a file, complete or not at all; raises CnnvizError when that fails."""
    data = content.encode() if isinstance(content, str) else content
    temporary_path = path.with_name(f".{uuid.uuid4().hex}.part")
    with explain_os_errors(path):
        try:
            with temporary_path.open("xb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            temporary_path.replace(path)
        finally:
            temporary_path.unlink(missing_ok=True)
