"""Files that no honest program writes: damaged ones, and some made to do harm."""

import random
import stat
import struct
import zipfile
import zlib
from io import BytesIO

import numpy as np

from benchmarks.damage import EXTREMES, archive_of_damaged, damaged, deep, good
from tests.data.npy_files import forged_npy, npy_bytes
from tests.data.upload_files import tar_gz_bytes, word_recordings, zip_bytes

NAMES = (
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


def made(draw: random.Random) -> tuple[str, bytes]:
    """A file that was made to do harm, and the importer it is for."""
    return draw.choice(
        (
            _named,
            _named_tar,
            _link,
            _bomb,
            _lying,
            _crowded,
            _claiming_picture,
            _claiming_sound,
            _text_bomb,
            _claiming_npy,
        )
    )(draw)


def _named(draw: random.Random) -> tuple[str, bytes]:
    return "zip", zip_bytes(word_recordings() | {draw.choice(NAMES) or "x/": b"x"})


def _named_tar(draw: random.Random) -> tuple[str, bytes]:
    return "tar", tar_gz_bytes(word_recordings() | {draw.choice(NAMES): b"x"})


def _link(draw: random.Random) -> tuple[str, bytes]:
    stream = BytesIO(zip_bytes(word_recordings()))
    with zipfile.ZipFile(stream, "a") as archive:
        info = zipfile.ZipInfo("low/link.wav")
        info.external_attr = (draw.choice((stat.S_IFLNK, stat.S_IFIFO, stat.S_IFBLK)) | 0o777) << 16
        archive.writestr(info, draw.choice(NAMES))
    return "zip", stream.getvalue()


def _bomb(draw: random.Random) -> tuple[str, bytes]:
    bomb = zip_bytes({f"low/{number}.wav": bytes(draw.randint(1, 8) * 2**20) for number in range(draw.randint(1, 4))})
    return draw.choice((("zip", bomb), ("npz", bomb), ("zip", zip_bytes({"low/a.zip": bomb, "high/a.zip": bomb}))))


def _lying(draw: random.Random) -> tuple[str, bytes]:
    """A zip with other numbers in the list of its files."""
    content = bytearray(draw.choice(good()["zip"] + good()["npz"]))
    starts = [at for at in range(len(content)) if content[at : at + 4] == b"PK\x01\x02"]
    for _ in range(draw.randint(1, 3)):
        at, width = draw.choice(
            ((8, 2), (10, 2), (16, 4), (20, 4), (24, 4), (28, 2), (30, 2), (32, 2), (38, 4), (42, 4))
        )
        start = draw.choice(starts) + at
        content[start : start + width] = (draw.choice(EXTREMES) % 256**width).to_bytes(width, "little")
    return draw.choice(("zip", "npz")), bytes(content)


def _crowded(draw: random.Random) -> tuple[str, bytes]:
    """A list of many entries that say little, and a number of them that is made up."""
    entry = struct.pack("<4s4B4HL2L5H2L", b"PK\x01\x02", 20, 0, 20, *[0] * 14, 0)
    count = draw.choice((1, 1000, 100_001, 300_000))
    end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 1, 1, len(entry) * count, 0, 0)
    return "zip", entry * count + end


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def _claiming_picture(draw: random.Random) -> tuple[str, bytes]:
    sides = (draw.choice((*EXTREMES[:9], 4096)) % 2**31 for _ in range(2))
    kinds = draw.choice((1, 8, 16)), draw.choice((0, 2, 3, 4, 6)), 0, 0, draw.randrange(2)
    lines = _chunk(b"IDAT", zlib.compress(bytes(draw.choice((10, 10**6, 2 * 10**7)))))
    return "picture", b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", struct.pack(">2I5B", *sides, *kinds)) + lines


def _claiming_sound(draw: random.Random) -> tuple[str, bytes]:
    """A .wav or .flac with other numbers in its header."""
    content = bytearray(draw.choice(good()["sound"][:7]))
    for _ in range(draw.randint(1, 3)):
        at = draw.randrange(4, 60)
        content[at : at + 4] = (draw.choice(EXTREMES) % 2**32).to_bytes(4, "little")
    return "sound", bytes(content)


def _text_bomb(draw: random.Random) -> tuple[str, bytes]:
    kind = draw.choice((b"zTXt", b"iCCP"))
    bomb = _chunk(kind, b"Comment\0\0" + zlib.compress(bytes(draw.choice((10**5, 8 * 10**7))), 9))
    whole = good()["picture"][2]
    return "picture", whole[:33] + bomb * draw.randint(1, 3) + whole[33:]


def _claiming_npy(draw: random.Random) -> tuple[str, bytes]:
    shape = tuple(draw.choice((*EXTREMES, -1, 20)) for _ in range(draw.randint(0, 4)))
    content = forged_npy(draw.choice(("<f4", "|O", "<U9", "|V0", ">c16", "<M8[s]")), shape, draw.randbytes(80))
    return draw.choice(
        (("npy", content), ("npz", zip_bytes({"x.npy": content, "y.npy": npy_bytes(np.arange(20) % 2)})))
    )


def case(number: int, seed: int = 0) -> tuple[str, bytes]:
    """One hostile file by its number, always the same, and the importer it is for."""
    draw = random.Random(f"{seed} {number}")
    which = number % 10
    if which == 0:
        return made(draw)
    if which == 1:
        files = archive_of_damaged(draw)
        return draw.choice((("zip", zip_bytes(files)), ("tar", tar_gz_bytes(files))))
    importer = ("sound", "picture", "zip", "npz", "npy", "sound", "picture", "tar")[which - 2]
    if draw.random() < 0.5:
        return importer, deep(importer, draw)
    return importer, damaged(draw.choice(good()[importer]), draw)
