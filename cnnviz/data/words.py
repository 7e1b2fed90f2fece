"""Spoken words that come with cnnviz: the 35 of Speech Commands v2 in synthetic voices, in three views.

The recordings stand in recordings/, written by tools/synthesise_words.py: one Ogg Vorbis file a word with utterances of
a second one behind the other, and speakers.json with the part and the voice of each. Features are computed once and
kept in the data directory.
"""

import hashlib
import json
import os
import uuid
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
import soundfile

from cnnviz.data.audio import Features
from cnnviz.data.base import Dataset, Labels, Samples, Split, Splits, split
from cnnviz.settings import settings

FOLDER = Path(__file__).parent / "recordings"
RATE = 16_000
"""Samples a second."""
RAW_STEP = 2
"""Every so many samples are one in the raw view: 8 kHz, which keeps what distinguishes the words."""
PARTS = ("train", "validation", "test")
Sounds = npt.NDArray[np.int16]


@cache
def speakers() -> dict[str, list[tuple[str, str]]]:
    """The part and the voice of each utterance, by word."""
    about = json.loads((FOLDER / "speakers.json").read_text(encoding="utf-8"))
    return {word: [(part, voice) for part, voice in told] for word, told in about.items()}


def sounds(word: str) -> Sounds:
    """(utterances, 16,000): everything said of one word, in int16."""
    samples, _ = soundfile.read(FOLDER / f"{word}.ogg", dtype="int16")
    return np.asarray(samples[: len(speakers()[word]) * RATE].reshape(-1, RATE))


def picture(clips: Sounds) -> Samples:
    """(N, 16,000) → (N, 1, 99, 26): log-mel energies as the lab computes them."""
    return Features().of(clips)[:, None]


def signal(clips: Sounds) -> Samples:
    """(N, 16,000) → (N, 1, 8,000): means of two neighbours, as a share of the loudest there can be."""
    return np.asarray(clips.reshape(len(clips), 1, -1, RAW_STEP).mean(axis=3) / 2**15, np.float32)


def bands(clips: Sounds) -> Samples:
    """(N, 16,000) → (N, 26, 99): the log-mel bands as channels."""
    return np.ascontiguousarray(Features().of(clips).transpose(0, 2, 1))


def _load(name: str, view: Callable[[Sounds], Samples], by: str) -> Splits:
    x, y = _kept(name, view), _labels()
    if by == "random":
        return split(x, y, tuple(speakers()))
    parts = np.array([part for told in speakers().values() for part, _ in told])
    return Splits(*(Split(x[parts == part], y[parts == part]) for part in PARTS))


def _labels() -> Labels:
    return np.repeat(np.arange(len(speakers())), [len(told) for told in speakers().values()])


def _kept(name: str, view: Callable[[Sounds], Samples]) -> Samples:
    """The view of all recordings, from the data directory where it stands there already."""
    path = settings().data_dir / "cache" / f"{name}-{_digest()}.npy"
    with suppress(FileNotFoundError, ValueError):  # not computed yet, or cut off by a full disk
        return np.asarray(np.load(path, allow_pickle=False))
    x = np.concatenate([view(sounds(word)) for word in speakers()])
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{uuid.uuid4().hex}.npy")  # whole or not at all, also when two compute it at once
    try:
        np.save(draft, x)
        os.replace(draft, path)
    except OSError:  # what cannot be kept is computed again the next time
        draft.unlink(missing_ok=True)
    return x


@cache
def _digest() -> str:
    """Changes with the recordings."""
    return hashlib.sha256((FOLDER / "speakers.json").read_bytes()).hexdigest()[:16]


def _view(name: str, title: str, story: str, view: Callable[[Sounds], Samples], preset: str) -> Dataset:
    return Dataset(
        name=name,
        title=title,
        story=f"{story} {len(_labels()):,} utterances of {len(speakers())} words in synthetic voices.",
        shape=view(np.zeros((1, RATE), np.int16)).shape[1:],
        classes=tuple(speakers()),
        size=len(_labels()),
        load=lambda by="random": _load(name, view, by),
        preset=preset,
        splits=("random", "speaker"),
    )


WORDS = _view(
    "words", "Spoken words", "Pictures of 99 frames × 26 log-mel bands, as in the lab.", picture, "lab-convnet"
)
WORDS_BANDS = _view(
    "words-bands", "Spoken words, 1-D", "26 log-mel bands as channels, along 99 frames.", bands, "bands-1d"
)
WORDS_RAW = _view("words-raw", "Spoken words, raw", "A second of sound at 8 kHz, as it is.", signal, "raw-1d")
