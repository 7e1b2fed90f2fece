"""Features of sounds: log-mel energies as in the lab, or MFCC."""

import math
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache
from typing import Annotated, ClassVar, Literal

import numpy as np
import numpy.typing as npt
from pydantic import Field
from scipy.fft import dct

from cnnviz.errors import DataError
from cnnviz.validation import FrozenModel

SoundBatch = npt.NDArray[np.generic]
"""(N, samples): N sounds at one rate, on the scale of 16-bit integers (−32,768 … 32,767)."""
MIN_ENERGY = float(np.finfo(np.float64).eps)
"""Replaces an energy of 0; 2.2e-16, whose logarithm is −36."""
BLOCK_SIZE = 64
"""Sounds whose features are computed at once: more would not fit into the processor's cache."""


class Features(FrozenModel):
    """How a sound is turned into frames × bands; frozen, bounds included. The defaults are the lab's."""

    change_error: ClassVar = DataError

    kind: Literal["log-mel", "MFCC"] = Field(
        "log-mel",
        title="Features",
        description="log-mel: the logarithm of the energy in each mel band. MFCC: the cosine transform of these values,"
        " of which the first coefficients are kept.",
    )
    sample_rate: Annotated[int, Field(ge=1000, le=48_000)] = Field(
        16_000, title="Sample rate", description="Samples a second, in hertz; sounds of other rates are resampled."
    )
    window: Annotated[float, Field(ge=0.002, le=0.5)] = Field(
        0.025, title="Window", description="Length of a frame, in seconds."
    )
    step: Annotated[float, Field(ge=0.002, le=0.5)] = Field(
        0.010, title="Step", description="Time from the start of one frame to the start of the next, in seconds."
    )
    bands: Annotated[int, Field(ge=2, le=128)] = Field(
        26, title="Bands", description="Number of filters in the mel bank."
    )
    coefficients: Annotated[int, Field(ge=1, le=128)] = Field(
        13, title="Coefficients", description="Cepstral coefficients that MFCC keeps, at most one per band."
    )

    @property
    def frame_length(self) -> int:
        """Samples in a frame."""
        return round_half_up(self.window * self.sample_rate)

    @property
    def hop_length(self) -> int:
        """Samples from the start of one frame to the start of the next."""
        return round_half_up(self.step * self.sample_rate)

    @property
    def n_fft(self) -> int:
        """Points of the Fourier transform: 512, or the next power of two that holds a frame."""
        return max(512, 1 << (self.frame_length - 1).bit_length())

    @property
    def width(self) -> int:
        """Values that describe a frame: bands or coefficients."""
        return self.bands if self.kind == "log-mel" else min(self.coefficients, self.bands)

    @property
    def band_centres(self) -> npt.NDArray[np.float64]:
        """(bands,): the frequency in hertz to which each mel filter answers most.

        >>> [round(hertz) for hertz in Features().band_centres[:3]]
        [62, 125, 219]
        """
        bank = mel_filter_bank(self.bands, self.n_fft, self.sample_rate)
        corners = np.floor(_corners(self.bands, self.n_fft, self.sample_rate))[1:-1]  # of filters between bins
        peaks = np.where(bank.any(axis=0), bank.argmax(axis=0), corners)
        return np.asarray(peaks * self.sample_rate / self.n_fft, np.float64)

    def frame_times(self, frames: int) -> npt.NDArray[np.float64]:
        """Returns the middle of each frame, in seconds after the beginning of the sound.

        >>> Features().frame_times(3).tolist()
        [0.0125, 0.0225, 0.0325]
        """
        return (np.arange(frames) * self.hop_length + self.frame_length / 2) / self.sample_rate

    def frame_count(self, samples: int) -> int:
        """Returns the number of frames of a sound; the last one is padded with zeros.

            frames = 1 + ⌈(samples − frame) / hop⌉

        >>> Features().frame_count(16_000)
        99
        """
        return 1 + max(0, -(-(samples - self.frame_length) // self.hop_length))

    def frame_count_formula(self, samples: int) -> str:
        """Writes out the calculation of `frame_count`.

        >>> Features().frame_count_formula(16_000)
        '1 + ⌈(16000 − 400) / 160⌉ = 99'
        """
        return f"1 + ⌈({samples} − {self.frame_length}) / {self.hop_length}⌉ = {self.frame_count(samples)}"

    def compute(self, sounds: SoundBatch) -> npt.NDArray[np.float32]:
        """Computes the features of sounds: (N, samples) → (N, frames, width) in float32.

        Pre-emphasis 0.97, frames without a window function, power spectrum, triangular mel filters from 0 to half the
        sample rate, natural logarithm; for MFCC an orthonormal cosine transform (type 2), sinusoidal lifter of 22 and
        the log energy of the frame instead of the first coefficient.
        Source: the defaults of python_speech_features 0.6, which the lab uses.
        """
        blocks = [
            self._compute_block(sounds[start : start + BLOCK_SIZE]) for start in range(0, len(sounds), BLOCK_SIZE)
        ]
        empty = np.empty((0, self.frame_count(sounds.shape[1]), self.width), np.float32)
        return np.concatenate(blocks) if blocks else empty

    def _compute_block(self, sounds: SoundBatch) -> npt.NDArray[np.float32]:
        samples, values = sounds.shape[1], sounds.astype(np.float64)
        count = self.frame_count(samples)
        padded = np.zeros((len(sounds), max((count - 1) * self.hop_length + self.frame_length, samples)))
        padded[:, :samples] = values
        padded[:, 1:samples] -= 0.97 * values[:, : samples - 1]
        frames = np.lib.stride_tricks.sliding_window_view(padded, self.frame_length, axis=1)[:, :: self.hop_length][
            :, :count
        ]
        spectrum = np.fft.rfft(frames, self.n_fft)
        power = (spectrum.real**2 + spectrum.imag**2) / self.n_fft
        energies = np.log(_replace_zeros(power @ mel_filter_bank(self.bands, self.n_fft, self.sample_rate)))
        if self.kind == "MFCC":
            energies = dct(energies, type=2, axis=2, norm="ortho")[:, :, : self.width] * _lifter_weights(self.width)
            energies[:, :, 0] = np.log(_replace_zeros(power.sum(axis=2)))
        return np.ascontiguousarray(energies, np.float32)


def round_half_up(value: float) -> int:
    """Rounds to the nearest whole number, and up where two are as near, as python_speech_features does.

    >>> round_half_up(0.01 * 22_050), round_half_up(0.025 * 44_100), round_half_up(2.4)
    (221, 1103, 2)
    """
    return int(Decimal(value).quantize(Decimal(1), ROUND_HALF_UP))


@lru_cache(maxsize=8)
def mel_filter_bank(bands: int, n_fft: int, sample_rate: int) -> npt.NDArray[np.float64]:
    """Returns triangular filters, (n_fft / 2 + 1, bands), with corners evenly spaced in mel and rounded to FFT bins.

    f hertz are 2595·log₁₀(1 + f / 700) mel. Source: python_speech_features 0.6.
    """
    corners = np.floor(_corners(bands, n_fft, sample_rate))
    bank = np.zeros((n_fft // 2 + 1, bands))
    for band, (left, middle, right) in enumerate(zip(corners, corners[1:], corners[2:], strict=False)):
        up, down = np.arange(int(left), int(middle)), np.arange(int(middle), int(right))
        bank[up, band] = (up - left) / (middle - left)
        bank[down, band] = (right - down) / (right - middle)
    return bank


def _corners(bands: int, n_fft: int, sample_rate: int) -> npt.NDArray[np.float64]:
    """Returns the corners of the triangles in bins of the Fourier transform, (bands + 2,)."""
    highest = 2595 * math.log10(1 + sample_rate / 2 / 700)
    hertz = 700 * (10 ** (np.linspace(0, highest, bands + 2) / 2595) - 1)
    return np.asarray((n_fft + 1) * hertz / sample_rate)


def _lifter_weights(width: int) -> npt.NDArray[np.float64]:
    return 1 + 11 * np.sin(np.pi * np.arange(width) / 22)


def _replace_zeros(energies: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    return np.where(energies == 0, MIN_ENERGY, energies)
