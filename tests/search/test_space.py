from itertools import product

import pytest

from cnnviz.architecture import Architecture
from cnnviz.errors import TrainingError
from cnnviz.layers import Flatten, Linear
from cnnviz.presets import PRESETS
from cnnviz.search.space import (
    VARIABLE_FIELDS,
    CategoricalParameter,
    RangeParameter,
    Space,
    choices_from_params,
    config_for_choices,
    search_parameters,
)
from cnnviz.search.variant import Choices, build_variant
from cnnviz.training.config import TrainConfig

LAB = PRESETS["lab-convnet"].architecture
CONFIG = TrainConfig(learning_rate=0.02, optimizer="RMSprop")


def test_what_may_not_vary_is_no_parameter() -> None:
    assert list(search_parameters(Space(), LAB, CONFIG)) == list(VARIABLE_FIELDS)
    for name in VARIABLE_FIELDS:
        assert name not in search_parameters(Space().changed(**{name: False}), LAB, CONFIG)
    with pytest.raises(TrainingError, match="Nothing may vary"):
        search_parameters(Space(**dict.fromkeys(VARIABLE_FIELDS, False)), LAB, CONFIG)


@pytest.mark.parametrize("name", sorted(PRESETS))
def test_every_option_makes_another_net_and_the_start_makes_the_net_itself(name: str) -> None:
    start = PRESETS[name].architecture
    parameters = search_parameters(Space(), start, CONFIG)
    assert (
        build_variant(start, choices_from_params({name: parameter.initial for name, parameter in parameters.items()}))
        == start
    )
    for name, parameter in parameters.items():  # noqa: PLR1704
        if isinstance(parameter, CategoricalParameter) and name != "optimizer":
            designs = [build_variant(start, choices_from_params({name: value})) for value in parameter.values]
            assert all(a != b for (i, a), (j, b) in product(enumerate(designs), repeat=2) if i != j)


def test_the_settings_are_the_present_ones_with_those_of_the_search() -> None:
    config = config_for_choices(CONFIG, Space(epochs=5), Choices(learning_rate=0.1))
    assert config == CONFIG.model_copy(update={"learning_rate": 0.1, "epochs": 5, "schedule": "one-cycle"})
    assert config_for_choices(CONFIG, Space(one_cycle=False), Choices()) == CONFIG.model_copy(
        update={"epochs": Space().epochs}
    )


@pytest.mark.parametrize("rate", [1e-6, 0.0123456, 0.02, 5.0])
@pytest.mark.parametrize("optimizer", ["SGD", "Adam"])
def test_a_search_begins_with_the_present_net_and_settings_whatever_the_bounds(rate: float, optimizer: str) -> None:
    config, space = TrainConfig(learning_rate=rate, optimizer=optimizer), Space(one_cycle=False)
    parameters = search_parameters(space, LAB, config)
    start = choices_from_params({name: parameter.initial for name, parameter in parameters.items()})
    assert config_for_choices(config, space, start) == config.changed(epochs=space.epochs)
    assert build_variant(LAB, start) == LAB
    rates = parameters["learning_rate"]
    assert isinstance(rates, RangeParameter)
    assert rates.low <= rate <= rates.high


def test_optimizers_that_adapt_their_steps_get_smaller_rates() -> None:
    """Adam was tried at 0.09."""
    rates = search_parameters(Space(), LAB, CONFIG)["learning_rate"]
    assert isinstance(rates, RangeParameter)
    assert {name: rates.high_with({"optimizer": name}) for name in ("SGD", "Adam", "RMSprop")} == {
        "SGD": 0.1,
        "Adam": pytest.approx(0.01),
        "RMSprop": pytest.approx(0.01),
    }
    fixed = search_parameters(Space(optimizer=False), LAB, CONFIG.changed(learning_rate=1e-3))["learning_rate"]
    assert fixed == RangeParameter(1e-4, pytest.approx(0.01), 1e-3, is_log=True)  # type: ignore[arg-type]


def test_the_options_begin_with_those_of_the_present_settings() -> None:
    parameters = search_parameters(Space(), LAB, CONFIG)
    assert parameters["optimizer"] == CategoricalParameter(("RMSprop", "Adam", "SGD"), "RMSprop")
    assert parameters["depth"] == RangeParameter(1, 4, 1, is_integer=True)


def test_a_net_without_convolutions_has_neither_depth_nor_kernels_and_a_batch_of_one_no_batch_norm() -> None:
    plain = Architecture(input_shape=(1, 8, 8), layers=[Flatten(), Linear(out_features=10)])
    assert set(search_parameters(Space(), plain, CONFIG)) == {"learning_rate", "optimizer", "dropout"}
    assert "normalization" not in search_parameters(Space(), LAB, CONFIG.changed(batch_size=1))


def test_bounds_that_leave_nothing_and_values_out_of_bounds_are_refused() -> None:
    with pytest.raises(TrainingError, match=r"lowest learning rate, 0\.1, is not below the highest, 0\.1"):
        search_parameters(Space(lowest_rate=0.1), LAB, CONFIG)
    with pytest.raises(TrainingError, match=r"goal: should be less than or equal to 1 \(received 2"):
        Space().changed(goal=2.0)
    assert Space.model_validate(Space(goal=0.5).model_dump()) == Space(goal=0.5)
