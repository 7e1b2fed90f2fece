import math
import re
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given

from cnnviz.architecture import Architecture, iter_steps, trace
from cnnviz.calculator.receptive_field import receptive_field_rows
from cnnviz.layers import Conv2d, ConvTranspose2d, MaxPool2d, ReLU, Residual
from cnnviz.presets import PRESETS
from tests.strategies import architectures

LAB = PRESETS["lab-convnet"].architecture


@given(architectures())
def test_every_layer_that_fits_has_a_link_and_every_equation_is_true(design: Architecture) -> None:
    links = receptive_field_rows(design)
    fitting = [step for step in iter_steps(trace(design)) if step.output_shape is not None]
    if len(design.input_shape) == 1:
        assert links == ()
        return
    if not any(step.error for step in iter_steps(trace(design))):
        assert len(links) == len(fitting)
    for link in links:
        for line in link.explanation:
            for equation in re.findall(r"(?:r|jump) = ([^,]+)", line):
                *worked, result = equation.split(" = ")
                for text in worked:
                    python = text.replace("·", "*").replace("−", "-").replace("⌊", "floor(").replace("⌋", ")")
                    python = python.replace("⌈", "ceil(").replace("⌉", ")")
                    exact = re.sub(r"\d+", r"Fraction(\g<0>)", python)
                    value = eval(exact, {"floor": math.floor, "ceil": math.ceil, "Fraction": Fraction})  # noqa: S307 (our own text)
                    assert value == Fraction(result)


def test_the_labs_field_is_13_samples_in_steps_of_4() -> None:
    links = receptive_field_rows(LAB)
    assert [reach and reach.size for link in links[:2] for reach in (link.receptive_field or ())] == [10, 10, 13, 13]
    assert links[1].window_text == "k 4, s 4"
    assert links[1].spans == ((40, 13), (4, 13))
    assert links[2].explanation == ("unchanged",)
    assert links[-1].explanation == ("unchanged",)
    assert links[5].explanation == ("every output reads all that is read before it",)
    assert links[5].spans == ((0, 97), (0, 25))


@pytest.mark.parametrize("kernel_size", [1, 2, 3, 4])
@pytest.mark.parametrize("stride", [1, 2, 3])
def test_each_field_that_is_drawn_lies_in_the_next(kernel_size: int, stride: int) -> None:
    pair = (Conv2d(out_channels=1, kernel_size=kernel_size, stride=stride), MaxPool2d(kernel_size=2, padding=1))
    links = receptive_field_rows(Architecture(input_shape=(1, 61, 47), layers=pair * 2))
    assert len(links) == 4
    for link, wider in pairwise(links):
        for (first, samples), (outer, more) in zip(link.spans or (), wider.spans or (), strict=True):
            assert outer <= first
            assert first + samples <= outer + more


def test_axes_that_differ_have_a_line_each() -> None:
    design = Architecture(input_shape=(1, 30, 30), layers=(Conv2d(out_channels=1, kernel_size=(3, 5)),))
    assert receptive_field_rows(design)[0].explanation == (
        "height: r = 1 + (3 − 1)·1 = 3, jump = 1·1 = 1",
        "width: r = 1 + (5 − 1)·1 = 5, jump = 1·1 = 1",
    )


def test_a_transposed_layer_brings_positions_closer() -> None:
    layers = (MaxPool2d(kernel_size=2), ConvTranspose2d(out_channels=1, kernel_size=2, stride=4))
    (line,) = receptive_field_rows(Architecture(input_shape=(1, 8, 8), layers=layers))[1].explanation
    assert line == "r = 2 + ⌊(2 − 1) / 4⌋·2 = 2, jump = 2 / 4 = 1/2"


def test_layers_in_a_block_come_before_the_block() -> None:
    block = Residual(layers=(Conv2d(out_channels=1, kernel_size=3, padding=1), ReLU()))
    links = receptive_field_rows(Architecture(input_shape=(1, 8, 8), layers=(block,)))
    assert [(link.number, link.kind) for link in links] == [("1.a1", "Conv2d"), ("1.a2", "ReLU"), ("1", "Residual")]
    assert links[-1].explanation == ("from the first to the last sample that its stacks read",)


@pytest.mark.parametrize("preset", PRESETS.values(), ids=list(PRESETS))
def test_the_chain_reaches_the_end_of_every_preset(preset: object) -> None:
    architecture = preset.architecture  # type: ignore[attr-defined]
    assert (
        receptive_field_rows(architecture) == ()
        or receptive_field_rows(architecture)[-1].shape == trace(architecture)[-1].output_shape
    )


def test_it_ends_at_the_layer_that_refuses() -> None:
    assert [link.kind for link in receptive_field_rows(LAB.update_layer(1, kernel_size=50))] == ["Conv2d"]


def test_a_sample_of_which_a_part_is_reached_counts() -> None:
    design = Architecture(
        input_shape=(1, 6, 6),
        layers=(ConvTranspose2d(out_channels=1, kernel_size=2, stride=2), Conv2d(out_channels=1, kernel_size=2)),
    )
    assert receptive_field_rows(design)[-1].explanation == ("r = 1 + ⌈(2 − 1)·1/2⌉ = 2, jump = 1/2·1 = 1/2",)
