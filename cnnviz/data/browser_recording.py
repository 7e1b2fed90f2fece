"""Recordings made in the browser, cut to a fixed length."""

import io
import wave

import numpy as np
import numpy.typing as npt

from cnnviz.data.sound import resample
from cnnviz.errors import DataError
from cnnviz.words import count_label

MAX_RECORDING_SECONDS = 60


def read_recording(content: bytes, sample_rate: int, samples: int) -> npt.NDArray[np.int16]:
    """Returns the loudest stretch of a 16-bit .wav, (samples,) at `sample_rate`, padded with silence if it is short.

    Does not use a decoder written in C, as it runs in the process that serves the pages. Raises DataError when
    `content` is not such a file.
    """
    try:
        with wave.open(io.BytesIO(content)) as file:
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
    return _loudest_stretch(resampled, samples)


def _loudest_stretch(sound: npt.NDArray[np.int16], samples: int) -> npt.NDArray[np.int16]:
    if len(sound) <= samples:
        missing = samples - len(sound)
        return np.pad(sound, (missing // 2, missing - missing // 2))
    energy = np.concatenate([[0.0], np.cumsum(sound.astype(np.float64) ** 2)])
    start = int(np.argmax(energy[samples:] - energy[:-samples]))
    return sound[start : start + samples]
