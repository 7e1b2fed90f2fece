"""Whatever is chosen, the net fits, takes what the first one took, and gives what it gave."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from cnnviz.architecture import Architecture, build_model, find_refusing_step, output_shape, trace
from cnnviz.data import find_dataset
from cnnviz.layers import BatchNorm1d, BatchNorm2d, Conv2d, Dropout, Dropout2d, Flatten, Linear, MaxPool2d, Tanh
from cnnviz.presets import PRESETS
from cnnviz.search.space import ACTIVATIONS, DROPOUTS, KERNEL_SIZES, NORMALIZATIONS, WIDTHS
from cnnviz.search.variant import Choices, build_variant, conv_groups
from cnnviz.settings import Settings
from cnnviz.training.config import TrainConfig
from cnnviz.training.readiness import check_trainable
from tests.strategies import architectures

LAB = PRESETS["lab-convnet"].architecture
LIGHT, TRIED = 25_000_000, 4_000_000
"""A bound on multiply-adds, and up to how many a net is also tried in torch."""

choices = st.builds(
    Choices,
    width=st.sampled_from(WIDTHS),
    depth=st.none() | st.integers(1, 8),
    kernel_size=st.sampled_from([None, *KERNEL_SIZES, 4]),
    dropout=st.sampled_from([None, *DROPOUTS]),
    activation=st.sampled_from([None, *ACTIVATIONS]),
    normalization=st.sampled_from([None, *NORMALIZATIONS]),
)


def multiply_adds(design: Architecture) -> int:
    return sum(step.multiply_adds for step in trace(design))


def convolutions(design: Architecture) -> list[Conv2d]:
    return [layer for layer in design.layers if isinstance(layer, Conv2d)]


@settings(max_examples=80, deadline=None)
@given(st.sampled_from(sorted(PRESETS)), choices, st.sampled_from([1.0, LIGHT, float("inf")]))
def test_every_combination_on_every_preset_is_a_net_that_learns(name: str, chosen: Choices, most: float) -> None:
    start = PRESETS[name].architecture
    design = build_variant(start, chosen, most)
    assert find_refusing_step(trace(design)) is None
    assert (design.input_shape, output_shape(design)) == (start.input_shape, output_shape(start))
    assert multiply_adds(design) <= max(most, multiply_adds(start))
    if multiply_adds(design) <= TRIED:
        net = build_model(design)
        out = net(torch.zeros(2, *design.input_shape))
        out.sum().backward()
        assert out.shape == (2, *output_shape(start))
        assert all(weights.grad is not None for weights in net.parameters())


@pytest.mark.parametrize("name", [name for name, preset in PRESETS.items() if preset.architecture.input_shape[1:]])
def test_the_choice_of_nothing_gives_the_same_design_back(name: str) -> None:
    start = PRESETS[name].architecture
    assert build_variant(start, Choices()) == start
    assert build_variant(start, Choices(depth=len(conv_groups(start)) or None), max_multiply_adds=1) == start


@settings(max_examples=60, deadline=None)
@given(architectures(), choices)
def test_any_design_that_fits_still_fits(start: Architecture, chosen: Choices) -> None:
    if find_refusing_step(trace(start)) is None:
        design = build_variant(start, chosen)
        assert find_refusing_step(trace(design)) is None
        assert output_shape(design) == output_shape(start)


@settings(max_examples=40, deadline=None)
@given(st.sampled_from(["lab-convnet", "keywords-separable", "digits-convnet"]), choices)
def test_what_is_made_of_a_net_for_some_data_can_be_trained_on_it(name: str, chosen: Choices) -> None:
    dataset = find_dataset("digits" if name == "digits-convnet" else "words", "s" + "a" * 31)
    design = build_variant(PRESETS[name].architecture, chosen, LIGHT)
    check_trainable(design, TrainConfig(dataset=dataset.name), dataset, Settings())


def test_each_choice_changes_what_it_is_about() -> None:
    assert [
        layer.out_features for layer in build_variant(LAB, Choices(width=2)).layers if isinstance(layer, Linear)
    ] == [
        200,
        35,
    ]
    assert [conv.out_channels for conv in convolutions(build_variant(LAB, Choices(depth=3)))] == [10, 20, 40]
    assert [conv.kernel_size for conv in convolutions(build_variant(LAB, Choices(kernel_size=3)))] == [3]
    assert [
        layer.p for layer in build_variant(LAB, Choices(dropout=0.4)).layers if isinstance(layer, Dropout | Dropout2d)
    ]
    assert not any(isinstance(layer, Dropout | Dropout2d) for layer in build_variant(LAB, Choices(dropout=0)).layers)
    assert sum(isinstance(layer, Tanh) for layer in build_variant(LAB, Choices(activation="Tanh")).layers) == 1
    normed = [layer.kind for layer in build_variant(LAB, Choices(normalization="BatchNorm")).layers]
    assert normed[:2] == ["Conv2d", "BatchNorm2d"]
    assert normed[normed.index("Linear") + 1] == "BatchNorm1d"
    assert normed[-2:] == ["Linear", "LogSoftmax"]


def test_norms_are_not_doubled_and_where_they_go_the_bias_comes_back() -> None:
    digits = PRESETS["digits-convnet"].architecture
    assert build_variant(digits, Choices(normalization="BatchNorm")) == digits
    bare = build_variant(digits, Choices(normalization="none"))
    assert not any(isinstance(layer, BatchNorm1d | BatchNorm2d) for layer in bare.layers)
    assert all(conv.bias for conv in convolutions(bare))


def test_a_deepened_net_keeps_its_sizes_and_halves_in_its_pools() -> None:
    shapes = [step.output_shape for step in trace(build_variant(LAB, Choices(depth=4)))]
    assert [shape for shape in shapes if shape and len(shape) == 3][::4] == [
        (10, 99, 26),
        (20, 50, 13),
        (40, 25, 7),
        (80, 13, 4),
    ]


def test_a_pool_with_nothing_to_do_is_left_out_and_one_with_little_pools_along_what_there_is() -> None:
    flat = Architecture(
        input_shape=(1, 4, 2),
        layers=[Conv2d(out_channels=2, kernel_size=1), MaxPool2d(kernel_size=2), Flatten(), Linear(out_features=3)],
    )
    pools = [
        layer.kernel_size for layer in build_variant(flat, Choices(depth=3)).layers if isinstance(layer, MaxPool2d)
    ]
    assert pools == [2, (2, 1)]


def test_a_net_that_would_cost_too_much_gets_fewer_filters() -> None:
    free, bound = (build_variant(LAB, Choices(depth=4, width=4), most) for most in (float("inf"), 20e6))
    assert [conv.out_channels for conv in convolutions(free)] == [40, 80, 160, 320]
    assert multiply_adds(free) > 20e6 >= multiply_adds(bound)
    assert len(convolutions(bound)) == 4


def test_blocks_keep_their_sums() -> None:
    residual = PRESETS["keywords-residual"].architecture
    wide = build_variant(residual, Choices(width=2, activation="Tanh"))
    assert multiply_adds(wide) > 3 * multiply_adds(residual)
    assert {layer.kind for _, layer in wide.iter_layers()} & {"ReLU"} == set()
    assert conv_groups(residual) == []
