"""Sound cut in two along a mask, with scipy as the judge of spectrograms."""

import numpy as np
import pytest
from scipy.signal import ShortTimeFFT
from scipy.signal.windows import hann

from cnnviz.data.spoken_words import FEATURES, read_sounds
from cnnviz.inside.heard import HOP, N_FFT, split_sound

RATE = 16_000
WORD = read_sounds("yes")[0]
TIMES = FEATURES.frame_times(99)


def tone(hertz: float, seconds: float = 1.0) -> np.ndarray:
    return np.sin(2 * np.pi * hertz * np.arange(int(seconds * RATE)) / RATE) * 8000


def power_near(sound: np.ndarray, hertz: float) -> float:
    power = np.abs(np.fft.rfft(sound.astype(float))) ** 2
    place = round(hertz * len(sound) / RATE)
    return float(power[place - 20 : place + 20].sum())


@pytest.mark.parametrize("samples", [16_000, 15_999, 400, 100])
def test_all_of_a_sound_comes_back_and_the_two_parts_add_up(samples: int) -> None:
    sound = WORD[4000 : 4000 + samples]
    whole, rest = split_sound(sound, RATE, np.ones(99), TIMES)
    assert np.abs(whole.astype(int) - sound).max() <= 1
    assert np.abs(rest.astype(int)).max() <= 1
    mask = np.random.default_rng(0).random((99, 26))
    part, rest = split_sound(sound, RATE, mask, TIMES, FEATURES.band_centres)
    np.testing.assert_array_equal(part.astype(int) + rest, sound)


def test_a_masked_sound_is_what_scipy_makes_of_the_same_spectrogram() -> None:
    mask = np.linspace(0, 1, 99)
    part, _ = split_sound(WORD, RATE, mask, TIMES)
    transform = ShortTimeFFT(hann(N_FFT, sym=False), HOP, RATE)
    spectrum = transform.stft(WORD.astype(float))
    weights = np.interp(transform.t(len(WORD)), TIMES, mask)
    theirs = transform.istft(spectrum * weights, k1=len(WORD))
    inside = slice(N_FFT, -N_FFT)  # scipy divides by its dual window at the edges, torch by what overlaps there
    assert np.abs(part[inside] - theirs[inside]).max() < 0.01 * np.abs(WORD.astype(int)).max()


def test_a_band_of_the_mask_keeps_the_tone_in_it_and_removes_the_other() -> None:
    sound = (tone(500) + tone(4000)).astype(np.int16)
    centres = FEATURES.band_centres
    mask = np.repeat((centres < 1500)[None].astype(float), 99, axis=0)
    low, high = split_sound(sound, RATE, mask, TIMES, centres)
    assert power_near(low, 500) > 0.98 * power_near(sound, 500)
    assert power_near(low, 4000) < 1e-3 * power_near(sound, 4000)
    assert power_near(high, 4000) > 0.98 * power_near(sound, 4000)


def test_a_mask_over_time_silences_the_rest() -> None:
    mask = (TIMES < 0.5).astype(float)
    part, rest = split_sound(tone(800).astype(np.int16), RATE, mask, TIMES)
    assert np.abs(part[int(0.55 * RATE) :].astype(int)).max() <= 1
    assert np.abs(rest[: int(0.45 * RATE)].astype(int)).max() <= 1
