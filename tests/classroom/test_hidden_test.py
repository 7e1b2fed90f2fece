"""Hidden tests: what is split off is in no other part, and what is stored is read by nobody by accident."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnnviz.classroom.hidden_test import HiddenTest, HiddenTests, as_hidden_test, read_hidden_test, split_off
from cnnviz.data.content import Content
from cnnviz.errors import DataError

ID = "a" * 32


def numbered(samples: int, classes: int, speakers: int = 0) -> Content:
    """A data set whose samples are all different."""
    return Content(
        x=np.arange(samples, dtype=np.float32).reshape(-1, 1),
        y=np.arange(samples) % classes,
        classes=tuple(f"class {number}" for number in range(classes)),
        speakers=tuple(f"speaker {number // classes % speakers}" for number in range(samples)) if speakers else None,
        parts={"lists": (np.arange(samples) % 3).astype(np.int8)},
    )


@given(st.integers(1, 5), st.integers(20, 60), st.floats(0.1, 0.5), st.integers(0, 5))
def test_every_sample_is_in_one_of_the_two(classes: int, per_class: int, share: float, seed: int) -> None:
    content = numbered(classes * per_class, classes)
    rest, hidden = split_off(content, share, seed)
    assert sorted([*rest.x.ravel(), *hidden.x.ravel()]) == list(range(classes * per_class))
    assert abs(len(hidden.y) - share * classes * per_class) <= 1
    for part in (rest, hidden):
        assert (part.y == part.x.ravel().astype(int) % classes).all()
        assert np.ptp(np.bincount(part.y, minlength=classes)) <= 1
    assert (rest.parts["lists"] == rest.x.ravel().astype(int) % 3).all()


@given(st.integers(3, 10), st.integers(0, 5))
def test_nobody_is_heard_in_both(speakers: int, seed: int) -> None:
    content = numbered(4 * 10 * speakers, 4, speakers)
    rest, hidden = split_off(content, 0.3, seed)
    assert content.speakers
    assert rest.speakers
    heard = {content.speakers[int(number)] for number in hidden.x.ravel()}
    assert heard.isdisjoint(rest.speakers)
    assert heard | set(rest.speakers) == set(content.speakers)


@pytest.mark.parametrize("share", [0.0, 0.01, 0.9])
def test_a_share_that_leaves_too_little_is_refused(share: float) -> None:
    with pytest.raises(DataError, match="Keep 5% to 50%"):
        split_off(numbered(100, 2), share)


def test_too_few_samples_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="too few samples"):
        split_off(numbered(10, 9), 0.3)
    with pytest.raises(DataError, match="at least 20"):
        HiddenTests(tmp_path).add(ID, HiddenTest(np.zeros((5, 1), np.float32), np.zeros(5, np.int64)))


def test_classes_are_found_by_their_names() -> None:
    content = numbered(40, 2)
    test = as_hidden_test(content, (1,), ("other", "class 1", "class 0"))
    assert (test.y == np.where(content.y == 0, 2, 1)).all()
    with pytest.raises(DataError, match="those of the assignment's data set 2"):
        as_hidden_test(content, (2,), content.classes)


def test_it_is_stored_whole_for_one_assignment_and_its_owner_alone(tmp_path: Path) -> None:
    tests = HiddenTests(tmp_path)
    content = numbered(40, 2)
    tests.add(ID, HiddenTest(content.x, content.y))
    tests.add(ID, HiddenTest(content.x[:30], content.y[:30]))
    folder = tests.folder(ID)
    assert folder
    read = read_hidden_test(folder)
    assert (read.x == content.x[:30]).all()
    assert tests.sample_count(ID) == 30
    assert folder.stat().st_mode & 0o077 == 0
    assert tests.folder("lab") is None
    assert tests.sample_count("b" * 32) == 0
    tests.remove(ID)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["../x", "", "A" * 32, "lab"])
def test_only_ids_name_folders(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match="no hidden test"):
        HiddenTests(tmp_path).add(name, HiddenTest(np.zeros((30, 1), np.float32), np.zeros(30, np.int64)))
