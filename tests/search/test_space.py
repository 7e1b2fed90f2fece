from itertools import product

import pytest

from cnnviz.architecture import Architecture
from cnnviz.errors import TrainingError
from cnnviz.layers import Flatten, Linear
from cnnviz.presets import PRESETS
from cnnviz.search.space import VARIED, Options, Range, Space, chosen, configured, parameters
from cnnviz.search.variant import Choices, variant
from cnnviz.training.config import TrainConfig

LAB = PRESETS["lab-convnet"].architecture
CONFIG = TrainConfig(learning_rate=0.02, optimizer="RMSprop")


def test_what_may_not_vary_is_no_parameter() -> None:
    assert list(parameters(Space(), LAB, CONFIG)) == list(VARIED)
    for name in VARIED:
        assert name not in parameters(Space().changed(name, False), LAB, CONFIG)
    with pytest.raises(TrainingError, match="Nothing may vary"):
        parameters(Space(**dict.fromkeys(VARIED, False)), LAB, CONFIG)


@pytest.mark.parametrize("name", sorted(PRESETS))
def test_every_option_makes_another_net_and_the_start_makes_the_net_itself(name: str) -> None:
    start = PRESETS[name].architecture
    found = parameters(Space(), start, CONFIG)
    assert variant(start, chosen({name: parameter.start for name, parameter in found.items()})) == start
    for name, parameter in found.items():  # noqa: PLR1704
        if isinstance(parameter, Options) and name != "optimizer":
            designs = [variant(start, chosen({name: value})) for value in parameter.values]
            assert all(a != b for (i, a), (j, b) in product(enumerate(designs), repeat=2) if i != j)


def test_the_settings_are_the_present_ones_with_those_of_the_search() -> None:
    config = configured(CONFIG, Space(epochs=5), Choices(learning_rate=0.1))
    assert config == CONFIG.model_copy(update={"learning_rate": 0.1, "epochs": 5, "schedule": "one-cycle"})
    assert configured(CONFIG, Space(one_cycle=False), Choices()) == CONFIG.model_copy(update={"epochs": Space().epochs})


def test_a_search_begins_with_the_present_settings_as_far_as_they_are_in_bounds() -> None:
    found = parameters(Space(highest_rate=0.01), LAB, CONFIG)
    assert found["learning_rate"] == Range(1e-4, 0.01, 0.01, log=True)
    assert found["optimizer"] == Options(("RMSprop", "Adam", "SGD"), "RMSprop")
    assert found["depth"] == Range(1, 4, 1, whole=True)


def test_a_net_without_convolutions_has_neither_depth_nor_kernels_and_a_batch_of_one_no_batch_norm() -> None:
    plain = Architecture(input_shape=(1, 8, 8), layers=[Flatten(), Linear(out_features=10)])
    assert set(parameters(Space(), plain, CONFIG)) == {"learning_rate", "optimizer", "dropout"}
    assert "normalization" not in parameters(Space(), LAB, CONFIG.changed("batch_size", 1))


def test_bounds_that_leave_nothing_and_values_out_of_bounds_are_refused() -> None:
    with pytest.raises(TrainingError, match=r"lowest learning rate, 0\.1, is not below the highest, 0\.1"):
        parameters(Space(lowest_rate=0.1), LAB, CONFIG)
    with pytest.raises(TrainingError, match=r"goal: should be less than or equal to 1 \(received 2"):
        Space().changed("goal", 2.0)
    assert Space.model_validate(Space(goal=0.5).model_dump()) == Space(goal=0.5)
