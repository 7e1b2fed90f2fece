"""Files that no honest program writes: damaged ones, and some made to do harm."""

import random
import stat
import struct
import zipfile
import zlib
from io import BytesIO

import numpy as np

from benchmarks.damage import EXTREMES, damage, damage_under_checksums, partly_damaged_recordings, valid_files
from tests.data.npy_files import forged_npy, npy_bytes
from tests.data.upload_files import tar_gz_bytes, word_recordings, zip_bytes

UNSAFE_NAMES = (
    *("../a.wav", "../../../../etc/cron.d/x", "/etc/passwd", "C:/a.wav", "c:\\a.wav", "..\\..\\a.wav", "\\\\host\\a"),
    *(
        "low/../../a.wav",
        "low//a.wav",
        "./a.wav",
        "",
        ".",
        "/",
        "low/\u202egnp.wav",
        "low/\ud7ff\n.wav",
        "a/" * 99 + "b",
    ),
    *("low/" + "x" * 999 + ".wav", "~/a.wav", "$HOME/a.wav", "CON/a.wav", "low/a.wav/b.wav", "low\x7f/a.wav"),
)


def malicious_file(rng: random.Random) -> tuple[str, bytes]:
    """Returns the importer and the content of a file that is made to do harm."""
    return rng.choice(
        (
            _zip_with_unsafe_name,
            _tar_with_unsafe_name,
            _zip_with_link,
            _zip_bomb,
            _zip_with_wrong_directory,
            _zip_with_crowded_directory,
            _picture_of_wrong_size,
            _sound_with_wrong_header,
            _picture_with_text_bomb,
            _npy_with_wrong_header,
        )
    )(rng)


def _zip_with_unsafe_name(rng: random.Random) -> tuple[str, bytes]:
    return "zip", zip_bytes(word_recordings() | {rng.choice(UNSAFE_NAMES) or "x/": b"x"})


def _tar_with_unsafe_name(rng: random.Random) -> tuple[str, bytes]:
    return "tar", tar_gz_bytes(word_recordings() | {rng.choice(UNSAFE_NAMES): b"x"})


def _zip_with_link(rng: random.Random) -> tuple[str, bytes]:
    stream = BytesIO(zip_bytes(word_recordings()))
    with zipfile.ZipFile(stream, "a") as archive:
        info = zipfile.ZipInfo("low/link.wav")
        info.external_attr = (rng.choice((stat.S_IFLNK, stat.S_IFIFO, stat.S_IFBLK)) | 0o777) << 16
        archive.writestr(info, rng.choice(UNSAFE_NAMES))
    return "zip", stream.getvalue()


def _zip_bomb(rng: random.Random) -> tuple[str, bytes]:
    bomb = zip_bytes({f"low/{number}.wav": bytes(rng.randint(1, 8) * 2**20) for number in range(rng.randint(1, 4))})
    return rng.choice((("zip", bomb), ("npz", bomb), ("zip", zip_bytes({"low/a.zip": bomb, "high/a.zip": bomb}))))


def _zip_with_wrong_directory(rng: random.Random) -> tuple[str, bytes]:
    """Returns a zip with wrong numbers in its central directory."""
    content = bytearray(rng.choice(valid_files()["zip"] + valid_files()["npz"]))
    starts = [offset for offset in range(len(content)) if content[offset : offset + 4] == b"PK\x01\x02"]
    for _ in range(rng.randint(1, 3)):
        offset, width = rng.choice(
            ((8, 2), (10, 2), (16, 4), (20, 4), (24, 4), (28, 2), (30, 2), (32, 2), (38, 4), (42, 4))
        )
        start = rng.choice(starts) + offset
        content[start : start + width] = (rng.choice(EXTREMES) % 256**width).to_bytes(width, "little")
    return rng.choice(("zip", "npz")), bytes(content)


def _zip_with_crowded_directory(rng: random.Random) -> tuple[str, bytes]:
    """Returns a zip's central directory with many empty entries, and a wrong count of them."""
    entry = struct.pack("<4s4B4HL2L5H2L", b"PK\x01\x02", 20, 0, 20, *[0] * 14, 0)
    count = rng.choice((1, 1000, 100_001, 300_000))
    end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 1, 1, len(entry) * count, 0, 0)
    return "zip", entry * count + end


def _png_chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def _picture_of_wrong_size(rng: random.Random) -> tuple[str, bytes]:
    sides = (rng.choice((*EXTREMES[:9], 4096)) % 2**31 for _ in range(2))
    kinds = rng.choice((1, 8, 16)), rng.choice((0, 2, 3, 4, 6)), 0, 0, rng.randrange(2)
    lines = _png_chunk(b"IDAT", zlib.compress(bytes(rng.choice((10, 10**6, 2 * 10**7)))))
    return "picture", b"\x89PNG\r\n\x1a\n" + _png_chunk(b"IHDR", struct.pack(">2I5B", *sides, *kinds)) + lines


def _sound_with_wrong_header(rng: random.Random) -> tuple[str, bytes]:
    """Returns a .wav or .flac with wrong numbers in its header."""
    content = bytearray(rng.choice(valid_files()["sound"][:7]))
    for _ in range(rng.randint(1, 3)):
        offset = rng.randrange(4, 60)
        content[offset : offset + 4] = (rng.choice(EXTREMES) % 2**32).to_bytes(4, "little")
    return "sound", bytes(content)


def _picture_with_text_bomb(rng: random.Random) -> tuple[str, bytes]:
    kind = rng.choice((b"zTXt", b"iCCP"))
    bomb = _png_chunk(kind, b"Comment\0\0" + zlib.compress(bytes(rng.choice((10**5, 8 * 10**7))), 9))
    picture = valid_files()["picture"][2]
    return "picture", picture[:33] + bomb * rng.randint(1, 3) + picture[33:]


def _npy_with_wrong_header(rng: random.Random) -> tuple[str, bytes]:
    shape = tuple(rng.choice((*EXTREMES, -1, 20)) for _ in range(rng.randint(0, 4)))
    content = forged_npy(rng.choice(("<f4", "|O", "<U9", "|V0", ">c16", "<M8[s]")), shape, rng.randbytes(80))
    return rng.choice((("npy", content), ("npz", zip_bytes({"x.npy": content, "y.npy": npy_bytes(np.arange(20) % 2)}))))


def hostile_file(number: int, seed: int = 0) -> tuple[str, bytes]:
    """Returns the importer and the content of a hostile file: the same number and seed give the same file."""
    rng = random.Random(f"{seed} {number}")
    remainder = number % 10
    if remainder == 0:
        return malicious_file(rng)
    if remainder == 1:
        files = partly_damaged_recordings(rng)
        return rng.choice((("zip", zip_bytes(files)), ("tar", tar_gz_bytes(files))))
    importer = ("sound", "picture", "zip", "npz", "npy", "sound", "picture", "tar")[remainder - 2]
    if rng.random() < 0.5:
        return importer, damage_under_checksums(importer, rng)
    return importer, damage(rng.choice(valid_files()[importer]), rng)
