"""Sounds as .wav files, which browsers play."""

import io
import wave

import numpy as np
import numpy.typing as npt


def encode_wav(sound: npt.NDArray[np.int16], rate: int) -> bytes:
    """Returns the bytes of a .wav file as loud as the sound itself: what is quiet stays quiet."""
    stream = io.BytesIO()
    with wave.open(stream, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(np.ascontiguousarray(sound, "<i2").tobytes())
    return stream.getvalue()
