import re
import struct
from contextlib import suppress
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest
import soundfile
import soxr
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from cnnviz.data.sound import MAX_RATE, MIN_RATE, SoundTreatment, read_sound
from cnnviz.errors import DataError
from tests.data.upload_files import sound_bytes, tone

RATE = 16_000


def read(content: bytes, samples: int = RATE) -> npt.NDArray[np.int16]:
    sound = read_sound(content, "yes/a.wav", RATE, samples)
    assert sound.samples.shape == (samples,)
    assert sound.samples.dtype == np.int16
    return sound.samples


def refusal(content: bytes) -> str:
    with pytest.raises(DataError) as caught:
        read_sound(content, "yes/a.wav", RATE, RATE)
    assert len(str(caught.value)) < 200
    return str(caught.value)


@settings(max_examples=40, deadline=None)
@given(hnp.arrays(np.int16, st.integers(1, 300)), st.integers(1, 300), st.sampled_from(["WAV", "FLAC", "WAVEX"]))
def test_16_bit_samples_stay_as_they_are_and_end_in_silence(
    samples: npt.NDArray[np.int16], length: int, kind: str
) -> None:
    sound = read_sound(sound_bytes(samples, kind=kind), "a", RATE, length)
    expected = np.zeros(length, np.int16)
    expected[: len(samples)] = samples[:length]
    np.testing.assert_array_equal(sound.samples, expected)
    treatment = replace(sound.treatment, clipped=False)
    assert treatment == SoundTreatment(None, max(0, length - len(samples)), max(0, len(samples) - length))


@pytest.mark.parametrize(
    ("kind", "coding"),
    [("WAV", coding) for coding in ("PCM_U8", "PCM_24", "PCM_32", "FLOAT", "DOUBLE", "ULAW", "ALAW", "MS_ADPCM")]
    + [("FLAC", "PCM_24"), ("OGG", "VORBIS"), ("OGG", "OPUS")],
)
def test_every_coding_comes_out_in_the_scale_of_16_bits(kind: str, coding: str) -> None:
    sound = read(sound_bytes(tone(440) / 2**15, RATE, kind, coding))
    expected = tone(440).astype(float)
    assert np.corrcoef(sound, expected)[0, 1] > 0.99
    assert sound.std() == pytest.approx(expected.std(), rel=0.05)


def test_channels_are_averaged() -> None:
    both = np.stack([tone(300), tone(300) // 3, tone(0)], axis=1)
    np.testing.assert_allclose(read(sound_bytes(both)), both.mean(axis=1), atol=1)


@pytest.mark.parametrize("rate", [8000, 11_025, 22_050, 44_100, 48_000, 96_000])
@pytest.mark.parametrize("seconds", [0.3, 1.7])
def test_a_sound_of_another_rate_becomes_what_the_whole_of_it_would(rate: int, seconds: float) -> None:
    samples = tone(440, rate, seconds)
    sound = read_sound(sound_bytes(samples, rate), "a", RATE, RATE)
    whole = soxr.resample(samples / 2**15, rate, RATE, quality="VHQ") * 2**15
    expected, length = np.zeros(RATE), -(-len(samples) * RATE // rate)
    expected[: len(whole)] = whole[:RATE]
    np.testing.assert_allclose(sound.samples, expected, atol=1)
    assert sound.treatment == SoundTreatment(rate, max(0, RATE - length), max(0, length - RATE))


@pytest.mark.parametrize("rate", [22_050, 32_000, 44_100, 48_000, 96_000, 192_000])
def test_what_the_new_rate_can_hold_is_kept_and_nothing_else(rate: int) -> None:
    """Tones of 7.5 kHz lost 1.8 dB, and those of 8.5 kHz came back as others, 14 dB quieter only."""

    def decibels(hertz: float) -> float:
        times = np.arange(rate) / rate
        sent = (0.5 * 2**15 * np.sin(2 * np.pi * hertz * times)).astype(np.int16)
        got = read_sound(sound_bytes(sent, rate), "a", RATE, RATE).samples[2000:14_000]
        return float(20 * np.log10(max(np.sqrt(np.mean(got.astype(float) ** 2)), 1e-9) / (0.5 * 2**15 / np.sqrt(2))))

    for hertz in (50, 1000, 4000, 7000, 7500):
        assert abs(decibels(hertz)) < 0.5
    for hertz in (8500, 9000, 10_500):
        assert decibels(hertz) < -60


@settings(max_examples=60, deadline=None)
@given(st.integers(MIN_RATE, MAX_RATE), st.integers(1, 400), st.integers(1000, 48_000), st.integers(1, 200))
def test_any_rate_becomes_any_other(rate: int, frames: int, new: int, samples: int) -> None:
    sound = read_sound(sound_bytes(np.full(frames, 1000, np.int16), rate), "a", new, samples)
    assert sound.samples.shape == (samples,)
    assert sound.treatment.resampled_from == (None if rate == new else rate)


def test_loud_floats_are_clipped() -> None:
    sound = read(sound_bytes(np.array([2.0, -2.0, 1.0, -1.0, 0.5]), coding="FLOAT"), 5)
    assert sound.tolist() == [32_767, -32_768, 32_767, -32_768, 16_384]


def test_no_more_is_decoded_than_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    frame_counts: list[int] = []
    whole = soundfile.SoundFile.read

    def counted(file: soundfile.SoundFile, frames: int = -1, **options: object) -> object:
        frame_counts.append(frames)
        return whole(file, frames, **options)

    monkeypatch.setattr(soundfile.SoundFile, "read", counted)
    for rate in (16_000, 48_000, 8000):
        read(sound_bytes(np.zeros(rate * 60, np.int16), rate))
    assert frame_counts[0] == 16_000
    assert 48_000 < frame_counts[1] < 1.06 * 48_000
    assert 8000 < frame_counts[2] < 1.06 * 8000


WAV = sound_bytes(tone(440))
NO_SOUND = r"^“yes/a\.wav” is not a \.wav, \.flac or \.ogg file\.$"
DAMAGED_MESSAGE = r"^“yes/a\.wav” is a damaged sound file\.$"


def header(at: int, kind: str, value: int) -> bytes:
    return WAV[:at] + struct.pack(kind, value) + WAV[at + struct.calcsize(kind) :]


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        pytest.param(b"", r"^“yes/a\.wav” is empty\.$", id="empty"),
        pytest.param(b"ID3\x03", NO_SOUND, id="mp3"),
        pytest.param(sound_bytes(tone(440), kind="AIFF"), NO_SOUND, id="aiff"),
        pytest.param(sound_bytes(tone(440), kind="CAF"), NO_SOUND, id="caf"),
        pytest.param(b"RIFF\x10\x00\x00\x00AVI LIST", NO_SOUND, id="a film"),
        pytest.param(WAV[:30], DAMAGED_MESSAGE, id="cut in the header"),
        pytest.param(WAV[:-1000], DAMAGED_MESSAGE, id="truncated"),
        pytest.param(sound_bytes(tone(440), kind="FLAC")[:-1000], DAMAGED_MESSAGE, id="truncated flac"),
        pytest.param(b"fLaC" + bytes(100), DAMAGED_MESSAGE, id="no flac"),
        pytest.param(b"OggS" + bytes(100), DAMAGED_MESSAGE, id="no ogg"),
        pytest.param(header(22, "<H", 9), r"has 9 channels; at most 8 are allowed|damaged", id="9 channels"),
        pytest.param(
            sound_bytes(np.zeros((10, 9), np.int16)), r"has 9 channels; at most 8 are allowed", id="really 9 channels"
        ),
        pytest.param(header(24, "<I", 999), r"has 999 samples a second; 1,000 to 384,000 are allowed", id="999 hertz"),
        pytest.param(header(24, "<I", 384_001), r"has 384,001 samples a second", id="384,001 hertz"),
        pytest.param(
            sound_bytes(np.zeros(601_000, np.int16), 1000), r"claims to last 10 minutes; at most 10", id="too long"
        ),
        pytest.param(sound_bytes(np.zeros(0, np.int16)), r"holds no sound|damaged", id="no samples"),
        pytest.param(sound_bytes([0.0, np.nan], coding="FLOAT"), DAMAGED_MESSAGE, id="NaN"),
        pytest.param(
            sound_bytes(np.zeros(64, np.int16), coding="GSM610"),
            r"is encoded as GSM610, which cannot be read",
            id="gsm",
        ),
    ],
)
def test_a_hostile_sound_gets_one_clear_sentence(content: bytes, sentence: str) -> None:
    message = refusal(content)
    assert re.search(sentence, message), message


def test_a_stream_whose_writer_could_not_know_its_size_is_read() -> None:
    content = header(4, "<I", 0xFFFFFFFF)
    content = content[:40] + struct.pack("<I", 0xFFFFFFFF) + content[44:]
    np.testing.assert_array_equal(read(content), tone(440))


@pytest.mark.parametrize("extra", [0, 100, 10**6])
@pytest.mark.parametrize("data_size", [0, None, 0xFFFFFFFF])
def test_a_header_to_which_a_recorder_did_not_come_back_is_put_right(extra: int, data_size: int | None) -> None:
    content = bytearray(WAV)
    content[4:8] = struct.pack("<I", len(WAV) - 8 + extra)
    if data_size is not None:
        content[40:44] = struct.pack("<I", data_size)
    np.testing.assert_array_equal(read(bytes(content)), tone(440))


def test_an_empty_sound_before_other_chunks_stays_one() -> None:
    notes = b"LIST" + struct.pack("<I", 26) + b"INFOINAM" + struct.pack("<I", 14) + b"recorded today"
    content = sound_bytes(np.zeros(0, np.int16)) + notes
    assert re.search(r"holds no sound|damaged", refusal(content))


@pytest.mark.parametrize(("bits", "coding"), [(15, "FLOAT"), (23, "FLOAT"), (31, "DOUBLE")])
def test_floats_on_the_scale_of_integers_are_scaled_down(bits: int, coding: str) -> None:
    content = sound_bytes(tone(440).astype(float) / 2**15 * 2**bits, coding=coding)
    sound = read_sound(content, "a", RATE, RATE)
    np.testing.assert_allclose(sound.samples, tone(440), atol=1)
    assert sound.treatment == SoundTreatment(rescaled=True)


@pytest.mark.parametrize(("loudness", "coding"), [(1.3, "FLOAT"), (3.0, "DOUBLE"), (1.3, "PCM_16"), (1.3, "PCM_24")])
@pytest.mark.parametrize("rate", [RATE, 48_000])
def test_a_sound_that_is_cut_off_flat_is_told(loudness: float, coding: str, rate: int) -> None:
    times = np.arange(rate) / rate
    loud = loudness * np.sin(2 * np.pi * 440 * times)
    content = sound_bytes(loud if coding in ("FLOAT", "DOUBLE") else np.clip(loud, -1, 1), rate, coding=coding)
    assert read_sound(content, "a", RATE, RATE).treatment.clipped
    quiet = sound_bytes(loud / loudness * 0.98, rate, coding=coding)
    assert not read_sound(quiet, "a", RATE, RATE).treatment.clipped


def test_a_flac_that_was_written_into_a_pipe_is_told_what_it_lacks() -> None:
    content = bytearray(sound_bytes(tone(440), kind="FLAC"))
    content[21] &= 0xF0  # the last 36 bits before the checksum of all samples count them
    content[22:26] = bytes(4)
    assert refusal(bytes(content)) == (
        "“yes/a.wav” does not say how long it lasts; open it in a sound editor and save it again."
    )


@settings(max_examples=120, deadline=None)
@given(
    st.data(),
    st.sampled_from([sound_bytes(tone(440, seconds=0.05), kind=kind) for kind in ("WAV", "FLAC", "OGG")]),
)
def test_a_mutated_sound_is_read_or_refused(data: st.DataObject, whole: bytes) -> None:
    content = bytearray(whole)
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(content) - 1))
        content[at : at + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=3))
    with suppress(DataError):
        read(bytes(content), 200)
