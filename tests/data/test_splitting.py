import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.model_selection import train_test_split

from cnnviz.data import splitting
from cnnviz.data.arrays import SplitIndices
from cnnviz.data.classes import MIN_SAMPLES_PER_CLASS
from cnnviz.data.content import Content
from cnnviz.data.splitting import SPLIT_KINDS, split_by_parts, split_by_speaker
from cnnviz.errors import DataError

X = np.arange(300, dtype=np.float32).reshape(100, 3)
Y = np.repeat([0, 1, 2], [20, 30, 50])
CLASSES = ("no", "yes")


def check_parts(parts_found: SplitIndices) -> list[np.ndarray]:
    """The places of each part; every sample is in one of them."""
    together = np.concatenate(parts_found)
    np.testing.assert_array_equal(np.sort(together), np.arange(len(together)))
    return list(parts_found)


def check(y: np.ndarray, speakers: list[str], classes: tuple[str, ...]) -> list[np.ndarray]:
    parts_found = check_parts(split_by_speaker(y, classes, speakers))
    for places in parts_found:
        assert set(y[places]) == set(range(len(classes)))
    speakers_by_part = [{speakers[place] for place in places} for places in parts_found]
    assert not speakers_by_part[0] & speakers_by_part[1]
    assert not speakers_by_part[0] & speakers_by_part[2]
    assert not speakers_by_part[1] & speakers_by_part[2]
    return parts_found


def test_the_split_is_the_labs() -> None:
    ours = Content(X, Y, ("a", "b", "c")).split()
    x_train, x_rest, y_train, y_rest = train_test_split(X, Y, train_size=0.8, stratify=Y, random_state=42)
    x_validation, x_test, y_validation, y_test = train_test_split(
        x_rest, y_rest, train_size=0.5, stratify=y_rest, random_state=42
    )
    for part, x, y in [
        (ours.train, x_train, y_train),
        (ours.validation, x_validation, y_validation),
        (ours.test, x_test, y_test),
    ]:
        np.testing.assert_array_equal(part.x, x)
        np.testing.assert_array_equal(part.y, y)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(MIN_SAMPLES_PER_CLASS, 40), min_size=2, max_size=12))
def test_ten_of_every_class_can_always_be_split(counts: list[int]) -> None:
    y = np.repeat(np.arange(len(counts)), counts)
    number = np.arange(len(y), dtype=np.float32)[:, None]
    parts = Content(number, y, tuple(map(str, range(len(counts))))).split()
    parts_found = np.concatenate([parts.train.x, parts.validation.x, parts.test.x])[:, 0]
    np.testing.assert_array_equal(np.sort(parts_found), number[:, 0])  # disjoint and whole
    for part in (parts.train, parts.validation, parts.test):
        assert len(part) == len(part.x)
        np.testing.assert_array_equal(y[part.x[:, 0].astype(int)], part.y)  # every sample kept its label
    rest = np.concatenate([parts.validation.y, parts.test.y])
    assert (np.bincount(rest, minlength=len(counts)) >= 2).all()
    assert abs(len(parts.train) - 0.8 * len(y)) <= 1
    assert abs(len(parts.validation) - len(parts.test)) <= 1


@pytest.mark.parametrize("missing", ["some", "all"])
def test_a_rare_class_is_named_with_its_count(missing: str) -> None:
    y = np.repeat([0, 1], [91, 9] if missing == "some" else [100, 0])
    count = 9 if missing == "some" else 0
    with pytest.raises(DataError, match=rf"^Class “rare” has {count} samples; .* at least 10 of every class\. Add"):
        Content(X, y, ("often", "rare")).split()


@settings(max_examples=40, deadline=None)
@given(st.integers(3, 25), st.integers(2, 4), st.integers(1, 3))
def test_no_speaker_is_in_two_parts_and_every_class_is_in_all(people: int, classes: int, times: int) -> None:
    y = np.tile(np.arange(classes), people * times)
    speakers = [f"s{number // (classes * times)}" for number in range(len(y))]
    check(y, speakers, tuple(map(str, range(classes))))


@pytest.mark.parametrize("dealt", [splitting.MAX_STRATIFIED, 0])
def test_forty_speakers_are_split_80_10_10(dealt: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(splitting, "MAX_STRATIFIED", dealt)
    y = np.arange(800) % 2
    parts_found = check(y, [f"s{number // 20}" for number in range(800)], CLASSES)
    assert [len(places) for places in parts_found] == [640, 80, 80]


def test_six_speakers_are_split_4_1_1_and_always_the_same() -> None:
    y = np.arange(600) % 2
    speakers = [f"s{number // 100}" for number in range(600)]
    parts_found, again = check(y, speakers, CLASSES), check(y, speakers, CLASSES)
    assert [len(places) for places in parts_found] == [400, 100, 100]
    assert all((first == second).all() for first, second in zip(parts_found, again, strict=True))


@pytest.mark.parametrize(("people", "message"), [(1, "1 speaker;"), (2, "2 speakers;")])
def test_too_few_speakers_are_refused(people: int, message: str) -> None:
    y = np.arange(40) % 2
    with pytest.raises(DataError, match=rf"^The file names show only {message} a split by speaker needs at least 3"):
        split_by_speaker(y, CLASSES, [f"s{number % people}" for number in range(40)])


def test_a_class_that_two_people_said_is_refused_with_its_numbers() -> None:
    speakers = [f"s{number % 8}" for number in range(80)]
    y = np.array([int(speaker in ("s0", "s1")) for speaker in speakers])
    with pytest.raises(
        DataError,
        match=r"^In 20 tries no split by speaker was found .* with 8 speakers, 1 of 2 classes have no sample in the "
        r"\w+ part \(\d+ samples\), the first being “yes”\. Split at random",
    ):
        split_by_speaker(y, CLASSES, speakers)


def test_lists_are_followed() -> None:
    y = np.arange(12) % 2
    parts = np.array([0] * 8 + [2, 2, 1, 1], np.int8)
    parts_found = check_parts(split_by_parts(y, CLASSES, parts))
    assert [sorted(places) for places in parts_found] == [list(range(8)), [10, 11], [8, 9]]


@pytest.mark.parametrize(("part", "name"), [(0, "training"), (1, "validation"), (2, "test")])
def test_lists_that_leave_a_class_out_are_refused(part: int, name: str) -> None:
    y = np.arange(12) % 2
    parts = np.repeat([0, 1, 2], 4).astype(np.int8)
    parts[(parts == part) & (y == 0)] = (part + 1) % 3
    with pytest.raises(
        DataError, match=rf"1 of 2 classes have no sample in the {name} part \(2 samples\), the first being “no”"
    ):
        split_by_parts(y, CLASSES, parts)


@pytest.mark.parametrize("name", SPLIT_KINDS)
def test_every_way_says_which_question_it_answers(name: str) -> None:
    split_kind = SPLIT_KINDS[name]
    assert split_kind.name == name
    assert split_kind.title
    assert split_kind.question.startswith("How well")
    assert split_kind.question.endswith("?")
    assert split_kind.question.count("?") == 1


def test_a_class_that_would_have_nothing_left_to_train_on_is_named() -> None:
    content = Content(X, Y, ("a", "b", "c"))
    training, *_ = content.split_indices()
    of_a = tuple(map(int, training[Y[training] == 0]))
    with pytest.raises(DataError, match=r"Without the 16 samples that are left out, nothing is left to train “a” with"):
        content.split_indices(left_out=of_a)
    assert len(content.split_indices(left_out=of_a[1:])[0]) == len(training) - 15
