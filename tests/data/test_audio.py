import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from python_speech_features import get_filterbanks, logfbank, mfcc

from cnnviz.data.audio import BLOCK_SIZE, Features, mel_filter_bank


def sounds(count: int, samples: int, seed: int = 0) -> np.ndarray:
    random = np.random.default_rng(seed)
    loud = random.uniform(10, 20_000, (count, 1))
    return np.clip(random.standard_normal((count, samples)) * loud, -32_768, 32_767).astype(np.int16)


def test_a_second_at_16_khz_is_the_labs_99_by_26() -> None:
    assert Features().compute(sounds(2, 16_000)).shape == (2, 99, 26)
    assert Features().frame_count(16_000) == 99


def test_log_mel_is_what_the_lab_computes() -> None:
    clips = sounds(BLOCK_SIZE + 2, 16_000)
    clips[1, 4000:] = 0  # silence behind a word
    clips[2] = 0
    features_computed = Features().compute(clips)
    for clip, features in zip(clips, features_computed, strict=True):
        np.testing.assert_allclose(features, logfbank(clip, samplerate=16_000), atol=1e-4, rtol=0)


def test_mfcc_is_what_python_speech_features_computes() -> None:
    clips = sounds(3, 16_000)
    for clip, features in zip(clips, Features(kind="MFCC").compute(clips), strict=True):
        np.testing.assert_allclose(features, mfcc(clip, samplerate=16_000), atol=1e-3, rtol=0)


@settings(max_examples=60, deadline=None)
@given(
    st.integers(1, 5000),
    st.sampled_from([8000, 11_025, 16_000, 22_050, 44_100]),
    st.sampled_from([0.01, 0.02, 0.025, 0.03]),
    st.sampled_from([0.005, 0.01, 0.0125]),
    st.integers(2, 40),
)
def test_other_settings_agree_too(samples: int, rate: int, window: float, step: float, bands: int) -> None:
    features = Features(sample_rate=rate, window=window, step=step, bands=bands)
    clip = sounds(1, samples)
    expected = logfbank(
        clip[0], samplerate=rate, winlen=window, winstep=step, nfilt=bands, nfft=features.n_fft, preemph=0.97
    )
    features_computed = features.compute(clip)[0]
    assert features_computed.shape == (features.frame_count(samples), bands)
    assert features_computed.shape == expected.shape
    np.testing.assert_allclose(features_computed, expected, atol=1e-4, rtol=0)


@pytest.mark.parametrize("rate", [8000, 16_000, 22_050, 44_100])
@pytest.mark.parametrize("bands", [4, 13, 26, 40])
def test_a_band_stands_at_the_peak_of_its_filter(rate: int, bands: int) -> None:
    features = Features(sample_rate=rate, bands=bands)
    filters = get_filterbanks(bands, features.n_fft, rate)
    assert filters.any(axis=1).all()
    np.testing.assert_allclose(features.band_centres, filters.argmax(axis=1) * rate / features.n_fft)


def test_a_frame_stands_where_its_sound_is() -> None:
    """A click in the middle of a frame is loudest in that frame, and stands at its time."""
    features = Features(window=0.02, step=0.02)
    for frame in range(3, 40):
        clip = np.zeros((1, 16_000), np.int16)
        time = features.frame_times(49)[frame]
        clip[0, round(time * 16_000)] = 20_000
        assert features.compute(clip)[0].sum(axis=1).argmax() == frame


def test_no_sound_has_no_features() -> None:
    assert Features().compute(np.zeros((0, 16_000), np.int16)).shape == (0, 99, 26)


@pytest.mark.parametrize("bands", [2, 26, 128])
def test_every_filter_lies_between_zero_and_half_the_sample_rate(bands: int) -> None:
    bank = mel_filter_bank(bands, 512, 16_000)
    assert bank.shape == (257, bands)
    assert (bank >= 0).all()
    assert (bank <= 1).all()
