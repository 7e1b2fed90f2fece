"""Decodes sound files sent by strangers into a fixed number of samples at one rate."""

import math
from dataclasses import dataclass, replace
from io import BytesIO

import numpy as np
import numpy.typing as npt
import soundfile
import soxr

from cnnviz.errors import DataError
from cnnviz.words import quote_name

SOUND_EXTENSIONS = (".wav", ".flac", ".ogg")
MAX_SECONDS = 600
MAX_CHANNELS = 8
MIN_RATE, MAX_RATE = 1000, 384_000
"""Samples a second, in hertz."""
MARGIN_SECONDS = 0.05
"""Sound behind what is kept that is read where it is resampled; the filter reaches less far."""
INTEGER_SCALES = (2**15, 2**23, 2**31)
"""Largest values of integers with 16, 24 and 32 bits; floats above MAX_OVERSHOOT are on such a scale."""
MAX_OVERSHOOT = 4.0
"""Value up to which a float is too loud a sound on the usual scale, from −1 to 1, and is clipped."""
CLIPPED_SAMPLES = 3
"""Samples in a row at the largest or smallest value from which on a sound counts as clipped."""

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
    rescaled: bool = False
    """Whether its floats were on the scale of integers."""
    clipped: bool = False
    """Whether its loudest parts are cut off flat, here or before."""


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
    if not content:
        raise DataError(f"{quote_name(name)} is empty.")
    kinds = _FORMATS.get(content[:4], ())
    if not kinds or (content[:4] == b"RIFF" and content[8:12] != b"WAVE"):
        raise DataError(f"{quote_name(name)} is not a .wav, .flac or .ogg file.")
    try:
        if content[:4] == b"RIFF":
            content = with_true_sizes(content)
        with soundfile.SoundFile(BytesIO(content)) as file:
            if file.format not in kinds or file.subtype not in _SUBTYPES:
                raise DataError(
                    f"{quote_name(name)} is encoded as {file.subtype}, which cannot be read here; save it with 16 bits."
                )
            rate, frames = file.samplerate, file.frames
            _check_header(name, rate, frames, file.channels)
            margin = 0 if rate == sample_rate else math.ceil(MARGIN_SECONDS * rate)
            frames_to_read = min(frames, samples * rate // sample_rate + margin)
            is_float = file.subtype in ("FLOAT", "DOUBLE")
            decoded = file.read(frames_to_read, dtype="float32", always_2d=True)
    except DataError:
        raise
    except Exception:  # soundfile.LibsndfileError, TypeError, OverflowError, …
        raise _damaged_sound_error(name) from None
    if len(decoded) != frames_to_read or not np.isfinite(decoded).all():
        raise _damaged_sound_error(name)
    mono = decoded.mean(axis=1, dtype=np.float64)
    scale = _integer_scale(float(np.abs(decoded).max(initial=0))) if is_float else 1
    sound = _resample_and_pad(mono / scale, rate, frames, sample_rate, samples)
    clipped = sound.treatment.clipped or _is_clipped(decoded[: samples * rate // sample_rate] / scale)
    return replace(sound, treatment=replace(sound.treatment, rescaled=scale != 1, clipped=clipped))


def resample(mono: npt.NDArray[np.float64], rate: int, new_rate: int) -> npt.NDArray[np.int16]:
    """Converts a whole sound, from −1 to 1, to another rate and to 16-bit integers."""
    return _resample_and_pad(mono, rate, len(mono), new_rate, -(-len(mono) * new_rate // rate)).samples


def with_true_sizes(content: bytes) -> bytes:
    """Returns a .wav file whose header has the sizes that the file has, where a recorder did not come back to them.

    A size of 0 for all samples is such a one, and any size of the file. Raises ValueError where samples are missing.
    """
    place = 12
    while content[place : place + 4] != b"data":
        if place + 8 > len(content):
            return content  # libsndfile says what is wrong with it
        size = int.from_bytes(content[place + 4 : place + 8], "little")
        place += 8 + size + size % 2
    size, available = int.from_bytes(content[place + 4 : place + 8], "little"), len(content) - place - 8
    if (size == 0 and not _is_chunk(content[place + 8 :])) or size >= _UNKNOWN_SIZE:
        size = available
    if size > available:
        raise ValueError("samples are missing")
    fixed = bytearray(content)
    fixed[4:8], fixed[place + 4 : place + 8] = ((len(content) - 8).to_bytes(4, "little"), size.to_bytes(4, "little"))
    return bytes(fixed)


def _is_chunk(content: bytes) -> bool:
    """Returns whether what comes after a size of 0 is another chunk, as long as it says, rather than samples."""
    size = int.from_bytes(content[4:8], "little")
    return not content or (len(content) >= 8 and content[:4].isalnum() and size + size % 2 <= len(content) - 8)


def _integer_scale(peak: float) -> int:
    """Returns the largest value of the integers on whose scale floats with such a peak are; 1 for the usual scale."""
    if peak <= MAX_OVERSHOOT:
        return 1
    return next((scale for scale in INTEGER_SCALES if peak <= scale), 1)


def _is_clipped(sound: npt.NDArray[np.floating]) -> bool:
    """Returns whether several samples in a row, (samples,) or (samples, channels), are at full scale."""
    full = (sound >= 1 - 2**-15) | (sound <= -1)
    runs = full[CLIPPED_SAMPLES - 1 :].copy()
    for back in range(1, CLIPPED_SAMPLES):
        runs &= full[CLIPPED_SAMPLES - 1 - back : len(full) - back]
    return bool(runs.any())


def _resample_and_pad(mono: npt.NDArray[np.float64], rate: int, frames: int, new_rate: int, samples: int) -> Sound:
    length = -(-frames * new_rate // rate)  # of the whole sound at the new rate
    if rate != new_rate:
        mono = soxr.resample(mono, rate, new_rate, quality="VHQ")
    kept = np.zeros(samples)
    used = min(length, samples, len(mono))
    kept[:used] = mono[:used]
    scaled = np.clip(np.rint(kept * 2**15), -(2**15), 2**15 - 1).astype(np.int16)
    treatment = SoundTreatment(
        resampled_from=None if rate == new_rate else rate,
        padded=max(0, samples - length),
        cut=max(0, length - samples),
        clipped=_is_clipped(kept),
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


def _damaged_sound_error(name: str) -> DataError:
    return DataError(f"{quote_name(name)} is a damaged sound file.")
