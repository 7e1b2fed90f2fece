"""Every importer behind one call: a file and what came of it."""

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
SENT = "sent.tar.gz"
"""What a tar is called on the disk."""
FORM = SoundForm(features=Features(sample_rate=8000), seconds=0.2)
LABELS = npy_bytes(np.arange(20) % 2)
FEATS = npy_bytes(np.zeros((20, 3), np.float32))


def _collected(archive: Archive) -> None:
    suggest_form(archive)
    collect_samples(archive, FORM, max_bytes=MAX_BYTES)


def _zip(content: bytes, _: Path) -> None:
    with ZipArchive(content, MAX_BYTES) as archive:
        _collected(archive)


def _tar(content: bytes, place: Path) -> None:
    path = place / SENT
    path.write_bytes(content)
    try:
        with open_archive(path, MAX_BYTES) as archive:
            _collected(archive)
    finally:
        path.unlink()


def _npy(content: bytes, _: Path) -> None:
    with suppress(CnnvizError):
        read_pair(FEATS, content, MAX_BYTES)
    read_pair(content, LABELS, MAX_BYTES)


IMPORTERS: dict[str, Callable[[bytes, Path], object]] = {
    "zip": _zip,
    "tar": _tar,
    "sound": lambda content, _: read_sound(content, "low/a.wav", 16_000, 16_000),
    "picture": lambda content, _: read_picture(content, "cat/a.png", 32, 32, grey=False),
    "npy": _npy,
    "npz": lambda content, _: read_npz(content, MAX_BYTES),
}
"""What takes a file; a tar is on the server's disk, so that the place for it is the only one written to."""


def judged(importer: str, content: bytes, place: Path) -> str:
    """“accepted”, “refused”, or what else came out."""
    try:
        IMPORTERS[importer](content, place)
    except CnnvizError as error:
        told = str(error)
        return "refused" if told.endswith(".") and "\n" not in told and len(told) < 900 else f"no sentence: {told!r}"
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return "accepted"
