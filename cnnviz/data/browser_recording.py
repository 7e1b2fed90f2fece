"""Recordings made in the browser, cut to a fixed length."""

import wave
from pathlib import Path

import numpy as np
import numpy.typing as npt

from cnnviz.data.sound import resample
from cnnviz.errors import DataError
from cnnviz.words import count_label, format_mebibytes

QUIET_SHARE = 0.01
"""Share of the energy that may lie before, and after, what counts as heard."""
CENTRED_SHARE = 0.01
"""Share of the length by which a sound may be off the middle and still counts as centred."""
MAX_RECORDING_SECONDS = 60
MAX_RECORDING_BYTES = 24 * 2**20
"""A minute in two channels at 96 kHz takes 23 MB; the recorder sends one channel at 16 kHz."""


def read_recording(path: Path, sample_rate: int, samples: int) -> npt.NDArray[np.int16]:
    """Returns the loudest stretch of a 16-bit .wav, (samples,) at `sample_rate`, padded with silence if it is short.

    A word that is shorter than the stretch stands in its middle, as in the data sets.

    Does not use a decoder written in C, as it runs in the process that serves the pages, and reads no file of more than
    MAX_RECORDING_BYTES. Raises DataError when it is not such a file.
    """
    if (size := path.stat().st_size) > MAX_RECORDING_BYTES:
        raise DataError(
            f"This recording takes {format_mebibytes(size)}; at most {format_mebibytes(MAX_RECORDING_BYTES)} are read,"
            " which is more than a minute of sound of any kind that browsers record. Say one word."
        )
    try:
        with path.open("rb") as stream, wave.open(stream) as file:
            channels, width, rate, frames = file.getparams()[:4]
            if width != 2 or not 1 <= channels <= 8 or not 4000 <= rate <= 192_000:
                raise DataError(
                    f"This recording has {count_label(channels, 'channel')} of {8 * width} bits at {rate:,} Hz; it must"
                    " have 1 to 8 channels of 16 bits at 4,000 to 192,000 Hz."
                )
            if frames > MAX_RECORDING_SECONDS * rate:
                raise DataError(
                    f"This recording lasts {frames / rate:,.0f} seconds; say one word, in at most"
                    f" {MAX_RECORDING_SECONDS} seconds."
                )
            values = np.frombuffer(file.readframes(frames), "<i2")
    except (wave.Error, EOFError, ValueError, RuntimeError):  # what wave lets out of damaged files
        raise DataError("This recording cannot be read; record it again.") from None
    values = values[: len(values) // channels * channels]
    if not len(values):
        raise DataError("This recording is empty; record it again, and speak once it has started.")
    mono = values.reshape(-1, channels).mean(axis=1) / 2**15
    resampled = resample(mono, rate, sample_rate)
    return stretch_of_sound(resampled, loudest_start(resampled, samples), samples)


def loudest_start(sound: npt.NDArray[np.int16], samples: int) -> int:
    """Returns where the stretch with the most energy begins, with what is heard in it in its middle.

    Where a word is shorter than the stretch, many stretches have as much of it, and the first of them has the word at
    its end. The stretch may begin before the recording, and end behind it.
    """
    padded = np.pad(sound, samples)
    energy = np.concatenate([[0.0], np.cumsum(padded.astype(np.float64) ** 2)])
    is_short = len(sound) <= samples
    start = samples - (samples - len(sound)) // 2 if is_short else int(np.argmax(energy[samples:] - energy[:-samples]))
    heard = energy[start : start + samples + 1] - energy[start]
    if not heard[-1]:
        return start - samples
    begin, end = np.searchsorted(heard, [QUIET_SHARE * heard[-1], (1 - QUIET_SHARE) * heard[-1]])
    shift = (int(begin) + int(end) - samples) // 2
    if abs(shift) > samples * CENTRED_SHARE:
        start = min(max(start + shift, 0), len(padded) - samples)
    return start - samples


def stretch_of_sound(sound: npt.NDArray[np.int16], start: int, samples: int) -> npt.NDArray[np.int16]:
    """Returns a stretch of a sound, (samples,); what lies outside the sound is silence.

    >>> stretch_of_sound(np.array([7, 8, 9], np.int16), -1, 3).tolist()
    [0, 7, 8]
    """
    stretch = np.zeros(samples, np.int16)
    begin, end = max(start, 0), min(start + samples, len(sound))
    if begin < end:
        stretch[begin - start : end - start] = sound[begin:end]
    return stretch
