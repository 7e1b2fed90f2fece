import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.model_selection import train_test_split

from cnnviz.data import DATASETS, find_dataset
from cnnviz.data.base import MIN_SAMPLES_PER_CLASS, split
from cnnviz.errors import DataError
from cnnviz.presets import PRESETS
from cnnviz.settings import Settings
from cnnviz.training.config import TrainConfig
from cnnviz.training.readiness import check_trainable

X = np.arange(300, dtype=np.float32).reshape(100, 3)
Y = np.repeat([0, 1, 2], [20, 30, 50])
CLASSES = ("a", "b", "c")


def test_the_split_is_the_labs() -> None:
    ours = split(X, Y, CLASSES)
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
    parts = split(number, y, tuple(map(str, range(len(counts)))))
    found = np.concatenate([parts.train.x, parts.validation.x, parts.test.x])[:, 0]
    np.testing.assert_array_equal(np.sort(found), number[:, 0])  # disjoint and whole
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
        split(X, y, ("often", "rare"))


@pytest.mark.parametrize("name", DATASETS)
def test_every_data_set_holds_what_it_promises(name: str) -> None:
    dataset = DATASETS[name]
    assert dataset.name == name
    assert dataset.title
    assert dataset.description.endswith(".")
    TrainConfig(dataset=name)  # a name that a configuration may hold
    splits = dataset.load_splits()
    parts = (splits.train, splits.validation, splits.test)
    assert sum(map(len, parts)) == dataset.size
    for part in parts:
        assert part.x.shape == (len(part), *dataset.shape)
        assert part.x.dtype == np.float32
        assert part.y.dtype == np.int64
        assert np.isfinite(part.x).all()
        np.testing.assert_array_equal(np.unique(part.y), np.arange(len(dataset.classes)))
    assert len(set(dataset.classes)) == len(dataset.classes)


@pytest.mark.parametrize("name", [name for name, dataset in DATASETS.items() if dataset.preset])
def test_every_data_sets_preset_can_be_trained_on_it(name: str) -> None:
    dataset = DATASETS[name]
    assert dataset.preset
    check_trainable(PRESETS[dataset.preset].architecture, TrainConfig(dataset=name), dataset, Settings())


def test_a_data_set_that_is_not_there_is_told() -> None:
    with pytest.raises(DataError, match=r"^There is no data set “x{80}” here any more; choose another one\.$"):
        find_dataset("x" * 300, "0" * 32)
