"""Recommended trainings fit their presets and stand in the documentation with what came of them."""

from pathlib import Path

import pytest

from cnnviz.architecture import Architecture
from cnnviz.data import DATASETS
from cnnviz.presets import PRESETS
from cnnviz.settings import Settings
from cnnviz.training.config import TrainConfig
from cnnviz.training.readiness import check_trainable
from cnnviz.training.recommended import RECOMMENDED, recommended_trainings

DATA_PAGE = (Path(__file__).parents[2] / "docs/data.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", RECOMMENDED)
def test_recommended_trainings_fit_their_preset_and_are_documented(name: str) -> None:
    architecture = PRESETS[name].architecture
    assert recommended_trainings(architecture) == RECOMMENDED[name]
    for training in RECOMMENDED[name]:
        config, dataset = training.config, DATASETS[training.config.dataset]
        check_trainable(architecture, config, dataset, Settings())
        assert config.split_kind in dataset.split_kinds
        rate = f"{config.epochs} epochs up to {config.learning_rate:g}"
        assert any(f"`{name}`" in row and rate in row for row in DATA_PAGE.splitlines()), rate


def test_a_net_of_ones_own_has_no_recommended_training() -> None:
    assert recommended_trainings(Architecture(input_shape=(1, 99, 26))) == ()


def test_seed_and_samples_left_out_stay_as_the_student_has_chosen_them() -> None:
    (training,) = RECOMMENDED["keywords-broadcast"]
    assert training.settings_for(TrainConfig(seed=7, left_out=(3,))) == training.config.changed(seed=7, left_out=(3,))
    assert training.settings_for(TrainConfig(dataset="digits", seed=7, left_out=(3,))).left_out == ()
