"""Valid files of every kind that can be imported, and damaged copies of them."""

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
PIXELS = np.random.default_rng(0).integers(0, 256, (24, 20, 4), np.uint8)


@cache
def valid_files() -> dict[str, tuple[bytes, ...]]:
    """Returns files that are accepted, by importer; damaged files are made from them."""
    sound = tone(440, 16_000, 0.3)
    features, labels = np.arange(240, dtype=np.float32).reshape(20, 4, 3), np.arange(20) % 2
    recordings = word_recordings() | {
        "validation_list.txt": b"low/s0_0.wav\nhigh/s0_0.wav",
        "testing_list.txt": b"low/s1_0.wav",
    }
    sounds = (
        *(
            sound_bytes(sound / 2**15, 16_000, "WAV", coding)
            for coding in ("PCM_16", "PCM_24", "FLOAT", "ULAW", "MS_ADPCM")
        ),
        *(sound_bytes(np.stack([sound] * 2, 1), rate, "FLAC") for rate in (16_000, 44_100)),
        *(sound_bytes(sound / 2**15, 16_000, "OGG", coding) for coding in ("VORBIS", "OPUS")),
    )
    pictures = (
        *(
            image_bytes(pixels)
            for pixels in (PIXELS, PIXELS[:, :, :3], PIXELS[:, :, 0], PIXELS[:, :, 0].astype(np.uint16))
        ),
        _palette_picture(),
        *(image_bytes(PIXELS[:, :, :3], "JPEG", progressive=progressive) for progressive in (False, True)),
        image_bytes(PIXELS[:, :, 0], "JPEG"),
    )
    arrays = (
        _npz_file(np.savez, features, labels),
        _npz_file(np.savez_compressed, features, np.array(["no", "yes"])[labels]),
    )
    return {
        "zip": (zip_bytes(recordings), zip_bytes(recordings, zipfile.ZIP_STORED)),
        "tar": (tar_gz_bytes(recordings),),
        "sound": sounds,
        "picture": pictures,
        "npy": (npy_bytes(features), npy_bytes(features.astype(">f8"))),
        "npz": arrays,
    }


def _palette_picture() -> bytes:
    stream = BytesIO()
    Image.fromarray(PIXELS[:, :, :3]).convert("P").save(stream, "PNG", transparency=bytes(range(256)))
    return stream.getvalue()


def _npz_file(save: Callable[..., None], features: np.ndarray, labels: np.ndarray) -> bytes:
    stream = BytesIO()
    save(stream, feats=features, labels=labels)
    return stream.getvalue()


def damage(content: bytes, rng: random.Random) -> bytes:
    """Returns the content after one to five changes of bits, numbers, or runs of bytes, some deleted or copied."""
    data = bytearray(content)
    for _ in range(rng.randint(1, 5)):
        position = rng.randrange(min(len(data), 400) if rng.random() < 0.5 else len(data)) if data else 0
        match rng.randrange(7):
            case 0 if data:
                data[position] ^= 1 << rng.randrange(8)
            case 1:
                data[position : position + rng.randint(1, 40)] = rng.randbytes(rng.randint(0, 40))
            case 2:
                width, order = rng.choice((1, 2, 4, 8)), rng.choice(("little", "big"))
                number = rng.choice(EXTREMES) % 256**width
                data[position : position + width] = number.to_bytes(width, order)  # type: ignore[arg-type]
            case 3 if rng.random() < 0.3:
                del data[position:]
            case 4:
                part, target = data[position : position + rng.randint(1, 300)], rng.randint(0, len(data))
                data[target:target] = part
            case 5:
                del data[position : position + rng.randint(1, 300)]
            case _:
                end = max(0, len(data) - rng.randint(1, 120))  # where a zip has its list
                data[end : end + 1] = rng.randbytes(1)
    return bytes(data)


def damage_under_checksums(importer: str, rng: random.Random) -> bytes:
    """Returns a damaged file with correct checksums, so that the damage gets past them."""
    content = rng.choice(valid_files()[importer])
    if importer == "tar":
        return gzip.compress(damage(gzip.decompress(content), rng), 1)
    if importer == "npz":
        features, labels = npy_bytes(np.arange(240, dtype=np.float32).reshape(20, 4, 3)), npy_bytes(np.arange(20) % 2)
        return zip_bytes({"x.npy": damage(features, rng), "y.npy": rng.choice((labels, damage(labels, rng)))})
    content = damage(content, rng)
    if content[:4] == b"OggS":
        return _fix_ogg_checksums(content)
    return _fix_png_checksums(content) if content[:4] == b"\x89PNG" else content


def _fix_png_checksums(content: bytes) -> bytes:
    """Returns a PNG with a correct checksum after each chunk that can still be located."""
    data, position = bytearray(content), 8
    while position + 12 <= len(data):
        end = position + 8 + int.from_bytes(data[position : position + 4], "big")
        data[end : end + 4] = struct.pack(">I", zlib.crc32(data[position + 4 : end]))
        position = end + 4
    return bytes(data)


def _fix_ogg_checksums(content: bytes) -> bytes:
    """Returns an Ogg file with a correct checksum in each page. Source: RFC 3533, section 6."""
    pages = content.split(b"OggS")
    for number, page in enumerate(pages[1:], 1):
        blank = b"OggS" + page[:18] + bytes(4) + page[22:]
        crc = 0
        for byte in blank:
            crc = (crc << 8 & 0xFFFFFFFF) ^ _OGG_CRC_TABLE[crc >> 24 ^ byte]
        pages[number] = page[:18] + crc.to_bytes(4, "little") + page[22:]
    return b"OggS".join(pages)


def _crc_of_byte(byte: int) -> int:
    value = byte << 24
    for _ in range(8):
        value = (value << 1 ^ (0x04C11DB7 if value & 0x80000000 else 0)) & 0xFFFFFFFF
    return value


_OGG_CRC_TABLE = tuple(map(_crc_of_byte, range(256)))


def partly_damaged_recordings(rng: random.Random) -> dict[str, bytes]:
    """Returns recordings by name, some of them damaged or replaced by a damaged file of another kind."""
    files = dict(word_recordings())
    for name in rng.sample(sorted(files), rng.randint(1, 8)):
        other = rng.choice(valid_files()[rng.choice(("sound", "sound", "picture", "npy", "zip"))])
        files[name] = damage(rng.choice((files[name], other)), rng)
    return files
