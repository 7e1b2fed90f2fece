import json
import shutil
import threading
from pathlib import Path

import numpy as np
import pytest

from cnnviz.data import available_datasets, find_dataset
from cnnviz.data.audio import Features
from cnnviz.data.content import Content
from cnnviz.data.npy_upload import read_pair
from cnnviz.data.uploads import MAX_TITLE_LENGTH, Quota, UploadInfo, Uploads
from cnnviz.errors import DataError, LimitError
from cnnviz.settings import settings
from tests.data.npy_files import npy_bytes

ANNA, BERT = "s" + "a" * 31, "s" + "b" * 31
PAIR = read_pair(
    npy_bytes(np.arange(240.0).reshape(20, 4, 3)),
    npy_bytes(np.array(["no", "yes"])[np.arange(20) % 2]),
    max_bytes=10_000,
)


@pytest.fixture
def uploads(tmp_path: Path) -> Uploads:
    return Uploads(tmp_path / "uploads", Quota(2))


def all_files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file() and path.name != ".lock")


def test_an_upload_is_found_again_as_it_was(uploads: Uploads) -> None:
    dataset = uploads.add(ANNA, PAIR, UploadInfo("Yes and no"))
    dataset_found = uploads.datasets_of(ANNA)[dataset.name]
    assert (dataset_found.title, dataset_found.shape, dataset_found.classes, dataset_found.size) == (
        "Yes and no",
        (1, 4, 3),
        ("no", "yes"),
        20,
    )
    assert dataset_found.description == "20 samples of 1 × 4 × 3, 2 classes."
    loaded, expected = dataset_found.load_splits(), PAIR.split()
    for part in ("train", "validation", "test"):
        np.testing.assert_array_equal(getattr(loaded, part).x, getattr(expected, part).x)
        np.testing.assert_array_equal(getattr(loaded, part).y, getattr(expected, part).y)


def test_uploads_are_listed_oldest_first(uploads: Uploads) -> None:
    names = [uploads.add(ANNA, PAIR, UploadInfo(title)).name for title in ("one", "two")]
    assert list(uploads.datasets_of(ANNA)) == names


def test_an_upload_belongs_to_its_owner(uploads: Uploads) -> None:
    dataset = uploads.add(ANNA, PAIR, UploadInfo("mine"))
    assert uploads.datasets_of(BERT) == {}
    uploads.remove(BERT, dataset.name)
    assert list(uploads.datasets_of(ANNA)) == [dataset.name]


def test_find_gives_an_upload_to_its_owner_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CNNVIZ_DATA_DIR", str(tmp_path))
    settings.cache_clear()
    try:
        name = Uploads(tmp_path / "uploads", Quota(1)).add(ANNA, PAIR, UploadInfo("mine")).name
        assert find_dataset(name, ANNA).title == "mine"
        assert list(available_datasets(ANNA))[-1] == name
        with pytest.raises(DataError, match=rf"^There is no data set “{name}” here any more"):
            find_dataset(name, BERT)
    finally:
        settings.cache_clear()


@pytest.mark.parametrize("broken", ["save", "write_text", "rename"])
def test_an_upload_appears_whole_or_not_at_all(
    uploads: Uploads, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    uploads.add(ANNA, PAIR, UploadInfo("first"))
    before = all_files(tmp_path)

    def fail(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(np if broken == "save" else Path, broken, fail)
        with pytest.raises(OSError, match="No space left"):
            uploads.add(ANNA, PAIR, UploadInfo("second"))
    assert all_files(tmp_path) == before
    assert [dataset.title for dataset in uploads.datasets_of(ANNA).values()] == ["first"]


def test_a_half_written_upload_is_not_listed(uploads: Uploads, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int] = []
    whole = np.save

    def note_datasets(*args: object) -> None:
        whole(*args)  # type: ignore[arg-type]
        seen.append(len(uploads.datasets_of(ANNA)))

    monkeypatch.setattr(np, "save", note_datasets)
    uploads.add(ANNA, PAIR, UploadInfo("slow"))
    assert seen == [0, 0]


def test_one_too_many_is_refused_until_one_is_removed(uploads: Uploads, tmp_path: Path) -> None:
    first = uploads.add(ANNA, PAIR, UploadInfo("one"))
    uploads.add(ANNA, PAIR, UploadInfo("two"))
    before = all_files(tmp_path)
    with pytest.raises(LimitError, match=r"^You already have 2 data sets on this server\. Remove one"):
        uploads.add(ANNA, PAIR, UploadInfo("three"))
    assert all_files(tmp_path) == before
    uploads.add(BERT, PAIR, UploadInfo("another student's"))
    uploads.remove(ANNA, first.name)
    uploads.add(ANNA, PAIR, UploadInfo("three"))
    assert len(uploads.datasets_of(ANNA)) == 2


def test_removing_twice_is_harmless_and_leaves_nothing(uploads: Uploads, tmp_path: Path) -> None:
    dataset = uploads.add(ANNA, PAIR, UploadInfo("short-lived"))
    for _ in range(2):
        uploads.remove(ANNA, dataset.name)
        assert uploads.datasets_of(ANNA) == {}
    assert all_files(tmp_path) == []


def test_a_removal_that_breaks_off_leaves_no_half_upload_in_the_list(
    uploads: Uploads, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Deleting about.json first and then dying left a folder that made every later look at the list raise."""
    dataset = uploads.add(ANNA, PAIR, UploadInfo("unlucky"))

    def delete_one_file(folder: Path, **_: object) -> None:
        (folder / "about.json").unlink()

    monkeypatch.setattr(shutil, "rmtree", delete_one_file)
    uploads.remove(ANNA, dataset.name)
    assert uploads.datasets_of(ANNA) == {}


@pytest.mark.parametrize(
    ("given", "title"), [("x" * 500, "x" * MAX_TITLE_LENGTH), ("", "My data"), ("Ж/..\\", "Ж/..\\")]
)
def test_a_title_is_bounded_and_never_a_path(uploads: Uploads, given: str, title: str) -> None:
    assert uploads.add(ANNA, PAIR, UploadInfo(given)).title == title


STRANGE = [
    "",
    ".",
    "..",
    "../" + "a" * 29,
    "a" * 31,
    "a" * 33,
    "A" * 32,
    "a" * 31 + "\n",
    "a" * 32 + "\n",
    "a" * 31 + "/",
]


@pytest.mark.parametrize("owner", STRANGE)
def test_a_strange_owner_has_no_uploads_and_cannot_add_any(uploads: Uploads, tmp_path: Path, owner: str) -> None:
    assert uploads.datasets_of(owner) == {}
    with pytest.raises(ValueError, match="no upload can be called"):
        uploads.add(owner, PAIR, UploadInfo("x"))
    assert all_files(tmp_path) == []


@pytest.mark.parametrize(
    "name", ["", "..", "upload-", "upload-../..", "../" + BERT, "upload-" + "a" * 31 + "\n", "digits"]
)
def test_a_strange_name_removes_nothing(uploads: Uploads, tmp_path: Path, name: str) -> None:
    uploads.add(ANNA, PAIR, UploadInfo("stays"))
    before = all_files(tmp_path)
    with pytest.raises(ValueError, match="no upload can be called"):
        uploads.remove(ANNA, name)
    assert all_files(tmp_path) == before


def test_what_lies_in_the_folder_otherwise_is_not_listed(uploads: Uploads, tmp_path: Path) -> None:
    dataset = uploads.add(ANNA, PAIR, UploadInfo("real"))
    (tmp_path / "uploads" / ANNA / "upload-notes").mkdir()
    assert list(uploads.datasets_of(ANNA)) == [dataset.name]


def test_nothing_is_pickled(uploads: Uploads, tmp_path: Path) -> None:
    dataset = uploads.add(ANNA, PAIR, UploadInfo("plain"))
    folder = tmp_path / "uploads" / ANNA / dataset.name
    np.save(folder / "labels.npy", np.array([{}], dtype=object), allow_pickle=True)
    about = json.loads((folder / "about.json").read_text("utf-8"))
    (folder / "about.json").write_text(json.dumps(about | {"digests": {}}), "utf-8")
    with pytest.raises(ValueError, match="allow_pickle=False"):
        uploads.datasets_of(ANNA)[dataset.name].load_content()


@pytest.mark.parametrize("name", ["feats.npy", "labels.npy"])
def test_a_file_that_the_disk_has_changed_is_named(uploads: Uploads, tmp_path: Path, name: str) -> None:
    dataset = uploads.add(ANNA, PAIR, UploadInfo("plain"))
    file = tmp_path / "uploads" / ANNA / dataset.name / name
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.write_bytes(content)
    with pytest.raises(DataError, match=rf"^This data set is damaged: the server's disk has changed its file {name}"):
        dataset.load_content()


def test_what_is_kept_is_json_and_arrays(uploads: Uploads, tmp_path: Path) -> None:
    dataset = uploads.add(ANNA, Content(PAIR.x, PAIR.y, ("nein", "日本")), UploadInfo("Wörter"))
    folder = tmp_path / "uploads" / ANNA / dataset.name
    assert [path.name for path in all_files(folder)] == ["about.json", "feats.npy", "labels.npy"]
    about = json.loads((folder / "about.json").read_text("utf-8"))
    assert (about["title"], about["shape"], about["classes"]) == ("Wörter", [1, 4, 3], ["nein", "日本"])
    assert (about["size"], about["bytes"]) == (20, PAIR.x.nbytes + PAIR.y.nbytes)


def test_an_upload_of_an_older_cnnviz_is_read(uploads: Uploads, tmp_path: Path) -> None:
    dataset = uploads.add(ANNA, PAIR, UploadInfo("old"))
    about = {"title": "old", "shape": [1, 4, 3], "classes": ["no", "yes"], "size": 20}
    (tmp_path / "uploads" / ANNA / dataset.name / "about.json").write_text(json.dumps(about), "utf-8")
    dataset_found = uploads.datasets_of(ANNA)[dataset.name]
    assert (dataset_found.split_kinds, dataset_found.axes, dataset_found.features) == (("random",), (), None)
    np.testing.assert_array_equal(dataset_found.load_splits().test.x, PAIR.split().test.x)
    uploads.check_quota(ANNA)
    with pytest.raises(LimitError, match=r"^All data sets on this server take 0 MiB of 0 MiB"):
        Uploads(tmp_path / "uploads", Quota(9, bytes=1000)).check_quota(ANNA)


def test_sounds_speakers_and_parts_are_kept(uploads: Uploads) -> None:
    sounds = np.arange(20 * 30, dtype=np.int16).reshape(20, 30)
    parts = {"lists": np.repeat([0, 1, 2], [16, 2, 2]).astype(np.int8)}
    speakers = tuple(f"s{number % 4}" for number in range(20))
    content = Content(PAIR.x, PAIR.y, PAIR.classes, sounds, 8000, speakers, parts)
    about = UploadInfo(
        "Sounds", ("channel", "time", "band"), Features(sample_rate=8000), ("20 sounds were read.",), "a 1"
    )
    name = uploads.add(ANNA, content, about).name
    dataset_found = uploads.datasets_of(ANNA)[name]
    assert (dataset_found.split_kinds, dataset_found.axes) == (("random", "speaker", "lists"), about.axes)
    assert dataset_found.features == about.features
    assert dataset_found.description == "20 sounds were read."
    assert uploads.source(ANNA, name) == "a 1"
    assert uploads.source(ANNA, "upload-" + "0" * 32) == ""
    loaded = dataset_found.load_content()
    assert loaded.sounds is not None
    np.testing.assert_array_equal(loaded.sounds[7], sounds[7])
    assert (loaded.rate, loaded.speakers) == (8000, speakers)
    for loaded_indices, indices in zip(loaded.split_indices("lists"), content.split_indices("lists"), strict=True):
        np.testing.assert_array_equal(loaded_indices, indices)
    assert [len(part) for part in loaded.split_indices("lists")] == [16, 2, 2]


@pytest.mark.parametrize(
    ("quota", "message"),
    [
        (
            Quota(9, owner_bytes=2 * 2**20),
            "^This data set takes 1 MiB, and your others already take 1 MiB; .* at most 2 MiB for",
        ),
        (Quota(9, bytes=2 * 2**20), "^All data sets on this server take 1 MiB of 2 MiB, so there is no room for 1 MiB"),
    ],
)
def test_a_quota_of_bytes_is_kept(tmp_path: Path, quota: Quota, message: str) -> None:
    large = Content(np.zeros((20, 1, 128, 128), np.float32), PAIR.y, PAIR.classes)
    uploads = Uploads(tmp_path / "uploads", quota)
    uploads.add(ANNA, large, UploadInfo("one"))
    with pytest.raises(LimitError, match=message):
        uploads.add(ANNA, large, UploadInfo("two"))
    assert len(all_files(tmp_path)) == 3


def test_what_an_interrupted_import_left_is_swept(uploads: Uploads, tmp_path: Path) -> None:
    name = uploads.add(ANNA, PAIR, UploadInfo("whole")).name
    folder = tmp_path / "uploads" / ANNA
    (folder / f".upload-{'0' * 32}").mkdir()
    (folder / f".upload-{'0' * 32}" / "feats.npy").write_bytes(b"half")
    assert list(uploads.datasets_of(ANNA)) == [name]
    uploads.delete_interrupted()
    assert [folder_entry.name for folder_entry in folder.iterdir()] == [name]


def test_of_two_that_come_at_once_only_one_takes_the_last_place(tmp_path: Path) -> None:
    uploads = Uploads(tmp_path / "uploads", Quota(1))
    outcomes: list[str] = []
    together = threading.Barrier(4)

    def upload() -> None:
        together.wait()
        try:
            uploads.add(ANNA, PAIR, UploadInfo("mine"))
        except LimitError:
            outcomes.append("refused")
        else:
            outcomes.append("kept")

    threads = [threading.Thread(target=upload) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["kept", "refused", "refused", "refused"]
    assert len(uploads.datasets_of(ANNA)) == 1
    assert not list((tmp_path / "uploads" / ANNA).glob(".upload-*"))


@pytest.mark.parametrize("damage", ["", "{", '{"title": "x"}', "\xff"])
def test_a_damaged_upload_is_left_out_and_harms_nobody(uploads: Uploads, tmp_path: Path, damage: str) -> None:
    name = uploads.add(ANNA, PAIR, UploadInfo("mine")).name
    (tmp_path / "uploads" / ANNA / name / "about.json").write_text(damage, "latin-1")
    assert uploads.datasets_of(ANNA) == {}
    assert uploads.source(ANNA, name) == ""
    uploads.check_quota(BERT)
    uploads.add(BERT, PAIR, UploadInfo("another"))
    uploads.remove(ANNA, name)
    assert all_files(tmp_path / "uploads" / ANNA) == []


def test_an_upload_that_is_removed_while_it_is_opened_is_told(uploads: Uploads) -> None:
    dataset = uploads.add(ANNA, PAIR, UploadInfo("short-lived"))
    uploads.remove(ANNA, dataset.name)
    with pytest.raises(DataError, match=r"^This data set has just been removed"):
        dataset.load_content()
