"""Every kind of check: its promises hold for all of them, and each is right about nets that are known."""

import math
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnnviz.architecture import Architecture, build_model
from cnnviz.classroom.assignment import Assignment
from cnnviz.classroom.built_in import LAB
from cnnviz.classroom.checks import (
    CHECKS,
    HiddenAccuracy,
    OneChange,
    Parameters,
    ShapeAfter,
    UsesLayer,
    ValidationAccuracy,
)
from cnnviz.classroom.work import Accuracy, Work
from cnnviz.layers import BatchNorm2d, Conv2d, Residual
from cnnviz.presets import PRESETS
from cnnviz.training.config import TrainConfig

SCORE = Accuracy(correct=350, samples=385)
WORKS = [
    LAB.work(LAB.design, LAB.config),
    LAB.work(Architecture(input_shape=(1, 99, 26)), LAB.config, SCORE),
    LAB.work(LAB.design.update_layer(0, kernel_size=200), LAB.config, SCORE, SCORE),
    *(LAB.work(preset.architecture, TrainConfig(), SCORE, SCORE) for preset in PRESETS.values()),
]
"""Untrained, empty, refused and finished ones."""


@pytest.mark.parametrize("kind", CHECKS)
def test_the_contract_of_a_check(kind: str) -> None:
    """It is told by its kind, comes back from JSON, and says something in a sentence about any work."""
    check = CHECKS[kind]()
    assert check.kind == kind
    assert get_args(CHECKS[kind].model_fields["kind"].annotation) == (kind,)
    assert check.label
    assert CHECKS[kind].title
    assignment = LAB.changed(checks=(check,))
    assert Assignment.from_json(assignment.model_dump_json()) == assignment
    for work in WORKS:
        result = check.passes(work)
        assert result.sentence.endswith(".")
        assert result.value or not result.reached
        assert check.passes(work) == result


@given(st.integers(1, 3000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))), st.floats(0, 1))
def test_an_accuracy_is_reached_as_the_shares_say(counts: tuple[int, int], at_least: float) -> None:
    """The oracle compares shares; a difference below 1e-9 is one of rounding, not of samples."""
    correct, samples = counts
    work = LAB.work(LAB.design, LAB.config, Accuracy(correct=correct, samples=samples))
    result = ValidationAccuracy(at_least=at_least).passes(work)
    if not math.isclose(correct / samples, at_least, abs_tol=1e-9):
        assert result.reached == (correct / samples > at_least)
    assert f"{correct:,} of {samples:,}" in result.sentence


@pytest.mark.parametrize(("correct", "samples", "at_least"), [(9, 10, 0.9), (63, 70, 0.9), (7, 10, 0.7), (0, 5, 0.0)])
def test_exactly_the_accuracy_asked_for_suffices(correct: int, samples: int, at_least: float) -> None:
    work = LAB.work(LAB.design, LAB.config, Accuracy(correct=correct, samples=samples))
    assert ValidationAccuracy(at_least=at_least).passes(work).reached


def test_how_many_more_samples_it_takes_is_told() -> None:
    result = ValidationAccuracy(at_least=0.9).passes(
        LAB.work(LAB.design, LAB.config, Accuracy(correct=80, samples=100))
    )
    assert "For 0.90 it takes 10 more" in result.sentence


def test_parameters_are_those_of_torch() -> None:
    count = sum(values.numel() for values in build_model(LAB.design).parameters() if values.requires_grad)
    work = LAB.work(LAB.design, LAB.config)
    assert Parameters(at_most=count).passes(work).reached
    refused = Parameters(at_most=count - 1).passes(work)
    assert not refused.reached
    assert "1 more than" in refused.sentence
    assert "layer 6, Linear" in refused.sentence


def test_a_layer_is_found_in_a_block_and_by_its_family() -> None:
    design = Architecture(input_shape=(1, 8, 8), layers=(Residual(layers=(BatchNorm2d(),)),))
    work = LAB.work(design, LAB.config)
    assert UsesLayer(layer="BatchNorm").passes(work).reached
    assert UsesLayer(layer="BatchNorm2d").passes(work).reached
    assert not UsesLayer(layer="BatchNorm1d").passes(work).reached
    assert not UsesLayer(layer="Linear").passes(work).reached


def test_a_layer_that_torch_does_not_have_is_no_check() -> None:
    with pytest.raises(ValueError, match="There is no layer called “BatchNorn”"):
        UsesLayer(layer="BatchNorn")


def test_the_shape_behind_a_layer() -> None:
    work = LAB.work(LAB.design, LAB.config)
    assert ShapeAfter(layer=2, shape=(10, 22, 4)).passes(work).reached
    assert "is 10 × 22 × 4, not 10 × 22 × 5" in ShapeAfter(layer=2, shape=(10, 22, 5)).passes(work).sentence
    assert "no layer 10" in ShapeAfter(layer=10, shape=(1,)).passes(work).sentence
    assert not ShapeAfter(layer=3, shape=(1,)).passes(WORKS[2]).reached


def changed(work: Work, **config: object) -> Work:
    return LAB.work(work.architecture, work.config.changed(**config))


def test_one_change_is_one_whatever_the_seed() -> None:
    start = LAB.work(LAB.design, LAB.config)
    assert OneChange().passes(start).value == "no change"
    assert OneChange().passes(changed(start, learning_rate=0.03)).reached
    assert OneChange().passes(changed(start, learning_rate=0.03, seed=7)).reached
    two = LAB.work(LAB.design.update_layer(0, kernel_size=3), LAB.config.changed(learning_rate=0.03))
    assert OneChange().passes(two).value == "2 changes"
    assert "kernel size 10 → 3 in layer 1" in OneChange().passes(two).sentence


def test_a_layer_more_is_one_change() -> None:
    design = LAB.design.insert_layer(3, Conv2d(out_channels=10, kernel_size=3, padding=1))
    assert OneChange().passes(LAB.work(design, LAB.config)).reached


def test_the_hidden_test_is_not_known_before_something_was_handed_in() -> None:
    assert HiddenAccuracy().passes(LAB.work(LAB.design, LAB.config, SCORE)).value == ""
    assert HiddenAccuracy(at_least=0.9).passes(LAB.work(LAB.design, LAB.config, None, SCORE)).reached


def test_a_net_without_layers_uses_none() -> None:
    assert "its layers are: none" in UsesLayer(layer="Linear").passes(WORKS[1]).sentence
