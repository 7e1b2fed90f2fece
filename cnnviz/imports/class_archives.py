"""The archives in CNNVIZ_DATASETS_DIR, which become data sets for everybody."""

import hashlib
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

ARCHIVE_SUFFIXES = (".zip", ".tar.gz", ".tgz")


def find_archives(folder: Path) -> Iterator[tuple[str, Path]]:
    """Yields the folders and archives in a folder, each with the name of its data set, which stays the same."""
    for path in sorted(folder.iterdir()):
        if not path.name.startswith(".") and (path.is_dir() or path.name.endswith(ARCHIVE_SUFFIXES)):
            yield f"upload-{hashlib.sha256(os.fsencode(path.name)).hexdigest()[:32]}", path


def archive_title(path: Path) -> str:
    """Returns the name of a folder or archive without its ending, with � for what is not UTF-8."""
    suffix = next((candidate for candidate in ARCHIVE_SUFFIXES if path.name.endswith(candidate)), "")
    name = path.name.removesuffix(suffix) if path.is_file() else path.name
    return os.fsencode(name).decode("utf-8", "replace")


def fingerprint(path: Path) -> str:
    """Returns a text that changes with the files of an archive: their number, size, and latest time of writing."""
    files = [path] if path.is_file() else [Path(folder, name) for folder, _, names in os.walk(path) for name in names]
    count, size, latest_mtime = 0, 0, 0
    for file in files:
        with suppress(OSError):  # gone meanwhile
            file_stat = file.lstat()
            count, size, latest_mtime = count + 1, size + file_stat.st_size, max(latest_mtime, file_stat.st_mtime_ns)
    return f"{count} {size} {latest_mtime}"
