import numpy as np
import pytest

from cnnviz.data import DATASETS, find_dataset
from cnnviz.errors import DataError
from cnnviz.presets import PRESETS
from cnnviz.settings import Settings
from cnnviz.training.config import TrainConfig
from cnnviz.training.readiness import check_trainable


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
