import io
import tracemalloc
import wave
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cnnviz.data.browser_recording import MAX_RECORDING_BYTES, MAX_RECORDING_SECONDS, read_recording
from cnnviz.errors import DataError
from tests.data.upload_files import file_with, tone


def read(content: bytes, sample_rate: int, samples: int) -> np.ndarray:
    return read_recording(file_with(content), sample_rate, samples)


def recorded(samples: np.ndarray, rate: int = 16_000, channels: int = 1, width: int = 2) -> bytes:
    stream = io.BytesIO()
    with wave.open(stream, "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(width)
        file.setframerate(rate)
        file.writeframes(samples.tobytes())
    return stream.getvalue()


def test_of_a_long_recording_the_loudest_second_is_kept() -> None:
    quiet = np.zeros(48_000, np.int16)
    quiet[20_000:36_000] = tone(440)
    np.testing.assert_array_equal(read(recorded(quiet), 16_000, 16_000), quiet[20_000:36_000])


def test_a_short_one_stands_in_the_middle_of_silence() -> None:
    short = tone(440, seconds=0.25)
    sound = read(recorded(short), 16_000, 16_000)
    np.testing.assert_array_equal(sound[6_000:10_000], short)
    assert not sound[:6_000].any()
    assert not sound[10_000:].any()


@pytest.mark.parametrize("seconds", [0.5, 1, 2, 3])
@pytest.mark.parametrize("begin", [0.0, 0.03, 0.5, 0.92, 1.0])
def test_a_short_word_stands_in_the_middle_wherever_it_was_said(begin: float, seconds: float) -> None:
    """A word at the edge of its second is not what a net has learned, whose words are in the middle."""
    noise = np.random.default_rng(0).normal(0, 3, round(16_000 * seconds)).astype(np.int16)
    word = tone(440, seconds=0.4)
    start = min(round(16_000 * begin), len(noise) - len(word))
    noise[start : start + len(word)] = word
    heard = np.flatnonzero(np.abs(read(recorded(noise), 16_000, 16_000)) > 50)
    assert (heard[0] + heard[-1]) / 2 == pytest.approx(8_000, abs=160)
    assert heard[-1] - heard[0] == pytest.approx(len(word), abs=10)


def test_channels_are_averaged_and_rates_changed() -> None:
    left = tone(440, 48_000)
    both = np.stack([left, np.zeros_like(left)], axis=1)
    sound = read(recorded(both, 48_000, channels=2), 16_000, 16_000)
    np.testing.assert_allclose(sound[200:-200], tone(440)[200:-200] / 2, atol=30)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", r"^This recording cannot be read"),
        (b"RIFF nonsense", r"^This recording cannot be read"),
        (
            recorded(np.zeros(10, np.uint8), width=1),
            r"^This recording has 1 channel of 8 bits at 16,000 Hz; it must have 1",
        ),
        (
            recorded(np.zeros(10, np.int16), 1000),
            r"at 1,000 Hz; it must have 1 to 8 channels of 16 bits at 4,000 to 192,000 Hz",
        ),
        (recorded(np.zeros(0, np.int16)), r"^This recording is empty"),
        (
            recorded(np.zeros(4000 * (MAX_RECORDING_SECONDS + 1), np.int16), 4000),
            r"^This recording lasts 61 seconds; say one",
        ),
    ],
)
def test_what_is_no_such_recording_is_told(content: bytes, message: str) -> None:
    with pytest.raises(DataError, match=message):
        read(content, 16_000, 16_000)


def test_a_file_that_is_far_too_large_is_not_read_whatever_its_header_says(tmp_path: Path) -> None:
    """400 MiB behind a header of one second took the server 1.5 GB."""
    path = tmp_path / "recording.wav"
    path.write_bytes(recorded(tone(440)))
    with path.open("r+b") as file:
        file.truncate(400 * 2**20)  # a hole, which takes no room on the disk
    tracemalloc.start()
    with pytest.raises(DataError, match=r"^This recording takes 400 MiB; at most 24 MiB are read"):
        read_recording(path, 16_000, 16_000)
    assert tracemalloc.get_traced_memory()[1] < MAX_RECORDING_BYTES
    tracemalloc.stop()


VALID_WAV = recorded(tone(440, seconds=0.1), 16_000)


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_damaged_recordings_are_read_or_refused(data: st.DataObject) -> None:
    content = bytearray(VALID_WAV)
    for _ in range(data.draw(st.integers(1, 6))):
        content[data.draw(st.integers(0, 60))] = data.draw(st.integers(0, 255))
    cut = bytes(content[: data.draw(st.integers(0, len(content)))])
    try:
        sound = read(cut, 16_000, 16_000)
    except DataError:
        return
    assert sound.shape == (16_000,)
    assert sound.dtype == np.int16
