"""Good files of every kind that can be imported, and the same with a few bytes changed."""

import gzip
import random
import struct
import zipfile
import zlib
from collections.abc import Callable
from functools import cache
from io import BytesIO

import numpy as np
from PIL import Image

from tests.data.npy_files import npy_bytes
from tests.data.upload_files import image_bytes, sound_bytes, tar_gz_bytes, tone, word_recordings, zip_bytes

EXTREMES = (0, 1, 0x7F, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 2**63 - 1, 2**64 - 1)
POINTS = np.random.default_rng(0).integers(0, 256, (24, 20, 4), np.uint8)


@cache
def good() -> dict[str, tuple[bytes, ...]]:
    """Files that are accepted, by the importer that takes them; the start for all that is damaged."""
    short = tone(440, 16_000, 0.3)
    feats, labels = np.arange(240, dtype=np.float32).reshape(20, 4, 3), np.arange(20) % 2
    spoken = word_recordings() | {
        "validation_list.txt": b"low/s0_0.wav\nhigh/s0_0.wav",
        "testing_list.txt": b"low/s1_0.wav",
    }
    sounds = (
        *(
            sound_bytes(short / 2**15, 16_000, "WAV", coding)
            for coding in ("PCM_16", "PCM_24", "FLOAT", "ULAW", "MS_ADPCM")
        ),
        *(sound_bytes(np.stack([short] * 2, 1), rate, "FLAC") for rate in (16_000, 44_100)),
        *(sound_bytes(short / 2**15, 16_000, "OGG", coding) for coding in ("VORBIS", "OPUS")),
    )
    pictures = (
        *(
            image_bytes(points)
            for points in (POINTS, POINTS[:, :, :3], POINTS[:, :, 0], POINTS[:, :, 0].astype(np.uint16))
        ),
        _palette(),
        *(image_bytes(POINTS[:, :, :3], "JPEG", progressive=progressive) for progressive in (False, True)),
        image_bytes(POINTS[:, :, 0], "JPEG"),
    )
    arrays = (_npz(np.savez, feats, labels), _npz(np.savez_compressed, feats, np.array(["no", "yes"])[labels]))
    return {
        "zip": (zip_bytes(spoken), zip_bytes(spoken, zipfile.ZIP_STORED)),
        "tar": (tar_gz_bytes(spoken),),
        "sound": sounds,
        "picture": pictures,
        "npy": (npy_bytes(feats), npy_bytes(feats.astype(">f8"))),
        "npz": arrays,
    }


def _palette() -> bytes:
    stream = BytesIO()
    Image.fromarray(POINTS[:, :, :3]).convert("P").save(stream, "PNG", transparency=bytes(range(256)))
    return stream.getvalue()


def _npz(save: Callable[..., None], feats: np.ndarray, labels: np.ndarray) -> bytes:
    stream = BytesIO()
    save(stream, feats=feats, labels=labels)
    return stream.getvalue()


def damaged(content: bytes, draw: random.Random) -> bytes:
    """The content with one to five changes: bits, runs, numbers, cuts, parts twice or gone."""
    found = bytearray(content)
    for _ in range(draw.randint(1, 5)):
        at = draw.randrange(min(len(found), 400) if draw.random() < 0.5 else len(found)) if found else 0
        match draw.randrange(7):
            case 0 if found:
                found[at] ^= 1 << draw.randrange(8)
            case 1:
                found[at : at + draw.randint(1, 40)] = draw.randbytes(draw.randint(0, 40))
            case 2:
                width, order = draw.choice((1, 2, 4, 8)), draw.choice(("little", "big"))
                number = draw.choice(EXTREMES) % 256**width
                found[at : at + width] = number.to_bytes(width, order)  # type: ignore[arg-type]
            case 3 if draw.random() < 0.3:
                del found[at:]
            case 4:
                part, to = found[at : at + draw.randint(1, 300)], draw.randint(0, len(found))
                found[to:to] = part
            case 5:
                del found[at : at + draw.randint(1, 300)]
            case _:
                end = max(0, len(found) - draw.randint(1, 120))  # where a zip has its list
                found[end : end + 1] = draw.randbytes(1)
    return bytes(found)


def deep(importer: str, draw: random.Random) -> bytes:
    """A good file damaged under its checksums, which are right again, so that they do not keep the damage out."""
    content = draw.choice(good()[importer])
    if importer == "tar":
        return gzip.compress(damaged(gzip.decompress(content), draw), 1)
    if importer == "npz":
        feats, labels = npy_bytes(np.arange(240, dtype=np.float32).reshape(20, 4, 3)), npy_bytes(np.arange(20) % 2)
        return zip_bytes({"x.npy": damaged(feats, draw), "y.npy": draw.choice((labels, damaged(labels, draw)))})
    content = damaged(content, draw)
    if content[:4] == b"OggS":
        return _pages(content)
    return _chunks(content) if content[:4] == b"\x89PNG" else content


def _chunks(content: bytes) -> bytes:
    """A PNG with the right checksum after each chunk, as far as chunks can be told."""
    found, at = bytearray(content), 8
    while at + 12 <= len(found):
        end = at + 8 + int.from_bytes(found[at : at + 4], "big")
        found[end : end + 4] = struct.pack(">I", zlib.crc32(found[at + 4 : end]))
        at = end + 4
    return bytes(found)


def _pages(content: bytes) -> bytes:
    """An Ogg with the right checksum in each page. Source: RFC 3533, section 6."""
    pages = content.split(b"OggS")
    for number, page in enumerate(pages[1:], 1):
        blank = b"OggS" + page[:18] + bytes(4) + page[22:]
        check = 0
        for byte in blank:
            check = (check << 8 & 0xFFFFFFFF) ^ _CHECKS[check >> 24 ^ byte]
        pages[number] = page[:18] + check.to_bytes(4, "little") + page[22:]
    return b"OggS".join(pages)


def _check(byte: int) -> int:
    value = byte << 24
    for _ in range(8):
        value = (value << 1 ^ (0x04C11DB7 if value & 0x80000000 else 0)) & 0xFFFFFFFF
    return value


_CHECKS = tuple(map(_check, range(256)))


def archive_of_damaged(draw: random.Random) -> dict[str, bytes]:
    """Good recordings among which some are damaged or of another kind."""
    files = dict(word_recordings())
    for name in draw.sample(sorted(files), draw.randint(1, 8)):
        other = draw.choice(good()[draw.choice(("sound", "sound", "picture", "npy", "zip"))])
        files[name] = damaged(draw.choice((files[name], other)), draw)
    return files
