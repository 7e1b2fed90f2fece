import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from cnnviz.data import available, find
from cnnviz.data.pair import Pair, read_pair
from cnnviz.data.uploads import MAX_TITLE, Uploads
from cnnviz.errors import DataError, LimitError
from cnnviz.settings import settings
from tests.data.forge import saved

ANNA, BERT = "a" * 32, "b" * 32
PAIR = read_pair(
    saved(np.arange(240.0).reshape(20, 4, 3)), saved(np.array(["no", "yes"])[np.arange(20) % 2]), max_bytes=10_000
)


@pytest.fixture
def uploads(tmp_path: Path) -> Uploads:
    return Uploads(tmp_path / "uploads", max_per_owner=2)


def everything(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def test_an_upload_is_found_again_as_it_was(uploads: Uploads) -> None:
    kept = uploads.add(ANNA, PAIR, "Yes and no")
    found = uploads.of(ANNA)[kept.name]
    assert (found.title, found.shape, found.classes, found.size) == ("Yes and no", (1, 4, 3), ("no", "yes"), 20)
    assert found.story == "Your upload: 20 samples of 1 × 4 × 3, 2 classes."
    loaded, expected = found.load(), PAIR.splits()
    for part in ("train", "validation", "test"):
        np.testing.assert_array_equal(getattr(loaded, part).x, getattr(expected, part).x)
        np.testing.assert_array_equal(getattr(loaded, part).y, getattr(expected, part).y)


def test_uploads_are_listed_oldest_first(uploads: Uploads) -> None:
    names = [uploads.add(ANNA, PAIR, title).name for title in ("one", "two")]
    assert list(uploads.of(ANNA)) == names


def test_an_upload_belongs_to_its_owner(uploads: Uploads) -> None:
    kept = uploads.add(ANNA, PAIR, "mine")
    assert uploads.of(BERT) == {}
    uploads.remove(BERT, kept.name)
    assert list(uploads.of(ANNA)) == [kept.name]


def test_find_gives_an_upload_to_its_owner_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CNNVIZ_DATA_DIR", str(tmp_path))
    settings.cache_clear()
    try:
        name = Uploads(tmp_path / "uploads", 1).add(ANNA, PAIR, "mine").name
        assert find(name, ANNA).title == "mine"
        assert list(available(ANNA))[-1] == name
        with pytest.raises(DataError, match=rf"^There is no data set “{name}” here any more"):
            find(name, BERT)
    finally:
        settings.cache_clear()


@pytest.mark.parametrize("broken", ["save", "write_text", "rename"])
def test_an_upload_appears_whole_or_not_at_all(
    uploads: Uploads, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    uploads.add(ANNA, PAIR, "first")
    before = everything(tmp_path)

    def fail(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(np if broken == "save" else Path, broken, fail)
        with pytest.raises(OSError, match="No space left"):
            uploads.add(ANNA, PAIR, "second")
    assert everything(tmp_path) == before
    assert [dataset.title for dataset in uploads.of(ANNA).values()] == ["first"]


def test_a_half_written_upload_is_not_listed(uploads: Uploads, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int] = []
    whole = np.save

    def look(*args: object) -> None:
        whole(*args)  # type: ignore[arg-type]
        seen.append(len(uploads.of(ANNA)))

    monkeypatch.setattr(np, "save", look)
    uploads.add(ANNA, PAIR, "slow")
    assert seen == [0, 0]


def test_one_too_many_is_refused_until_one_is_removed(uploads: Uploads, tmp_path: Path) -> None:
    first = uploads.add(ANNA, PAIR, "one")
    uploads.add(ANNA, PAIR, "two")
    before = everything(tmp_path)
    with pytest.raises(LimitError, match=r"^You already keep 2 data sets on this server\. Remove one"):
        uploads.add(ANNA, PAIR, "three")
    assert everything(tmp_path) == before
    uploads.add(BERT, PAIR, "another student's")
    uploads.remove(ANNA, first.name)
    uploads.add(ANNA, PAIR, "three")
    assert len(uploads.of(ANNA)) == 2


def test_removing_twice_is_harmless_and_leaves_nothing(uploads: Uploads, tmp_path: Path) -> None:
    kept = uploads.add(ANNA, PAIR, "short-lived")
    for _ in range(2):
        uploads.remove(ANNA, kept.name)
        assert uploads.of(ANNA) == {}
    assert everything(tmp_path) == []


def test_a_removal_that_breaks_off_leaves_no_half_upload_in_the_list(
    uploads: Uploads, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Deleting about.json first and then dying left a folder that made every later look at the list raise."""
    kept = uploads.add(ANNA, PAIR, "unlucky")

    def delete_one_file(folder: Path, **_: object) -> None:
        (folder / "about.json").unlink()

    monkeypatch.setattr(shutil, "rmtree", delete_one_file)
    uploads.remove(ANNA, kept.name)
    assert uploads.of(ANNA) == {}


@pytest.mark.parametrize(("given", "kept"), [("x" * 500, "x" * MAX_TITLE), ("", "My data"), ("Ж/..\\", "Ж/..\\")])
def test_a_title_is_bounded_and_never_a_path(uploads: Uploads, given: str, kept: str) -> None:
    assert uploads.add(ANNA, PAIR, given).title == kept


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
    assert uploads.of(owner) == {}
    with pytest.raises(ValueError, match="no upload can be called"):
        uploads.add(owner, PAIR, "x")
    assert everything(tmp_path) == []


@pytest.mark.parametrize(
    "name", ["", "..", "upload-", "upload-../..", "../" + BERT, "upload-" + "a" * 31 + "\n", "digits"]
)
def test_a_strange_name_removes_nothing(uploads: Uploads, tmp_path: Path, name: str) -> None:
    uploads.add(ANNA, PAIR, "stays")
    before = everything(tmp_path)
    with pytest.raises(ValueError, match="no upload can be called"):
        uploads.remove(ANNA, name)
    assert everything(tmp_path) == before


def test_what_lies_in_the_folder_otherwise_is_not_listed(uploads: Uploads, tmp_path: Path) -> None:
    kept = uploads.add(ANNA, PAIR, "real")
    (tmp_path / "uploads" / ANNA / "upload-notes").mkdir()
    assert list(uploads.of(ANNA)) == [kept.name]


def test_nothing_is_pickled(uploads: Uploads, tmp_path: Path) -> None:
    kept = uploads.add(ANNA, PAIR, "plain")
    folder = tmp_path / "uploads" / ANNA / kept.name
    np.save(folder / "labels.npy", np.array([{}], dtype=object), allow_pickle=True)
    with pytest.raises(ValueError, match="allow_pickle=False"):
        kept.load()


def test_what_is_kept_is_json_and_arrays(uploads: Uploads, tmp_path: Path) -> None:
    kept = uploads.add(ANNA, Pair(PAIR.x, PAIR.y, ("nein", "日本")), "Wörter")
    folder = tmp_path / "uploads" / ANNA / kept.name
    assert [path.name for path in everything(folder)] == ["about.json", "feats.npy", "labels.npy"]
    assert json.loads((folder / "about.json").read_text("utf-8")) == {
        "title": "Wörter",
        "shape": [1, 4, 3],
        "classes": ["nein", "日本"],
        "size": 20,
    }
