"""Files that may be anything until they are checked: read within bounds, written whole or not at all."""

import os
import stat
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cnnviz.errors import CnnvizError


@contextmanager
def explain_os_errors(path: Path) -> Iterator[None]:
    """What the file system refuses there becomes a sentence: a missing file, a full disk, a lacking permission."""
    try:
        yield
    except OSError as error:
        raise CnnvizError(f"{path}: {error.strerror or error}.") from None


def read_file(path: Path, max_bytes: int) -> bytes:
    """The content of a file; raises CnnvizError when there is none, or when it has more than `most` bytes."""
    with explain_os_errors(path), path.open("rb") as file:
        file_stat = os.fstat(file.fileno())
        size = file_stat.st_size if stat.S_ISREG(file_stat.st_mode) else max_bytes  # a pipe does not tell its size
        content = file.read(min(size, max_bytes) + 1)
    if len(content) > max_bytes:
        raise CnnvizError(f"{path} is larger than the {max_bytes:,} bytes that are read of such a file.")
    return content


def read_text_file(path: Path, max_bytes: int) -> str:
    """The text in a file, as `read`; raises CnnvizError where it is none in UTF-8."""
    try:
        return read_file(path, max_bytes).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise CnnvizError(f"{path} is no text; a JSON file in UTF-8 is expected.") from None


def write_file(path: Path, content: bytes | str) -> None:
    """Put a file there, whole or not at all; raises CnnvizError where that fails."""
    data = content.encode() if isinstance(content, str) else content
    draft = path.with_name(f".{uuid.uuid4().hex}.part")
    with explain_os_errors(path):
        try:
            with draft.open("xb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            draft.replace(path)
        finally:
            draft.unlink(missing_ok=True)
