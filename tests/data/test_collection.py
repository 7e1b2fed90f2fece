from pathlib import Path

import numpy as np
import pytest
from numpy.lib.format import open_memmap

from cnnviz.data.archive import Archive, ZipArchive
from cnnviz.data.audio import Features
from cnnviz.data.collection import ImportedContent, collect_samples, suggest_form
from cnnviz.data.content import Content
from cnnviz.data.form import PictureForm, SampleForm, SoundForm
from cnnviz.data.sound import read_sound
from cnnviz.data.splits import take_splits
from cnnviz.data.splitting import split_at_random
from cnnviz.errors import DataError, LimitError
from tests.data.upload_files import image_bytes, sound_bytes, tone, word_recordings, zip_bytes

MEGABYTE = 2**20
FORM = SoundForm(features=Features(sample_rate=8000), seconds=0.2)
WORDS = word_recordings()


def opened(files: dict[str, bytes]) -> Archive:
    return ZipArchive(zip_bytes(files), 16 * MEGABYTE)


def collected(files: dict[str, bytes], form: SampleForm = FORM, **options: object) -> Content:
    return imported(files, form, **options).content


def imported(files: dict[str, bytes], form: SampleForm = FORM, **options: object) -> ImportedContent:
    return collect_samples(opened(files), form, **{"max_bytes": 16 * MEGABYTE} | options)  # type: ignore[arg-type]


def pictures(count: int = 10, kind: str = "png") -> dict[str, bytes]:
    return {
        f"set/{name}/{number}.{kind}": image_bytes(np.full((8, 9, 3), grey + number, np.uint8))
        for name, grey in (("dark", 0), ("light", 200))
        for number in range(count)
    }


def test_a_folder_for_each_word_becomes_features_with_their_sounds() -> None:
    content = collected(WORDS)
    assert content.classes == ("high", "low")
    assert content.x.shape == (24, *FORM.shape) == (24, 1, 19, 26)
    assert content.x.dtype == np.float32
    assert content.sounds is not None
    assert content.sounds.dtype == np.int16
    np.testing.assert_array_equal(content.x[:, 0], FORM.features.compute(content.sounds))
    for name, label, samples in zip(WORDS, content.y, content.sounds, strict=True):
        assert content.classes[label] == name.split("/")[0]
        np.testing.assert_array_equal(samples, read_sound(WORDS[name], name, 8000, 1600).samples)
    assert content.speakers == tuple(name.split("/")[1].split("_")[0] for name in WORDS)
    assert content.split_kinds == ("random", "speaker")
    assert imported(WORDS).report.sentences() == ("24 sounds were read.",)


@pytest.mark.parametrize("count", [31, 32, 33, 64, 70])
def test_features_are_right_on_both_sides_of_every_block(count: int) -> None:
    content = collected(word_recordings(count))
    assert content.sounds is not None
    np.testing.assert_array_equal(content.x[:, 0], FORM.features.compute(content.sounds))


def test_seconds_of_the_lab_are_99_by_26() -> None:
    content = collected(WORDS, SoundForm())
    assert content.x.shape == (24, 1, 99, 26)
    report = imported(WORDS, SoundForm()).report
    assert report.treatments == {"resampled": 24, "padded": 24}
    assert report.sentences()[1:] == ("Resampled: 24 of 24.", "Padded: 24 of 24.")


def test_pictures_become_points() -> None:
    files = pictures()
    form = PictureForm(height=8, width=9, grey=True)
    content = collected(files, form)
    assert (content.classes, content.sounds, content.speakers) == (("dark", "light"), None, None)
    np.testing.assert_allclose(content.x[:, 0, 0, 0] * 255, [*range(10), *range(200, 210)], atol=1e-3)
    assert collected(files, PictureForm(height=5, width=4)).x.shape == (20, 3, 5, 4)


def test_the_form_that_fits_most_files_is_suggested() -> None:
    assert suggest_form(opened(WORDS | {"low/note.png": b""})) == SoundForm()
    assert suggest_form(opened(pictures() | {"x/a.wav": b""})) == PictureForm()
    with pytest.raises(DataError, match=r"^The archive has no \.wav, .* file in a folder\. Make one folder"):
        suggest_form(opened({"a.wav": b"", "low/b.txt": b""}))


def test_damaged_files_are_named_and_left_out() -> None:
    broken = {"low/s0_90.wav": b"nothing", "high/s9_0.wav": WORDS["low/s0_0.wav"][:50], "high/notes.txt": b""}
    content = collected(broken | WORDS)
    clean = collected(WORDS)
    np.testing.assert_array_equal(content.x, clean.x)
    np.testing.assert_array_equal(content.y, clean.y)
    assert content.speakers == clean.speakers
    used, left_out, passed = imported(broken | WORDS).report.sentences()
    assert used == "24 sounds were read."
    assert left_out.startswith("2 files could not be read and were left out: “low/s0_90.wav” is not a .wav, .flac or")
    assert left_out.endswith(" “high/s9_0.wav” is a damaged sound file.")
    assert passed == "Files of other kinds, which were skipped: 1."


def test_too_many_damaged_files_are_refused_at_once() -> None:
    progress_calls: list[tuple[int, int]] = []
    broken = {f"low/s0_{number}.wav": b"nothing" for number in range(50, 70)}
    with pytest.raises(
        DataError, match=r"^9 of 44 files cannot be read, more than 20%, .* The first ones: “low/s0_50\.wav"
    ):
        collected(broken | WORDS, progress=lambda *both: progress_calls.append(both))
    assert progress_calls[-1] == (8, 44)


def test_a_class_that_lost_too_many_files_is_refused() -> None:
    files = word_recordings(10) | {"low/s0_0.wav": b"nothing"}
    with pytest.raises(DataError, match=r"^Class “low” has 9 samples"):
        collected(files)


@pytest.mark.parametrize(
    ("files", "sentence"),
    [
        ({name: content for name, content in WORDS.items() if "low" in name}, r"has sounds in 1 folder; 2 to 1,000"),
        ({}, r"has no .wav, .flac or .ogg file in a folder, so no sounds"),
        ({f"{number}/a.wav": b"" for number in range(1001)}, r"has sounds in 1,001 folders"),
        (word_recordings(9), r"Class “high” has 9 samples"),
        (
            word_recordings() | {"x" * 61 + "/a.wav": b""},
            r"is too long; the name of a class can have at most 60 characters",
        ),
    ],
)
def test_folders_that_cannot_be_learned_are_refused_before_a_file_is_read(
    files: dict[str, bytes], sentence: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = opened(files)
    monkeypatch.setattr(archive, "read", lambda _: pytest.fail("a file was read"))
    with pytest.raises(DataError, match=sentence):
        collect_samples(archive, FORM, max_bytes=16 * MEGABYTE)


def test_the_limits_are_told_with_their_numbers() -> None:
    with pytest.raises(LimitError, match=r"^24 sounds take 0 MiB; this server takes at most 0 MiB"):
        collected(WORDS, max_bytes=24 * FORM.sample_bytes - 1)
    assert len(collected(WORDS, max_bytes=24 * FORM.sample_bytes).y) == 24
    with pytest.raises(LimitError, match=r"^After 0 seconds only 0 of 24 files had been read"):
        collected(WORDS, max_seconds=0)


def test_progress_is_told() -> None:
    progress_calls: list[tuple[int, int]] = []
    collected(WORDS, progress=lambda *both: progress_calls.append(both))
    assert progress_calls == [(number, 24) for number in range(1, 25)]


def test_what_is_decoded_can_be_kept_in_files(tmp_path: Path) -> None:
    def allocate(name: str, shape: tuple[int, ...], kind: type) -> np.ndarray:
        return open_memmap(tmp_path / f"{name}.npy", "w+", kind, shape)

    content, usual = collected(WORDS, allocate=allocate), collected(WORDS)
    np.testing.assert_array_equal(content.x, usual.x)
    np.testing.assert_array_equal(np.load(tmp_path / "decoded.npy"), usual.sounds)


def test_lists_at_the_top_are_a_ready_made_split() -> None:
    files = {f"commands/{name}": content for name, content in WORDS.items()}
    names = list(WORDS)
    validation, test = names[::12], names[5::6]
    files["commands/validation_list.txt"] = "\r\n".join(validation).encode()
    files["commands/testing_list.txt"] = "\n".join(["", *test, "low/gone.wav"]).encode()
    collected_content = collected(files)
    assert collected_content.split_kinds == ("random", "speaker", "lists")
    assert "lists" in collected_content.parts
    assert [name for name, part in zip(names, collected_content.parts["lists"], strict=True) if part == 1] == validation
    assert [name for name, part in zip(names, collected_content.parts["lists"], strict=True) if part == 2] == test
    splits = collected_content.split("lists")
    assert (len(splits.train), len(splits.validation), len(splits.test)) == (18, 2, 4)
    files["commands/testing_list.txt"] = names[0].encode()
    with pytest.raises(
        DataError, match=r"^validation_list\.txt and testing_list\.txt have 1 file in common, the first being “"
    ):
        collected(files)


def in_folders(*parts: str) -> dict[str, bytes]:
    """Five sounds of each word in each of the folders."""
    return {
        f"{part}/{word}/{part}{number}.wav": sound_bytes(tone(200 + 40 * number))
        for part in parts
        for word in ("yes", "no")
        for number in range(20)
    }


@pytest.mark.parametrize(
    ("folders", "sizes", "told"),
    [
        (("train", "val", "test"), (40, 40, 40), "The folders “train”, “val”, “test” are used as its split."),
        (("Training", "testing"), (36, 4, 40), "None is for validation, so a tenth of the training samples are"),
        (("train", "valid"), (40, 20, 20), "None is for the test, so half of the validation samples are set"),
    ],
)
@pytest.mark.parametrize("around", ["", "set/", "./"])
def test_folders_of_parts_are_the_split(
    folders: tuple[str, ...], sizes: tuple[int, ...], told: str, around: str
) -> None:
    files = {around + name: content for name, content in in_folders(*folders).items()}
    result = imported(files)
    content = result.content
    assert content.classes == ("no", "yes")
    assert content.split_kinds[0] == "folders"
    assert "random" not in content.split_kinds
    assert told in " ".join(result.report.sentences())
    parts = content.split_indices("folders")
    assert tuple(map(len, parts)) == sizes
    where = np.repeat(folders, 40)
    for place, name in ((0, folders[0]), (2, folders[-1])):
        assert set(where[parts[place]]) == {name}
    assert sorted(np.concatenate(parts)) == list(range(len(content.y)))
    assert all((np.bincount(content.y[part]) == len(part) // 2).all() for part in parts)


def test_classes_that_are_called_like_parts_are_classes() -> None:
    files = {f"{word}/{number}.wav": sound_bytes(tone(200)) for word in ("train", "test") for number in range(12)}
    content = collected(files)
    assert content.classes == ("test", "train")
    assert content.split_kinds[0] == "random"


def test_names_in_utf_8_are_read_whether_a_zip_says_so_or_not() -> None:
    files = {f"{word}/{number}.wav": sound_bytes(tone(200)) for word in ("qqqqqqqq", "no") for number in range(12)}
    packed = zip_bytes(files).replace(b"qqqqqqqq/", "żółć".encode() + b"/")
    with ZipArchive(packed, 2**24) as archive:
        assert {member.folder for member in archive.members} == {"no", "żółć"}
    plain = zip_bytes({f"Ж{name}": content for name, content in files.items()})
    with ZipArchive(plain, 2**24) as archive:
        assert {member.folder for member in archive.members} == {"Жno", "Жqqqqqqqq"}
    latin = zip_bytes(files).replace(b"qqqqqqqq/", b"\x81\x84\x94\xe1qqqq/")  # ü, ä, ö, ß of code page 437
    with ZipArchive(latin, 2**24) as archive:
        assert {member.folder for member in archive.members} == {"no", "üäößqqqq"}


def test_each_way_splits_and_others_are_refused() -> None:
    content = collected(WORDS)
    assert len(content.split("speaker").train) == 12  # two of four voices
    at_random = take_splits(content.x, content.y, split_at_random(content.y, content.classes))
    np.testing.assert_array_equal(content.split().test.x, at_random.test.x)
    for kind in ("lists", "by moonlight"):
        with pytest.raises(DataError, match=rf"do not say which sample belongs to which part of the split “{kind}”"):
            content.split(kind)


def test_a_template_names_the_speakers() -> None:
    files = {name.replace("_", " - take "): content for name, content in WORDS.items()}
    assert collected(files).speakers is None
    assert collected(files, template="{speaker} - *").speakers == collected(WORDS).speakers
    with pytest.raises(DataError, match=r"^24 of 24 file names do not fit"):
        collected(files, template="{speaker}_{n}")


def test_other_rates_lengths_and_codings_end_in_one_form() -> None:
    mixed = {
        f"{word}/{number}.{kind.lower()}": sound_bytes(
            np.stack([tone(hertz, rate, 0.1 * (1 + number % 3))] * (1 + number % 2), axis=1), rate, kind
        )
        for word, hertz in (("low", 200), ("high", 900))
        for number, (rate, kind) in enumerate([(8000, "WAV"), (44_100, "FLAC"), (16_000, "OGG")] * 4)
    }
    content = collected(mixed)
    assert content.x.shape == (24, 1, 19, 26)
    assert imported(mixed).report.treatments == {"padded": 8, "resampled": 16, "cut": 8}
