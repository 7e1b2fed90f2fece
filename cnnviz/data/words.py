"""Spoken words that come with cnnviz: the 35 of Speech Commands v2 in synthetic voices, in three views.

The recordings stand in recordings/, written by tools/synthesise_words.py: one Ogg Vorbis file a word with utterances of
a second one behind the other, and speakers.json with the part and the voice of each. Features are computed once and
kept in the data directory.
"""

import hashlib
import json
import os
import uuid
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import cache, lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
import soundfile
from filelock import FileLock

from cnnviz.data.audio import Features
from cnnviz.data.base import Dataset, Progress, Samples
from cnnviz.data.content import Content
from cnnviz.settings import settings

FOLDER = Path(__file__).parent / "recordings"
RATE = 16_000
"""Samples a second."""
RAW_STEP = 2
"""Every so many samples are one in the raw view: 8 kHz, which keeps what distinguishes the words."""
PARTS = ("train", "validation", "test")
Clips = npt.NDArray[np.int16]
FEATURES = Features()


@cache
def speakers() -> dict[str, list[tuple[str, str]]]:
    """The part and the voice of each utterance, by word."""
    about = json.loads((FOLDER / "speakers.json").read_text(encoding="utf-8"))
    return {word: [(part, voice) for part, voice in told] for word, told in about.items()}


def sounds(word: str) -> Clips:
    """(utterances, 16,000): everything said of one word, in int16."""
    samples, _ = soundfile.read(FOLDER / f"{word}.ogg", dtype="int16")
    return np.asarray(samples[: len(speakers()[word]) * RATE].reshape(-1, RATE))


def picture(clips: Clips) -> Samples:
    """(N, 16,000) → (N, 1, 99, 26): log-mel energies as the lab computes them."""
    return FEATURES.of(clips)[:, None]


def signal(clips: Clips) -> Samples:
    """(N, 16,000) → (N, 1, 8,000): means of two neighbours, as a share of the loudest there can be."""
    return np.asarray(clips.reshape(len(clips), 1, -1, RAW_STEP).mean(axis=3) / 2**15, np.float32)


def bands(pictures: Samples) -> Samples:
    """(N, 1, 99, 26) → (N, 26, 99): the log-mel bands as channels."""
    return pictures[:, 0].transpose(0, 2, 1)


class _Utterances:
    """The recordings in the order of the samples, decoded when one is asked for."""

    def __getitem__(self, number: int) -> npt.NDArray[np.int16]:
        for word, told in speakers().items():
            if number < len(told):
                return np.asarray(_decoded(word)[number])
            number -= len(told)
        raise IndexError(number)


@lru_cache(maxsize=4)  # 3.5 MB each
def _decoded(word: str) -> Clips:
    return sounds(word)


def _content(x: Samples) -> Content:
    told = [each for word in speakers().values() for each in word]
    return Content(
        x=x,
        y=np.repeat(np.arange(len(speakers())), [len(each) for each in speakers().values()]),
        classes=tuple(speakers()),
        sounds=_Utterances(),
        rate=RATE,
        speakers=tuple(voice for _, voice in told),
        parts={"speaker": np.array([PARTS.index(part) for part, _ in told], np.int8)},
    )


def _kept(name: str, view: Callable[[Clips], Samples], progress: Progress) -> Samples:
    """The view of all recordings, from the data directory where it stands there already."""
    path = settings().data_dir / "cache" / f"{name}-{_digest()}.npy"
    if (x := _mapped(path)) is not None:
        return x
    with suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(path.with_suffix(".lock")):  # of several that need it now, one computes it
            return x if (x := _mapped(path)) is not None else _computed(path, view, progress)
    return _computed(path, view, progress)


def _mapped(path: Path) -> Samples | None:
    """What is kept there; None where nothing is yet, or a full disk has cut it off."""
    try:
        return np.asarray(np.load(path, mmap_mode="r", allow_pickle=False))
    except (OSError, ValueError, EOFError):
        return None


def _computed(path: Path, view: Callable[[Clips], Samples], progress: Progress) -> Samples:
    computed = []
    for done, word in enumerate(speakers(), 1):
        computed.append(view(sounds(word)))
        progress(done, len(speakers()))
    x = np.concatenate(computed)
    draft = path.with_name(f".{uuid.uuid4().hex}.npy")  # whole or not at all, also when two compute it at once
    try:
        np.save(draft, x)
        os.replace(draft, path)
    except OSError:  # what cannot be kept is computed again the next time
        draft.unlink(missing_ok=True)
    return x


@cache
def _digest() -> str:
    """Changes with the recordings and with what is made of them."""
    sizes = sorted((file.name, file.stat().st_size) for file in FOLDER.glob("*.ogg"))
    told = (FOLDER / "speakers.json").read_bytes() + f"{sizes} {FEATURES.model_dump_json()}".encode()
    return hashlib.sha256(told).hexdigest()[:16]


SIZE = sum(map(len, speakers().values()))
_STORY = f"{SIZE:,} utterances of {len(speakers())} words in synthetic voices"


def _words(
    name: str, title: str, story: str, axes: Mapping[str, int], load: Callable[[Progress], Samples], preset: str
) -> Dataset:
    return Dataset(
        name=name,
        title=title,
        story=f"{_STORY}, {story}.",
        shape=tuple(axes.values()),
        classes=tuple(speakers()),
        size=SIZE,
        load=lambda progress: _content(load(progress)),
        preset=preset,
        splits=("random", "speaker"),
        axes=tuple(axes),
        features=FEATURES if "band" in axes else None,
    )


WORDS = _words(
    "words",
    "Spoken words",
    "as pictures of 99 frames × 26 log-mel bands, as in the lab",
    {"channel": 1, "time": FEATURES.frames(RATE), "band": FEATURES.width},
    lambda progress: _kept("words", picture, progress),
    "lab-convnet",
)
WORDS_BANDS = _words(
    "words-bands",
    "Spoken words, 1-D",
    "26 log-mel bands as channels, along 99 frames",
    {"band": FEATURES.width, "time": FEATURES.frames(RATE)},
    lambda progress: bands(_kept("words", picture, progress)),
    "bands-1d",
)
WORDS_RAW = _words(
    "words-raw",
    "Spoken words, raw",
    "a second of sound at 8 kHz, as it is",
    {"channel": 1, "time": RATE // RAW_STEP},
    lambda progress: _kept("words-raw", signal, progress),
    "raw-1d",
)
