"""A recording of a student, read whole by a process of its own."""

from pathlib import Path

import numpy as np
import pytest

from cnnviz.data.browser_recording import MAX_RECORDING_SECONDS
from cnnviz.errors import CnnvizError, DataError, LimitError
from cnnviz.imports.recording_read import read_whole_recording
from tests.data.upload_files import file_with, sound_bytes, tone


@pytest.mark.parametrize("kind", ["WAV", "FLAC"])
def test_all_of_it_is_read_at_the_rate_of_the_data_set(kind: str) -> None:
    sound = tone(440, seconds=2.5)
    np.testing.assert_array_equal(read_whole_recording(file_with(sound_bytes(sound, kind=kind)), "a", 16_000), sound)
    half = read_whole_recording(file_with(sound_bytes(sound, kind=kind)), "a", 8_000)
    np.testing.assert_allclose(half[100:-100], tone(440, 8_000, seconds=2.5)[100:-100], atol=30)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b"no sound", "is not a .wav, .flac or .ogg file"),
        (sound_bytes(tone(440))[:1000], "is a damaged sound file"),
        (
            sound_bytes(np.zeros(4000 * MAX_RECORDING_SECONDS + 400, np.int16), 4000),
            r"lasts 60\.1 seconds; at most 60 are read",
        ),
    ],
)
def test_what_is_no_such_recording_is_told(content: bytes, message: str) -> None:
    with pytest.raises(CnnvizError, match=message) as refusal:
        read_whole_recording(file_with(content), "voice.wav", 16_000)
    assert isinstance(refusal.value, DataError)


def test_a_file_that_is_far_too_large_is_not_read_whatever_its_header_says(tmp_path: Path) -> None:
    path = tmp_path / "recording.wav"
    path.write_bytes(sound_bytes(tone(440)))
    with path.open("r+b") as file:
        file.truncate(400 * 2**20)  # a hole, which takes no room on the disk
    with pytest.raises(LimitError, match=r"takes 400 MiB; at most 24 MiB and 60 seconds are read here"):
        read_whole_recording(path, "voice.wav", 16_000)
