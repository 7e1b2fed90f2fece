"""Archives, sounds and pictures as students send them, made in memory."""

import io
import tarfile
import tempfile
import uuid
import zipfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt
import soundfile
from PIL import Image

_FOLDER = tempfile.TemporaryDirectory()


def file_with(content: bytes) -> Path:
    """A new file with this content, as a server has received it."""
    path = Path(_FOLDER.name) / uuid.uuid4().hex
    path.write_bytes(content)
    return path


def zip_bytes(files: Mapping[str, bytes], compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", compression) as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name), content, compression)
    return stream.getvalue()


def tar_gz_bytes(files: Mapping[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz", compresslevel=1) as archive:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return stream.getvalue()


def sound_bytes(samples: npt.ArrayLike, rate: int = 16_000, kind: str = "WAV", coding: str | None = None) -> bytes:
    """(samples,) or (samples, channels): int16, or floats from −1 to 1."""
    stream = io.BytesIO()
    soundfile.write(stream, np.asarray(samples), rate, coding, format=kind)
    return stream.getvalue()


def tone(hertz: float, rate: int = 16_000, seconds: float = 1.0) -> npt.NDArray[np.int16]:
    return (np.sin(2 * np.pi * hertz * np.arange(round(rate * seconds)) / rate) * 10_000).astype(np.int16)


def image_bytes(points: npt.ArrayLike, kind: str = "PNG", **options: object) -> bytes:
    """(H, W) or (H, W, C) uint8."""
    stream = io.BytesIO()
    Image.fromarray(np.asarray(points)).save(stream, kind, **options)
    return stream.getvalue()


def word_recordings(count: int = 12, speakers: int = 4) -> dict[str, bytes]:
    """Two classes of tones, `<word>/<speaker>_<n>.wav`, 0.2 s at 8 kHz."""
    return {
        f"{word}/s{number % speakers}_{number // speakers}.wav": sound_bytes(tone(hertz + 5 * number, 8000, 0.2), 8000)
        for word, hertz in (("low", 200), ("high", 900))
        for number in range(count)
    }
