import json
import math

import pytest
import torch
from pydantic import ValidationError
from torch import nn

from cnnviz.errors import TrainingError
from cnnviz.training.config import OPTIMIZERS, TrainConfig

BOUNDS = {
    "epochs": (1, 1000, 0, 1001),
    "batch_size": (1, 4096, 0, 4097),
    "learning_rate": (1e-8, 10.0, 9e-9, 10.1),
    "momentum": (0.0, 0.999, -0.1, 1.0),
    "seed": (0, 2**31 - 1, -1, 2**31),
    "weight_decay": (0.0, 1.0, -0.1, 1.1),
    "warmup": (0.0, 100.0, -0.1, 100.1),
    "step_size": (1, 1000, 0, 1001),
    "gamma": (0.001, 1.0, 0.0009, 1.1),
    "label_smoothing": (0.0, 0.9, -0.1, 0.91),
    "max_grad_norm": (0.0, 1000.0, -0.1, 1000.1),
    "patience": (0, 1000, -1, 1001),
}


@pytest.mark.parametrize("name", BOUNDS)
def test_bounds_are_inside_and_what_is_beyond_is_told(name: str) -> None:
    low, high, below, above = BOUNDS[name]
    for value in (low, high):
        assert getattr(TrainConfig().changed(**{name: value}), name) == value
    with pytest.raises(TrainingError, match=rf"^{name}: should be greater than or equal to .* \(received {below}\)\.$"):
        TrainConfig().changed(**{name: below})
    with pytest.raises(TrainingError, match=rf"^{name}: should be less than .* \(received {above}\)\.$"):
        TrainConfig().changed(**{name: above})


def test_every_number_has_bounds_and_every_field_a_title_and_a_description() -> None:
    numbers = {name for name, info in TrainConfig.model_fields.items() if info.annotation in (int, float)}
    assert numbers == BOUNDS.keys()
    for info in TrainConfig.model_fields.values():
        assert info.title
        assert info.description
        assert info.description.endswith(".")


@pytest.mark.parametrize("value", [math.nan, math.inf, "0.1", None])
def test_a_learning_rate_is_a_number(value: object) -> None:
    with pytest.raises(TrainingError, match=r"^learning_rate: should be"):
        TrainConfig().changed(learning_rate=value)


@pytest.mark.parametrize("name", ["", "Digits", "../digits", "a" * 61, "digits\n", "di gits"])
def test_a_data_set_name_is_never_a_path(name: str) -> None:
    with pytest.raises(TrainingError, match=r"^dataset: should match pattern"):
        TrainConfig().changed(dataset=name)


def test_an_unknown_optimizer_is_refused_with_those_there_are() -> None:
    with pytest.raises(TrainingError, match=r"^optimizer: must be one of SGD, Adam, AdamW.* \(received 'Magic'\)\.$"):
        TrainConfig().changed(optimizer="Magic")


def test_an_unknown_field_is_refused() -> None:
    with pytest.raises(TrainingError, match=r"^code: there is no parameter of this name here"):
        TrainConfig().changed(code=1)
    with pytest.raises(ValidationError, match="code"):
        TrainConfig.model_validate_json('{"code": 1}')


def test_an_unknown_loss_is_refused_with_those_there_are() -> None:
    with pytest.raises(
        TrainingError, match=r"^loss: should be 'auto', 'NLLLoss' or 'CrossEntropyLoss' \(received 'L1'\)"
    ):
        TrainConfig().changed(loss="L1")


def test_a_configuration_from_before_there_was_a_choice_of_loss_is_read() -> None:
    assert TrainConfig.model_validate_json('{"epochs": 3}') == TrainConfig(epochs=3, loss="auto")


def test_the_kind_of_split_is_called_split_in_json_and_read_under_both_names() -> None:
    config = TrainConfig(split_kind="speaker")
    assert json.loads(config.model_dump_json())["split"] == "speaker"
    assert "split_kind" not in config.model_dump()
    for name in ("split", "split_kind"):
        assert TrainConfig.model_validate_json(f'{{"{name}": "speaker"}}') == config
    assert config.changed(split_kind="random") == TrainConfig()
    assert config.changed(split="random") == TrainConfig()


def test_a_change_gives_a_new_configuration() -> None:
    config = TrainConfig()
    assert config.changed(epochs=3) == TrainConfig(epochs=3)
    assert config == TrainConfig()
    with pytest.raises(ValidationError, match="frozen"):
        config.epochs = 3  # type: ignore[misc]


def test_json_gives_back_the_same_configuration() -> None:
    config = TrainConfig(
        dataset="x-1", epochs=2, batch_size=3, optimizer="AdamW", learning_rate=0.3, momentum=0, loss="NLLLoss", seed=4
    )
    assert TrainConfig.model_validate_json(config.model_dump_json()) == config


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_every_optimizer_is_torchs_class_of_that_name_with_this_learning_rate(name: str) -> None:
    weights = [nn.Parameter(torch.ones(2))]
    config = TrainConfig(optimizer=name, learning_rate=0.123, momentum=0.45, weight_decay=0.01)
    optimizer = OPTIMIZERS[name](weights, config)
    assert type(optimizer) is getattr(torch.optim, name)
    (group,) = optimizer.param_groups
    assert group["params"] == weights
    assert group["lr"] == 0.123
    assert group.get("momentum") == (0.45 if name in ("SGD", "RMSprop") else None)
    assert group["weight_decay"] == 0.01


def test_samples_are_left_out_by_number_once_each_and_of_one_data_set() -> None:
    config = TrainConfig().changed(left_out=(17, 3, 17))
    assert config.left_out == (3, 17)
    assert TrainConfig.model_validate_json(config.model_dump_json()) == config
    assert "left_out" not in TrainConfig().model_dump(), "older servers can read what leaves out nothing"
    assert config.changed(epochs=3).left_out == (3, 17)
    assert config.changed(dataset="digits").left_out == (), "the same numbers are other samples there"
    with pytest.raises(TrainingError, match="leaves out at most 200 samples; these are 201"):
        config.changed(left_out=tuple(range(201)))
    with pytest.raises(TrainingError, match="by their numbers, from 0"):
        config.changed(left_out=(-1,))
