"""Decodes sound files sent by strangers into a fixed number of samples at one rate."""

from dataclasses import dataclass
from fractions import Fraction
from io import BytesIO

import numpy as np
import numpy.typing as npt
import soundfile
from scipy.signal import resample_poly

from cnnviz.errors import DataError
from cnnviz.words import quote_name

SOUND_EXTENSIONS = (".wav", ".flac", ".ogg")
MAX_SECONDS = 600
MAX_CHANNELS = 8
MIN_RATE, MAX_RATE = 1000, 384_000
"""Samples a second, in hertz."""
MAX_RATIO_TERM = 1000
"""Largest numerator and denominator of the fraction that a rate is changed by, unless it is a whole multiple."""

_FORMATS = {b"RIFF": ("WAV", "WAVEX"), b"fLaC": ("FLAC",), b"OggS": ("OGG",)}
"""First bytes of a file → formats that libsndfile may detect, so that none of its thirty other readers is reached."""
_SUBTYPES = (
    *("PCM_S8", "PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE", "ULAW", "ALAW", "IMA_ADPCM", "MS_ADPCM"),
    *("VORBIS", "OPUS"),
)
_UNKNOWN_FRAMES = 2**60
"""More frames than this mean that libsndfile does not know: the .flac was written into a pipe."""
_UNKNOWN_SIZE = 0x7FFFFFFF
"""A WAV header with this size or more means that its writer could not know the size."""


@dataclass(frozen=True)
class SoundTreatment:
    """Changes made to a sound: its former rate if it was resampled, and the samples added or cut at its end."""

    resampled_from: int | None = None
    padded: int = 0
    cut: int = 0


@dataclass(frozen=True, eq=False)
class Sound:
    """One channel of (samples,) int16 in −32,768 … 32,767, and the changes made to it."""

    samples: npt.NDArray[np.int16]
    treatment: SoundTreatment


def read_sound(content: bytes, name: str, sample_rate: int, samples: int) -> Sound:
    """Returns the first `samples` of a .wav, .flac or .ogg file at `sample_rate` hertz, averaged over its channels.

    A shorter sound ends in silence. The header is checked before anything is decoded, and no more is decoded than is
    kept. Raises DataError when the file is none of these, is damaged, longer than 10 minutes, has more than 8 channels
    or a rate outside 1 to 384 kHz.
    """
    kinds = _FORMATS.get(content[:4], ())
    if not kinds or (content[:4] == b"RIFF" and content[8:12] != b"WAVE"):
        raise DataError(f"{quote_name(name)} is not a .wav, .flac or .ogg file.")
    if content[:4] == b"RIFF" and len(content) < int.from_bytes(content[4:8], "little") + 8 < _UNKNOWN_SIZE:
        raise _damaged_sound_error(name)
    try:
        with soundfile.SoundFile(BytesIO(content)) as file:
            if file.format not in kinds or file.subtype not in _SUBTYPES:
                raise DataError(
                    f"{quote_name(name)} is encoded as {file.subtype}, which cannot be read here; save it with 16 bits."
                )
            rate, frames = file.samplerate, file.frames
            _check_header(name, rate, frames, file.channels)
            ratio = _resampling_ratio(sample_rate, rate)
            margin = 0 if ratio == 1 else 16 * max(ratio.denominator, ratio.numerator) // ratio.numerator + 1
            frames_to_read = min(frames, int(samples / ratio) + margin)
            decoded = file.read(frames_to_read, dtype="float32", always_2d=True)
    except DataError:
        raise
    except Exception:  # soundfile.LibsndfileError, TypeError, OverflowError, …
        raise _damaged_sound_error(name) from None
    if len(decoded) != frames_to_read or not np.isfinite(decoded).all():
        raise _damaged_sound_error(name)
    return _resample_and_pad(decoded.mean(axis=1, dtype=np.float64), rate, frames, ratio, samples)


def resample(mono: npt.NDArray[np.float64], rate: int, new_rate: int) -> npt.NDArray[np.int16]:
    """Converts a whole sound, from −1 to 1, to another rate and to 16-bit integers."""
    ratio = _resampling_ratio(new_rate, rate)
    length = -(-len(mono) * ratio.numerator // ratio.denominator)
    return _resample_and_pad(mono, rate, len(mono), ratio, length).samples


def _resample_and_pad(mono: npt.NDArray[np.float64], rate: int, frames: int, ratio: Fraction, samples: int) -> Sound:
    length = -(-frames * ratio.numerator // ratio.denominator)  # of the whole sound at the new rate
    if ratio != 1:
        mono = resample_poly(mono, ratio.numerator, ratio.denominator)
    kept = np.zeros(samples)
    kept[: min(length, samples)] = mono[: min(length, samples)]
    scaled = np.clip(np.rint(kept * 2**15), -(2**15), 2**15 - 1).astype(np.int16)
    treatment = SoundTreatment(
        resampled_from=None if ratio == 1 else rate, padded=max(0, samples - length), cut=max(0, length - samples)
    )
    return Sound(scaled, treatment)


def _check_header(name: str, rate: int, frames: int, channels: int) -> None:
    if not MIN_RATE <= rate <= MAX_RATE:
        raise DataError(f"{quote_name(name)} has {rate:,} samples a second; {MIN_RATE:,} to {MAX_RATE:,} are allowed.")
    if channels > MAX_CHANNELS:
        raise DataError(f"{quote_name(name)} has {channels:,} channels; at most {MAX_CHANNELS} are allowed.")
    if frames > _UNKNOWN_FRAMES:
        raise DataError(
            f"{quote_name(name)} does not say how long it lasts; open it in a sound editor and save it again."
        )
    if frames > MAX_SECONDS * rate:
        raise DataError(
            f"{quote_name(name)} claims to last {frames / rate / 60:,.0f} minutes; at most {MAX_SECONDS // 60} are"
            " allowed."
        )
    if frames < 1:
        raise DataError(f"{quote_name(name)} holds no sound.")


def _resampling_ratio(new_rate: int, old_rate: int) -> Fraction:
    """Returns new rate / old rate in small numbers, since the filter grows with them; at most 0.05 % off.

    >>> _resampling_ratio(16_000, 44_100)
    Fraction(160, 441)
    """
    ratio = Fraction(new_rate, old_rate)
    return ratio.limit_denominator(MAX_RATIO_TERM) if ratio < 1 else 1 / (1 / ratio).limit_denominator(MAX_RATIO_TERM)


def _damaged_sound_error(name: str) -> DataError:
    return DataError(f"{quote_name(name)} is a damaged sound file.")
