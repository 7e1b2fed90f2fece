import threading
from pathlib import Path

import numpy as np
import pytest

from cnnviz.architecture import output_shape
from cnnviz.data import DATASETS, spoken_words
from cnnviz.data.dataset import Dataset
from cnnviz.data.spoken_words import SAMPLE_RATE, WORDS, WORDS_BANDS, WORDS_RAW, read_sounds, utterance_speakers
from cnnviz.data.voxels import SOLIDS, VOXELS
from cnnviz.presets import PRESETS
from cnnviz.settings import settings

VIEWS = (WORDS, WORDS_BANDS, WORDS_RAW)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("data")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CNNVIZ_DATA_DIR", str(path))
        settings.cache_clear()
        settings()
    return path


@pytest.fixture(autouse=True)
def _own_settings(folder: Path, monkeypatch: pytest.MonkeyPatch) -> object:
    monkeypatch.setenv("CNNVIZ_DATA_DIR", str(folder))
    settings.cache_clear()
    yield
    settings.cache_clear()


def test_there_are_35_words_with_at_least_100_utterances_and_the_package_stays_small() -> None:
    assert len(utterance_speakers()) == 35
    assert all(len(utterances) >= 100 for utterances in utterance_speakers().values())
    assert sum(file.stat().st_size for file in spoken_words.RECORDINGS_FOLDER.iterdir()) <= 15 * 2**20


def test_no_voice_of_the_test_part_speaks_in_another_one() -> None:
    voices = {
        part: {
            voice
            for utterances in utterance_speakers().values()
            for utterance_part, voice in utterances
            if utterance_part == part
        }
        for part in spoken_words.SPEAKER_PARTS
    }
    assert all(len(part_voices) >= 8 for part_voices in voices.values())
    assert not voices["train"] & voices["test"]
    assert not voices["train"] & voices["validation"]
    assert not voices["validation"] & voices["test"]


def test_every_utterance_is_a_second_that_is_heard() -> None:
    clips = read_sounds("yes")
    assert clips.shape == (len(utterance_speakers()["yes"]), SAMPLE_RATE)
    assert (np.abs(clips).max(axis=1) > 500).all()


@pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.name)
def test_a_view_has_its_shape_and_is_computed_once(
    view: Dataset, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spoken_words, "utterance_speakers", lambda: dict(list(utterance_speakers().items())[:2]))
    monkeypatch.setattr(spoken_words, "_cache_key", lambda: f"two-{view.name}")
    at_random, by_speaker = view.load_splits("random"), view.load_splits("speaker")
    for splits in (at_random, by_speaker):
        parts = (splits.train, splits.validation, splits.test)
        assert all(part.x.shape[1:] == view.shape and part.x.dtype == np.float32 for part in parts)
        assert sum(map(len, parts)) == 2 * len(utterance_speakers()["bed"])
        assert all(set(part.y) == {0, 1} for part in parts)
    assert [file.name.split("-two-")[0] for file in (folder / "cache").glob("*.npy") if view.name in file.name] == [
        view.name.removesuffix("-bands")
    ]
    monkeypatch.setattr(spoken_words, "read_sounds", lambda word: pytest.fail("decoded again"))
    assert np.array_equal(view.load_splits("random").test.x, at_random.test.x)


def test_a_cache_that_was_cut_off_is_written_again(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spoken_words, "utterance_speakers", lambda: dict(list(utterance_speakers().items())[:2]))
    monkeypatch.setattr(spoken_words, "_cache_key", lambda: "cut")
    whole = WORDS.load_splits("random")
    (file,) = (folder / "cache").glob("words-cut*.npy")
    file.write_bytes(file.read_bytes()[:1000])
    assert np.array_equal(WORDS.load_splits("random").train.x, whole.train.x)
    assert not list((folder / "cache").glob(".*"))


@pytest.mark.parametrize("dataset", DATASETS.values(), ids=DATASETS)
def test_every_data_set_has_a_preset_that_fits_it(dataset: Dataset) -> None:
    assert dataset.preset
    architecture = PRESETS[dataset.preset].architecture
    assert architecture.input_shape == dataset.shape
    assert output_shape(architecture) == (len(dataset.classes),)


def test_voxels_are_solids_in_air_and_the_same_every_time() -> None:
    splits = VOXELS.load_splits()
    assert splits.train.x.shape == (960, 1, 16, 16, 16)
    assert set(splits.test.y) == set(range(len(SOLIDS)))
    solid = splits.train.x.mean(axis=(1, 2, 3, 4))
    assert (solid > 0.01).all()
    assert (solid < 0.6).all()


def test_of_several_that_need_the_features_now_one_computes_them(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spoken_words, "utterance_speakers", lambda: dict(list(utterance_speakers().items())[:2]))
    monkeypatch.setattr(spoken_words, "_cache_key", lambda: "together")
    decoded: list[str] = []
    usual = spoken_words.read_sounds
    monkeypatch.setattr(spoken_words, "read_sounds", lambda word: decoded.append(word) or usual(word))
    threads = [threading.Thread(target=WORDS.load_content) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(decoded) == ["backward", "bed"]


@pytest.mark.parametrize("left", [b"", b"\x93NUMPY", b"nonsense" * 100])
def test_whatever_stands_in_the_cache_is_written_again(
    left: bytes, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spoken_words, "utterance_speakers", lambda: dict(list(utterance_speakers().items())[:2]))
    monkeypatch.setattr(spoken_words, "_cache_key", lambda: f"left-{len(left)}")
    (folder / "cache").mkdir(exist_ok=True)
    (folder / "cache" / f"words-left-{len(left)}.npy").write_bytes(left)
    assert WORDS.load_content().x.shape[1:] == (1, 99, 26)
