"""What is said of a run while it trains: a loss that stays at that of guessing, and outputs that are no classes."""

import numpy as np
import pytest
import torch
from torch import nn

from cnnviz.insight.chance_level import chance_loss
from cnnviz.insight.live_remarks import LiveRemark, live_remarks
from cnnviz.presets import PRESETS
from cnnviz.training.config import TrainConfig

NET = PRESETS["digits-convnet"].architecture
"""Ends in ten scores."""


def remarks(train_loss: list[float], classes: int | None = 10, **settings: object) -> tuple[LiveRemark, ...]:
    return live_remarks(NET, TrainConfig(**settings), classes, np.array(train_loss))  # type: ignore[arg-type]


@pytest.mark.parametrize("classes", [2, 10, 35, 1000])
def test_the_loss_of_guessing_is_that_of_equal_scores(classes: int) -> None:
    loss = nn.CrossEntropyLoss()(torch.zeros(1, classes), torch.tensor([0]))
    assert chance_loss(classes) == pytest.approx(loss.item(), rel=1e-5)


@pytest.mark.parametrize(
    "train_loss",
    [[2.303] * 10, [2.31, 2.32, 2.305, 2.303, 2.301], [9.0, 3.0, *[2.31] * 8], [2.30, 1.2, 0.9, *[2.303] * 7]],
    ids=["from the start", "five epochs", "after an explosion", "what was learned is lost"],
)
def test_a_loss_that_stays_at_guessing_is_told_by_epoch_ten(train_loss: list[float]) -> None:
    (remark,) = remarks(train_loss)
    assert remark.title == "The loss stays at ln(10): the net guesses"
    assert "2.303" in remark.text
    assert "learning rate" in remark.suggestion


@pytest.mark.parametrize(
    "train_loss",
    [
        [],
        [2.303],
        [2.303] * 4,
        [2.30, 2.29, 2.27, 2.24, 2.20, 2.1],
        [*[2.303] * 9, 2.2],
        [2.303, *[float("nan")] * 9],
        [float("inf")] * 9,
    ],
    ids=["none", "one", "too few", "a slow start", "it begins to learn", "no number", "infinite"],
)
def test_a_loss_that_falls_or_is_new_is_not(train_loss: list[float]) -> None:
    assert remarks(train_loss) == ()


def test_values_that_are_not_normalized_are_what_to_look_at_first() -> None:
    (raw,) = remarks([2.303] * 6, normalization="none")
    (scaled,) = remarks([2.303] * 6, normalization="global")
    assert raw.suggestion.startswith("First normalize the values")
    assert scaled.suggestion.startswith("The values are normalized")


@pytest.mark.parametrize(("classes", "count"), [(8, "2 of them mean nothing"), (12, "2 are never the answer")])
def test_outputs_that_are_not_the_classes_are_told_from_the_start(classes: int, count: str) -> None:
    (remark,) = remarks([], classes)
    assert count in remark.text
    assert remark.suggestion == f"On the Design page: set out_features of layer 11 to {classes}."


def test_without_the_number_of_classes_nothing_is_said() -> None:
    assert remarks([2.303] * 10, None) == ()
