"""Files that no honest program writes: good ones with a few bytes changed, and some made to do harm."""

import random
import stat
import struct
import zipfile
import zlib
from collections.abc import Callable
from functools import cache
from io import BytesIO

import numpy as np
from PIL import Image

from tests.data.forge import forged, saved
from tests.data.packed import picture, sound, tarred, tone, words, zipped

EXTREMES = (0, 1, 0x7F, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 2**63 - 1, 2**64 - 1)
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
POINTS = np.random.default_rng(0).integers(0, 256, (24, 20, 4), np.uint8)


@cache
def good() -> dict[str, tuple[bytes, ...]]:
    """Files that are accepted, by the importer that takes them; the start for all that is damaged."""
    short = tone(440, 16_000, 0.3)
    feats, labels = np.arange(240, dtype=np.float32).reshape(20, 4, 3), np.arange(20) % 2
    spoken = words() | {"validation_list.txt": b"low/s0_0.wav\nhigh/s0_0.wav", "testing_list.txt": b"low/s1_0.wav"}
    sounds = (
        *(sound(short / 2**15, 16_000, "WAV", coding) for coding in ("PCM_16", "PCM_24", "FLOAT", "ULAW", "MS_ADPCM")),
        *(sound(np.stack([short] * 2, 1), rate, "FLAC") for rate in (16_000, 44_100)),
        *(sound(short / 2**15, 16_000, "OGG", coding) for coding in ("VORBIS", "OPUS")),
    )
    pictures = (
        *(picture(points) for points in (POINTS, POINTS[:, :, :3], POINTS[:, :, 0], POINTS[:, :, 0].astype(np.uint16))),
        _palette(),
        *(picture(POINTS[:, :, :3], "JPEG", progressive=progressive) for progressive in (False, True)),
        picture(POINTS[:, :, 0], "JPEG"),
    )
    arrays = (_npz(np.savez, feats, labels), _npz(np.savez_compressed, feats, np.array(["no", "yes"])[labels]))
    return {
        "zip": (zipped(spoken), zipped(spoken, zipfile.ZIP_STORED)),
        "tar": (tarred(spoken),),
        "sound": sounds,
        "picture": pictures,
        "npy": (saved(feats), saved(feats.astype(">f8"))),
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


def archive_of_damaged(draw: random.Random) -> dict[str, bytes]:
    """Good recordings among which some are damaged or of another kind."""
    files = dict(words())
    for name in draw.sample(sorted(files), draw.randint(1, 8)):
        other = draw.choice(good()[draw.choice(("sound", "sound", "picture", "npy", "zip"))])
        files[name] = damaged(draw.choice((files[name], other)), draw)
    return files


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
    return "zip", zipped(words() | {draw.choice(NAMES) or "x/": b"x"})


def _named_tar(draw: random.Random) -> tuple[str, bytes]:
    return "tar", tarred(words() | {draw.choice(NAMES): b"x"})


def _link(draw: random.Random) -> tuple[str, bytes]:
    stream = BytesIO(zipped(words()))
    with zipfile.ZipFile(stream, "a") as archive:
        info = zipfile.ZipInfo("low/link.wav")
        info.external_attr = (draw.choice((stat.S_IFLNK, stat.S_IFIFO, stat.S_IFBLK)) | 0o777) << 16
        archive.writestr(info, draw.choice(NAMES))
    return "zip", stream.getvalue()


def _bomb(draw: random.Random) -> tuple[str, bytes]:
    bomb = zipped({f"low/{number}.wav": bytes(draw.randint(1, 8) * 2**20) for number in range(draw.randint(1, 4))})
    return draw.choice((("zip", bomb), ("npz", bomb), ("zip", zipped({"low/a.zip": bomb, "high/a.zip": bomb}))))


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
    content = forged(draw.choice(("<f4", "|O", "<U9", "|V0", ">c16", "<M8[s]")), shape, draw.randbytes(80))
    return draw.choice((("npy", content), ("npz", zipped({"x.npy": content, "y.npy": saved(np.arange(20) % 2)}))))


def case(number: int, seed: int = 0) -> tuple[str, bytes]:
    """One hostile file by its number, always the same, and the importer it is for."""
    draw = random.Random(f"{seed} {number}")
    which = number % 10
    if which == 0:
        return made(draw)
    if which == 1:
        files = archive_of_damaged(draw)
        return draw.choice((("zip", zipped(files)), ("tar", tarred(files))))
    importer = ("sound", "picture", "zip", "npz", "npy", "sound", "picture", "tar")[which - 2]
    return importer, damaged(draw.choice(good()[importer]), draw)
