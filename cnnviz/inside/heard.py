"""Sound cut in two along an explanation: what decided, and the rest, each to be heard and asked about."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from cnnviz.inside.relevance import Relevance

Sound = npt.NDArray[np.int16]
N_FFT = 512
"""Points of the Fourier transform: 32 ms at 16 kHz."""
HOP = 128


def split_sound(
    sound: Sound,
    rate: int,
    mask: npt.NDArray[np.floating],
    times: npt.NDArray[np.float64],
    hertz: npt.NDArray[np.float64] | None = None,
) -> tuple[Sound, Sound]:
    """Returns what of a sound lies under a mask, and all the rest; the two add up to the sound.

    The mask, 0 … 1, is (times, bands) with a value for each of `times` in seconds and `hertz`, or (times,) for all
    frequencies. It is interpolated between them, multiplied with the sound's linear spectrogram, and turned back into
    sound with the phase that the sound had.
    """
    window = torch.hann_window(N_FFT)
    values = torch.from_numpy(sound.astype(np.float32))
    spectrum = torch.stft(values, N_FFT, HOP, window=window, center=True, pad_mode="constant", return_complex=True)
    places = np.arange(spectrum.shape[1]) * HOP / rate
    frequencies = np.arange(spectrum.shape[0]) * rate / N_FFT
    masked = spectrum * linear_mask(mask, times, hertz, places, frequencies)
    kept = torch.istft(masked, N_FFT, HOP, window=window, center=True, length=len(sound))
    part = np.clip(np.rint(kept.numpy()), -(2**15), 2**15 - 1).astype(np.int32)
    rest = np.clip(sound.astype(np.int32) - part, -(2**15), 2**15 - 1)
    return part.astype(np.int16), rest.astype(np.int16)


def over_time(relevance: Relevance, axes: Sequence[str], *, has_frequencies: bool) -> Relevance:
    """Returns the relevance of a sound as (time, bands), or (time,) where its other axis is not one of frequencies."""
    if relevance.ndim == 1:
        return relevance
    by_time = relevance.T if tuple(axes) == ("band", "time") else relevance
    return by_time if has_frequencies else np.asarray(by_time.mean(axis=1), np.float32)


def linear_mask(
    mask: npt.NDArray[np.floating],
    times: npt.NDArray[np.float64],
    hertz: npt.NDArray[np.float64] | None,
    places: npt.NDArray[np.float64],
    frequencies: npt.NDArray[np.float64],
) -> Tensor:
    """Returns a mask interpolated to a linear spectrogram, (frequencies, places); beyond its ends it goes on."""
    rows = mask[:, None] if hertz is None else mask
    by_band = np.stack([np.interp(places, times, column) for column in rows.T])  # (bands, places)
    if hertz is None:
        return torch.from_numpy(np.repeat(by_band, len(frequencies), axis=0).astype(np.float32))
    full = np.stack([np.interp(frequencies, hertz, column) for column in by_band.T], axis=1)
    return torch.from_numpy(full.astype(np.float32))
