"""Spoken words that come with cnnviz: the 35 words of Speech Commands v2 in synthetic voices, in three views.

The recordings are in recordings/, written by tools/synthesise_words.py: one Ogg Vorbis file per word with its
utterances of one second each, one after the other, and speakers.json with the part and the voice of each utterance.
Features are computed once and cached in the data directory.
"""

import hashlib
import json
import os
import uuid
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import cache, lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
import soundfile
from filelock import FileLock

from cnnviz.data.arrays import Samples
from cnnviz.data.audio import Features
from cnnviz.data.content import Content
from cnnviz.data.dataset import Dataset, ReportProgress
from cnnviz.settings import settings

RECORDINGS_FOLDER = Path(__file__).parent / "recordings"
SAMPLE_RATE = 16_000
"""Samples a second."""
RAW_STEP = 2
"""Recorded samples that are averaged into one in the raw view: its 8 kHz keep what distinguishes the words."""
SPEAKER_PARTS = ("train", "validation", "test")
MAX_THREADS = min(os.cpu_count() or 1, 4)
"""Words whose features are computed at once when a view is used for the first time."""
SoundClips = npt.NDArray[np.int16]
FEATURES = Features()


@cache
def utterance_speakers() -> dict[str, list[tuple[str, str]]]:
    """Returns the part and the voice of each utterance, by word."""
    about = json.loads((RECORDINGS_FOLDER / "speakers.json").read_text(encoding="utf-8"))
    return {word: [(part, voice) for part, voice in utterances] for word, utterances in about.items()}


def read_sounds(word: str) -> SoundClips:
    """Decodes all utterances of a word, (utterances, 16,000) int16."""
    samples, _ = soundfile.read(RECORDINGS_FOLDER / f"{word}.ogg", dtype="int16")
    return np.asarray(samples[: len(utterance_speakers()[word]) * SAMPLE_RATE].reshape(-1, SAMPLE_RATE))


def log_mel_pictures(clips: SoundClips) -> Samples:
    """Computes log-mel energies as in the lab: (N, 16,000) → (N, 1, 99, 26)."""
    return FEATURES.compute(clips)[:, None]


def raw_signal(clips: SoundClips) -> Samples:
    """Averages pairs of samples and scales full amplitude to 1: (N, 16,000) → (N, 1, 8,000)."""
    return np.asarray(clips.reshape(len(clips), 1, -1, RAW_STEP).mean(axis=3) / 2**15, np.float32)


def bands_as_channels(pictures: Samples) -> Samples:
    """Turns the log-mel bands into channels: (N, 1, 99, 26) → (N, 26, 99)."""
    return pictures[:, 0].transpose(0, 2, 1)


class _LazyRecordings:
    """The recordings in the order of the samples, decoded on demand."""

    def __getitem__(self, number: int) -> npt.NDArray[np.int16]:
        return _decode_utterance(number)


@lru_cache(maxsize=512)  # 32 kB each: a class that presses the same button hears the same samples
def _decode_utterance(number: int) -> npt.NDArray[np.int16]:
    for word, utterances in utterance_speakers().items():
        if number < len(utterances):
            return np.array(_decode(word)[number])
        number -= len(utterances)
    raise IndexError(number)


@lru_cache(maxsize=4)  # 3.5 MB each
def _decode(word: str) -> SoundClips:
    return read_sounds(word)


def _content(x: Samples) -> Content:
    utterances = [utterance for word in utterance_speakers().values() for utterance in word]
    return Content(
        x=x,
        y=np.repeat(
            np.arange(len(utterance_speakers())), [len(speakers) for speakers in utterance_speakers().values()]
        ),
        classes=tuple(utterance_speakers()),
        sounds=_LazyRecordings(),
        rate=SAMPLE_RATE,
        speakers=tuple(voice for _, voice in utterances),
        parts={"speaker": np.array([SPEAKER_PARTS.index(part) for part, _ in utterances], np.int8)},
    )


def _cached_view(name: str, view: Callable[[SoundClips], Samples], progress: ReportProgress) -> Samples:
    """Returns a view of all recordings, from the data directory if it has been computed before."""
    path = settings().data_dir / "cache" / f"{name}-{_cache_key()}.npy"
    if (x := _read_cache(path)) is not None:
        return x
    with suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(path.with_suffix(".lock")):  # of several processes that need it now, one computes it
            return x if (x := _read_cache(path)) is not None else _compute_and_cache(path, view, progress)
    return _compute_and_cache(path, view, progress)


def _read_cache(path: Path) -> Samples | None:
    """Returns the cached array; None if there is none yet, or a full disk has truncated it."""
    try:
        return np.asarray(np.load(path, mmap_mode="r", allow_pickle=False))
    except (OSError, ValueError, EOFError):
        return None


def _compute_and_cache(path: Path, view: Callable[[SoundClips], Samples], progress: ReportProgress) -> Samples:
    computed = []
    with ThreadPoolExecutor(MAX_THREADS) as pool:  # decoder and numpy compute outside Python's lock
        for done, samples in enumerate(pool.map(lambda word: view(read_sounds(word)), utterance_speakers()), 1):
            computed.append(samples)
            progress(done, len(utterance_speakers()))
    x = np.concatenate(computed)
    temporary_path = path.with_name(f".{uuid.uuid4().hex}.npy")  # whole or not at all, even when two compute it at once
    try:
        np.save(temporary_path, x)
        os.replace(temporary_path, path)
    except OSError:  # what cannot be cached is computed again the next time
        temporary_path.unlink(missing_ok=True)
    return x


@cache
def _cache_key() -> str:
    """Returns a key that changes with the recordings and with their features."""
    sizes = sorted((file.name, file.stat().st_size) for file in RECORDINGS_FOLDER.glob("*.ogg"))
    fingerprint = (RECORDINGS_FOLDER / "speakers.json").read_bytes() + f"{sizes} {FEATURES.model_dump_json()}".encode()
    return hashlib.sha256(fingerprint).hexdigest()[:16]


UTTERANCE_COUNT = sum(map(len, utterance_speakers().values()))
_DESCRIPTION = f"{UTTERANCE_COUNT:,} utterances of {len(utterance_speakers())} words in synthetic voices"


def _words_dataset(
    name: str,
    title: str,
    description: str,
    axes: Mapping[str, int],
    load: Callable[[ReportProgress], Samples],
    preset: str,
) -> Dataset:
    return Dataset(
        name=name,
        title=title,
        description=f"{_DESCRIPTION}, {description}.",
        shape=tuple(axes.values()),
        classes=tuple(utterance_speakers()),
        size=UTTERANCE_COUNT,
        load=lambda progress: _content(load(progress)),
        preset=preset,
        split_kinds=("random", "speaker"),
        axes=tuple(axes),
        features=FEATURES if "band" in axes else None,
    )


WORDS = _words_dataset(
    "words",
    "Spoken words",
    "as pictures of 99 frames × 26 log-mel bands, as in the lab",
    {"channel": 1, "time": FEATURES.frame_count(SAMPLE_RATE), "band": FEATURES.width},
    lambda progress: _cached_view("words", log_mel_pictures, progress),
    "lab-convnet",
)
WORDS_BANDS = _words_dataset(
    "words-bands",
    "Spoken words, 1-D",
    "26 log-mel bands as channels, along 99 frames",
    {"band": FEATURES.width, "time": FEATURES.frame_count(SAMPLE_RATE)},
    lambda progress: bands_as_channels(_cached_view("words", log_mel_pictures, progress)),
    "bands-1d",
)
WORDS_RAW = _words_dataset(
    "words-raw",
    "Spoken words, raw",
    "a second of sound at 8 kHz, as it is",
    {"channel": 1, "time": SAMPLE_RATE // RAW_STEP},
    lambda progress: _cached_view("words-raw", raw_signal, progress),
    "raw-1d",
)
