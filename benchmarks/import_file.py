"""Every importer behind one function."""

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import numpy as np

from cnnviz.data.archive import Archive, ZipArchive
from cnnviz.data.audio import Features
from cnnviz.data.collection import collect_samples, suggest_form
from cnnviz.data.form import SoundForm
from cnnviz.data.npy_upload import read_npz, read_pair
from cnnviz.data.picture import read_picture
from cnnviz.data.server_archive import open_archive
from cnnviz.data.sound import read_sound
from cnnviz.errors import CnnvizError
from tests.data.npy_files import npy_bytes

MAX_BYTES = 16 * 2**20
TAR_NAME = "sent.tar.gz"
"""Name of an imported tar on disk."""
FORM = SoundForm(features=Features(sample_rate=8000), seconds=0.2)
LABELS = npy_bytes(np.arange(20) % 2)
FEATURES = npy_bytes(np.zeros((20, 3), np.float32))


def _collect(archive: Archive) -> None:
    suggest_form(archive)
    collect_samples(archive, FORM, max_bytes=MAX_BYTES)


def _import_zip(content: bytes, _: Path) -> None:
    with ZipArchive(content, MAX_BYTES) as archive:
        _collect(archive)


def _import_tar(content: bytes, folder: Path) -> None:
    path = folder / TAR_NAME
    path.write_bytes(content)
    try:
        with open_archive(path, MAX_BYTES) as archive:
            _collect(archive)
    finally:
        path.unlink()


def _import_npy(content: bytes, _: Path) -> None:
    with suppress(CnnvizError):
        read_pair(FEATURES, content, MAX_BYTES)
    read_pair(content, LABELS, MAX_BYTES)


IMPORTERS: dict[str, Callable[[bytes, Path], object]] = {
    "zip": _import_zip,
    "tar": _import_tar,
    "sound": lambda content, _: read_sound(content, "low/a.wav", 16_000, 16_000),
    "picture": lambda content, _: read_picture(content, "cat/a.png", 32, 32, grey=False),
    "npy": _import_npy,
    "npz": lambda content, _: read_npz(content, MAX_BYTES),
}
"""Functions that import the content of a file. The tar importer reads from disk: only it writes, into the folder."""


def import_file(importer: str, content: bytes, folder: Path) -> str:
    """Imports a file; returns “accepted”, “refused” when the error is a sentence for a student, or else the error."""
    try:
        IMPORTERS[importer](content, folder)
    except CnnvizError as error:
        message = str(error)
        return (
            "refused"
            if message.endswith(".") and "\n" not in message and len(message) < 900
            else f"no sentence: {message!r}"
        )
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return "accepted"
