"""Speaks the 35 words of Speech Commands v2 in many synthetic voices: the recordings that cnnviz ships.

    pip install espeakng-loader soundfile scipy
    python tools/synthesise_words.py [--per-word 120] [FOLDER]

Every utterance comes from the seed alone: its speaker, accent, pitch, rate, loudness, place in the second, room and
noise. Voices of the test split speak nowhere else, nor do those of the validation split. Written are one Ogg Vorbis
file a word, with all its utterances of one second one behind the other, and speakers.json with split and voice of each.

espeak-ng (GPL-3.0-or-later) is needed here only; what it speaks is not covered by its licence.
"""

import argparse
import ctypes
import json
from dataclasses import dataclass
from pathlib import Path

import espeakng_loader
import numpy as np
import numpy.typing as npt
import soundfile
from scipy.signal import fftconvolve, lfilter, resample_poly

Sound = npt.NDArray[np.float64]

_WORDS = (
    "backward bed bird cat dog down eight five follow forward four go happy house learn left marvin nine no off on one"
    " right seven sheila six stop three tree two up visual wow yes zero"
)
WORDS = _WORDS.split()
RATE = 16_000
SPOKEN_RATE = 22_050
"""Sample rate of espeak-ng, in hertz."""
ACCENTS = ("en", "en-us", "en-us-nyc", "en-gb-x-rp", "en-gb-scotland", "en-029")
_VOICES = (
    "Alex Alicia Andrea Andy Annie Denis Diogo Gene Gene2 Henrique Hugo Jacky Lee Marco Mario Michael Mike Nguyen Reed"
    " RicishayMax RicishayMax2 RicishayMax3 Storm adam anika announcer antonio aunty belinda benjamin boris caleb david"
    " ed edward edward2 f1 f2 f3 f4 f5 grandma grandpa gustave ian iven iven2 iven3 iven4 john kaukovalta klatt klatt2"
    " klatt3 klatt4 linda m1 m2 m3 m4 m5 m6 m7 m8 marcelo max michel miguel mike2 norbert pablo paul pedro quincy rob"
    " robert sandro shelby steph steph2 steph3 travis victor zac"
)
VOICES = _VOICES.split()
"""Variants of espeak-ng that sound like somebody; robots and whispers are left out."""
HELD_OUT_VOICES = 9
"""Voices of the validation split, and as many of the test split."""
SHARES = {"train": 0.8, "validation": 0.1, "test": 0.1}


@dataclass(frozen=True)
class Speaker:
    """A voice with an accent and habits of its own."""

    voice: str
    accent: str
    pitch: int
    """0 to 99, as espeak-ng counts."""
    rate: int
    """Words a minute."""


class Espeak:
    """The espeak-ng library, of which a process can have one instance."""

    def __init__(self) -> None:
        self._library = ctypes.CDLL(espeakng_loader.get_library_path())
        path = str(espeakng_loader.get_data_path()).encode()
        if self._library.espeak_Initialize(2, 0, path, 0) != SPOKEN_RATE:  # 2: synchronous, to the callback
            raise RuntimeError("espeak-ng does not start")
        self._chunks: list[npt.NDArray[np.int16]] = []
        callback_type = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p)
        self._callback = callback_type(self._collect_samples)  # kept: the library holds no reference
        self._library.espeak_SetSynthCallback(self._callback)

    def say(self, word: str, speaker: Speaker, *, pitch: int, rate: int, seed: int) -> Sound:
        """Speaks a word; returns it at 16 kHz, without the silence around it."""
        name = f"{speaker.accent}+{speaker.voice}".encode()
        if self._library.espeak_SetVoiceByName(name) != 0:
            raise RuntimeError(f"espeak-ng knows no voice {name!r}")
        for parameter, value in ((1, rate), (3, pitch)):
            self._library.espeak_SetParameter(parameter, value, 0)
        self._library.espeak_ng_SetRandSeed(ctypes.c_long(seed))  # breath is random
        self._chunks.clear()
        text = word.encode()
        self._library.espeak_Synth(text, len(text) + 1, 0, 1, 0, 1, None, None)
        self._library.espeak_Synchronize()
        spoken = np.concatenate(self._chunks).astype(np.float64) / 2**15
        loud = np.flatnonzero(np.abs(spoken) > 0.01 * np.abs(spoken).max())
        return resample_poly(spoken[loud[0] : loud[-1] + 1], 320, 441)

    def _collect_samples(self, samples: "ctypes._Pointer[ctypes.c_short]", count: int, _events: object) -> int:
        if samples and count > 0:
            self._chunks.append(np.ctypeslib.as_array(samples, (count,)).copy())
        return 0


def draw_speakers(seed: int) -> dict[str, list[Speaker]]:
    """Draws the speakers of each split."""
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(VOICES))
    all_speakers = [
        Speaker(VOICES[i], str(rng.choice(ACCENTS)), int(rng.integers(30, 71)), int(rng.integers(130, 201)))
        for i in order
    ]
    return {
        "test": all_speakers[:HELD_OUT_VOICES],
        "validation": all_speakers[HELD_OUT_VOICES : 2 * HELD_OUT_VOICES],
        "train": all_speakers[2 * HELD_OUT_VOICES :],
    }


def add_room_and_noise(spoken: Sound, rng: np.random.Generator, noise_db: tuple[float, float]) -> npt.NDArray[np.int16]:
    """Returns one second as a cheap microphone in some room would record it, in int16."""
    spoken = spoken[:RATE]
    free = RATE - len(spoken)
    start = int(np.clip(free / 2 + 0.1 * RATE * rng.standard_normal(), 0, free))
    clip = np.zeros(RATE)
    clip[start : start + len(spoken)] = spoken
    seconds = rng.uniform(0.05, 0.2)  # until the room is quiet by 60 dB
    tail = rng.standard_normal(int(RATE * seconds)) * 10 ** (-3 * np.linspace(0, 1, int(RATE * seconds)))
    tail *= rng.uniform(0.05, 0.35) / np.sqrt((tail**2).sum())
    tail[0] = 1
    clip = fftconvolve(clip, tail)[:RATE]
    clip = lfilter([1], [1, -rng.uniform(-0.3, 0.3)], clip)  # the colour of the microphone
    power = (clip[start : start + len(spoken)] ** 2).mean()
    noise = lfilter([1], [1, -rng.choice([0.0, 0.6, 0.9, 0.97])], rng.standard_normal(RATE))
    hum = np.sin(2 * np.pi * rng.uniform(50, 400) * np.arange(RATE) / RATE + rng.uniform(0, 2 * np.pi))
    noise = noise / noise.std() + rng.uniform(0, 0.7) * hum
    ratio = rng.uniform(*noise_db)
    clip += noise * np.sqrt(power / (noise**2).mean() / 10 ** (ratio / 10))
    clip *= 10 ** (rng.uniform(-22, -3) / 20) / np.abs(clip).max()
    return np.round(clip * (2**15 - 1)).astype(np.int16)


def main() -> None:
    """Speaks every word and writes the recordings."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?", type=Path, default=Path("cnnviz/data/recordings"))
    parser.add_argument("--per-word", type=int, default=110)
    parser.add_argument("--seed", type=int, default=35)
    parser.add_argument("--noise", type=float, nargs=2, default=(14.0, 35.0), help="signal to noise, from … to … dB")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    espeak, speakers_by_split = Espeak(), draw_speakers(options.seed)
    labels_by_word: dict[str, list[list[str]]] = {}
    for number, word in enumerate(WORDS):
        clips, speaker_labels = [], []
        for split, share in SHARES.items():
            for index in range(round(share * options.per_word)):
                rng = np.random.default_rng([options.seed, number, list(SHARES).index(split), index])
                speaker = speakers_by_split[split][(index * 7 + number) % len(speakers_by_split[split])]
                pitch = int(np.clip(speaker.pitch + rng.integers(-12, 13), 0, 99))
                rate = int(speaker.rate * rng.uniform(0.85, 1.2))
                spoken = espeak.say(word, speaker, pitch=pitch, rate=rate, seed=int(rng.integers(2**31)))
                while len(spoken) > 0.95 * RATE and rate < 400:
                    rate = int(1.2 * rate)
                    spoken = espeak.say(word, speaker, pitch=pitch, rate=rate, seed=int(rng.integers(2**31)))
                clips.append(add_room_and_noise(spoken, rng, tuple(options.noise)))
                speaker_labels.append([split, f"{speaker.accent}+{speaker.voice}"])
        path = options.folder / f"{word}.ogg"
        soundfile.write(path, np.concatenate(clips), RATE, format="OGG", subtype="VORBIS", compression_level=0.95)
        labels_by_word[word] = speaker_labels
        print(f"{word}: {len(clips)} utterances, {path.stat().st_size / 2**20:.2f} MB", flush=True)
    (options.folder / "speakers.json").write_text(json.dumps(labels_by_word, separators=(",", ":")), encoding="utf-8")


if __name__ == "__main__":
    main()
