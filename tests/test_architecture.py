import json
from itertools import pairwise

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from cnnviz.architecture import (
    MAX_LAYERS,
    Architecture,
    build_model,
    find_refusing_step,
    iter_steps,
    layer_names,
    output_shape,
    trace,
)
from cnnviz.architecture.step import trace_shapes
from cnnviz.errors import DesignError, ShapeError
from cnnviz.layers import (
    PALETTE,
    AdaptiveAvgPool1d,
    Conv1d,
    Conv2d,
    Conv3d,
    ConvTranspose1d,
    Flatten,
    Layer,
    Linear,
    MaxPool1d,
    Parallel,
    ReLU,
    Residual,
)
from cnnviz.presets import PRESETS
from cnnviz.receptive_field import ReceptiveField
from cnnviz.table import to_markdown
from cnnviz.windows import AdaptiveWindow
from tests.strategies import architectures

LAB = PRESETS["lab-convnet"].architecture


def test_lab_convnet_has_the_shapes_the_lab_prints() -> None:
    steps = trace(LAB)
    shapes = [step.output_shape for step in steps]
    assert shapes == [(10, 90, 17), (10, 22, 4), (10, 22, 4), (10, 22, 4), (880,), (100,), (100,), (35,), (35,)]
    assert sum(step.parameters for step in steps) == 92_645
    assert steps[0].formula.splitlines()[0] == "⌊(99 + 2·0 − 10) / 1⌋ + 1 = 90"


@pytest.mark.parametrize("name", PRESETS)
def test_preset_builds_and_survives_json(name: str) -> None:
    architecture = PRESETS[name].architecture
    with torch.device("meta"):  # shapes without numbers: VGG-11 would take half a gigabyte
        model = build_model(architecture).eval()
        out = model(torch.zeros(2, *architecture.input_shape))
    assert tuple(out.shape[1:]) == output_shape(architecture)
    assert sum(p.numel() for p in model.parameters()) == sum(step.parameters for step in trace(architecture))
    assert Architecture.from_json(architecture.to_json()) == architecture


@settings(max_examples=200, deadline=None)
@given(architectures())
def test_trace_never_raises_and_agrees_with_the_built_net(architecture: Architecture) -> None:
    steps = trace(architecture)
    refused = bool(steps) and steps[-1].error is not None
    assert all(step.error is None for step in steps[:-1])
    assert refused or len(steps) == len(architecture.layers)
    if refused:
        with pytest.raises(ShapeError):
            build_model(architecture)
        return
    x = torch.zeros(2, *architecture.input_shape)
    for module, step in zip(build_model(architecture).eval(), steps, strict=True):
        x = module(x)
        assert tuple(x.shape[1:]) == step.output_shape


@settings(max_examples=100, deadline=None)
@given(architectures(), architectures(), st.integers(0, 7))
def test_steps_that_are_taken_over_are_those_of_the_net_itself(
    first: Architecture, second: Architecture, at: int
) -> None:
    for edited in (first.model_copy(update={"layers": (*first.layers[:at], *second.layers)}), second, first):
        steps = trace_shapes(edited, trace_shapes(first))
        assert steps == trace_shapes(edited)
        assert [step.receptive_field for step in iter_steps(steps)] == [
            step.receptive_field for step in iter_steps(trace_shapes(edited))
        ]
        assert all(step.previous is before for before, step in pairwise(steps))


@settings(max_examples=200, deadline=None)
@given(architectures())
def test_every_mend_really_mends(architecture: Architecture) -> None:
    steps = trace(architecture)
    refused = find_refusing_step(steps)
    if refused is None:
        assert all(not step.mends for step in iter_steps(steps))
        return
    assert 1 <= len(refused.mends) <= 4
    assert steps[-1].mends == refused.mends
    for mend in refused.mends:
        assert waiting(mend.architecture) < waiting(architecture), mend.text


def waiting(architecture: Architecture) -> int:
    return len(list(architecture.iter_layers())) - sum(
        step.output_shape is not None for step in iter_steps(trace(architecture))
    )


def test_a_kernel_far_too_large_gets_the_largest_with_which_the_whole_net_fits() -> None:
    mends = {mend.text: mend.architecture for mend in trace(LAB.update_layer(0, kernel_size=100))[-1].mends}
    fitting = mends["Set kernel_size to 23, the largest that leaves enough for the layers after it"]
    assert trace(fitting)[-1].error is None
    assert trace(fitting.update_layer(0, kernel_size=24))[-1].error


def test_the_largest_kernel_is_found_where_not_every_smaller_one_fits() -> None:
    even = Residual(
        layers=[MaxPool1d(kernel_size=2), ConvTranspose1d(out_channels=1, kernel_size=2, stride=2)], projection=[]
    )
    wide = Conv1d(out_channels=1, kernel_size=17)
    net = Architecture(input_shape=(1, 30), layers=[Conv1d(out_channels=1, kernel_size=50), even, wide])
    offered = "Set kernel_size to 13, the largest that leaves enough for the layers after it"
    assert trace(net)[-1].mends[0].text == offered
    fits = [kernel for kernel in range(1, 31) if trace(net.update_layer(0, kernel_size=kernel))[-1].error is None]
    assert fits[-1] == 13


@pytest.mark.parametrize(
    ("input_shape", "first", "mended_shape"),
    [
        ((28, 28), Conv2d(out_channels=8, kernel_size=5), (1, 28, 28)),
        ((8000,), Conv1d(out_channels=8, kernel_size=80, stride=4), (1, 8000)),
    ],
)
def test_samples_without_a_channel_axis_are_given_one(
    input_shape: tuple[int, ...], first: Layer, mended_shape: tuple[int, ...]
) -> None:
    net = Architecture(input_shape=input_shape, layers=(first, Flatten(), Linear(out_features=3)))
    mends = {mend.text: mend.architecture for mend in trace(net)[-1].mends}
    mended = mends[f"Give the input a channel axis: {' × '.join(map(str, mended_shape))}"]
    assert mended.input_shape == mended_shape
    assert trace(mended)[-1].output_shape == (3,)


@pytest.mark.parametrize(("size", "picture"), [(784, (1, 28, 28)), (3072, (3, 32, 32))])
def test_flat_samples_before_a_convolution_are_given_the_axes_of_a_picture_first(
    size: int, picture: tuple[int, ...]
) -> None:
    net = Architecture(input_shape=(size,), layers=(Conv2d(out_channels=8, kernel_size=5),))
    first, *_ = trace(net)[-1].mends
    assert first.text == f"Give the input the axes of a picture: {' × '.join(map(str, picture))}"
    assert first.architecture.input_shape == picture


def test_a_mend_in_one_branch_helps_though_the_next_branch_refuses_too() -> None:
    pool = AdaptiveAvgPool1d(output_size=1)
    net = Architecture(input_shape=(1,), layers=[Parallel(branches=[[pool], [ReLU(), pool]]), ReLU(), pool])
    assert [mend.text for mend in trace(net)[-1].mends] == [
        "Give the input a channel axis: 1 × 1",
        "Remove this AdaptiveAvgPool1d",
        "Remove the whole Parallel",
    ]


@settings(max_examples=100, deadline=None)
@given(architectures())
def test_json_gives_back_the_same_design(architecture: Architecture) -> None:
    assert Architecture.from_json(architecture.to_json()) == architecture


def test_edits_return_new_designs() -> None:
    assert LAB.update_layer(0, kernel_size=3).layers[0] == Conv2d(out_channels=10, kernel_size=3)
    assert [layer.kind for layer in LAB.move_layer(0, 2).layers[:3]] == ["MaxPool2d", "ReLU", "Conv2d"]
    assert len(LAB.remove_layer(8).layers) == 8
    assert LAB.insert_layer(0, Flatten()).layers[0] == Flatten()
    assert LAB.update_layer(1, kind="AvgPool2d").layers[1] == PALETTE["AvgPool2d"](kernel_size=4)
    assert PRESETS["lab-convnet"].architecture is LAB
    assert len(LAB.layers) == 9


def test_kernel_edit_is_followed_by_every_shape_and_by_in_features() -> None:
    steps = trace(LAB.update_layer(0, kernel_size=3))
    assert steps[0].output_shape == (10, 97, 24)
    assert steps[5].input_shape == (1440,)
    assert "in_features=1440" in steps[5].layer.code(steps[5].input_shape)


def test_names_number_the_layers_of_each_kind() -> None:
    assert layer_names(LAB)[:2] == ("conv1", "pool1")
    assert layer_names(LAB)[5] == "fc1"
    assert layer_names(LAB)[7] == "fc2"
    assert list(dict(build_model(LAB).named_children())) == list(layer_names(LAB))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[", "Invalid JSON"),
        ("{}", "input_shape: Field required"),
        ('{"input_shape": [0]}', "greater than or equal to 1"),
        ('{"input_shape": [1], "layers": [{"kind": "Exec"}]}', "there is no layer of this kind .*'Exec'"),
        ('{"input_shape": [1], "layers": [{}]}', "give the kind of the layer"),
        ('{"input_shape": [1], "layers": {}}', "layers: should be a list"),
        ('{"input_shape": [1], "layers": [{"kind": "Parallel", "branches": []}]}', "give at least 1 branch "),
        (
            '{"input_shape": [1], "layers": [' + ", ".join(['{"kind": "ReLU"}'] * 501) + "]}",
            "^A net can have at most 500",
        ),
        ('{"input_shape": [1], "layers": [{"kind": "Linear", "out_features": 3, "code": 1}]}', "Layer 1.* code"),
        ('{"input_shape": [1], "layers": [{"kind": "Linear", "out_features": "3"}]}', "should be a whole number"),
        ('{"input_shape": [1], "layers": [{"kind": "Linear", "out_features": 99999999}]}', "65536"),
        ("x" * 600_000, "at most 500,000 are read"),
        (json.dumps({"input_shape": [1], "layers": [{"kind": "ReLU"}] * 501}), "at most 500"),
    ],
)
def test_bad_json_gets_a_clear_sentence(text: str, message: str) -> None:
    with pytest.raises(DesignError, match=message):
        Architecture.from_json(text)


def test_an_edit_out_of_bounds_is_refused_with_the_bound() -> None:
    with pytest.raises(DesignError, match=r"^kernel_size: should be greater than or equal to 1 \(received 0\)\.$"):
        LAB.update_layer(0, kernel_size=0)


VOLUME = Architecture(input_shape=(1, 9, 9, 9), layers=[Conv3d(out_channels=2, kernel_size=3)])
LINE = Architecture(input_shape=(1, 9), layers=[Conv1d(out_channels=2, kernel_size=3)])


@pytest.mark.parametrize(
    ("design", "change", "sentence"),
    [
        (
            LAB,
            {"kernel_size": (3, 3, 3)},
            "kernel_size: give one whole number, or one for each of 2 axes (received 3, 3, 3).",
        ),
        (
            LAB,
            {"kernel_size": None},
            "kernel_size: give one whole number, or one for each of 2 axes (received nothing).",
        ),
        (
            LAB,
            {"kernel_size": "many"},
            "kernel_size: give one whole number, or one for each of 2 axes (received 'many').",
        ),
        (
            VOLUME,
            {"kernel_size": (3, 3)},
            "kernel_size: give one whole number, or one for each of 3 axes (received 3, 3).",
        ),
        (LINE, {"kernel_size": (3, 3)}, "kernel_size: should be a whole number (received 3, 3)."),
        (LAB, {"kernel_size": (0, 3)}, "kernel_size, number 1: should be greater than or equal to 1 (received 0)."),
        (LAB, {"out_channels": None}, "out_channels: should be a whole number (received nothing)."),
        (
            LAB,
            {"padding": "sane"},
            "padding: give one whole number, or one for each of 2 axes, or 'same' or 'valid' (received 'sane').",
        ),
    ],
)
def test_a_value_of_the_wrong_form_is_explained_in_plain_words(
    design: Architecture, change: dict[str, object], sentence: str
) -> None:
    with pytest.raises(DesignError) as refusal:
        design.update_layer(0, **change)
    assert str(refusal.value) == sentence


@pytest.mark.parametrize(
    ("shape", "sentence"),
    [
        ((1, 2, 3, 4, 5), "input_shape: give at most 4 numbers (received 1, 2, 3, 4, 5)."),
        ((), "input_shape: give at least 1 number (received nothing)."),
        ((0,), "input_shape, number 1: should be greater than or equal to 1 (received 0)."),
    ],
)
def test_an_impossible_input_shape_is_explained_in_plain_words(shape: tuple[int, ...], sentence: str) -> None:
    with pytest.raises(DesignError) as refusal:
        LAB.with_input_shape(shape)
    assert str(refusal.value) == sentence


def test_a_conv_on_a_vector_is_refused_with_a_reason_and_can_be_removed() -> None:
    steps = trace(
        Architecture(input_shape=(880,), layers=[Linear(out_features=3), Conv2d(out_channels=1, kernel_size=1)])
    )
    assert steps[1].error == (
        "Layer 2, Conv2d: expects a sample with axes (channels, height, width), but gets 3 (features)."
    )
    assert steps[1].mend
    assert steps[1].mend.text == "Remove this Conv2d"


def test_a_layer_with_two_faults_is_mended_in_one_click() -> None:
    steps = trace(Architecture(input_shape=(3, 5, 5), layers=[Conv2d(out_channels=4, kernel_size=9, groups=3)]))
    assert steps[0].mend
    assert steps[0].mend.text == "Set groups to 1 and kernel_size to 5"
    assert trace(steps[0].mend.architecture)[0].output_shape == (4, 1, 1)


def test_a_full_net_says_so() -> None:
    full = Architecture(input_shape=(3,), layers=[Flatten()] * MAX_LAYERS)
    with pytest.raises(
        DesignError, match="A net can have at most 500 layers, those in blocks included; delete one first"
    ):
        full.insert_layer(0, Flatten())


@pytest.mark.parametrize(
    "stack",
    [
        [PALETTE["ConvTranspose1d"](out_channels=1, kernel_size=1, stride=65_536)] * 66,
        [PALETTE["ReLU"](), PALETTE["ConvTranspose1d"](out_channels=65_536, kernel_size=1, stride=65_536)],
    ],
)
def test_a_net_that_outgrows_every_machine_is_refused_with_its_numbers(stack: list[Layer]) -> None:
    """Sizes beyond what floats hold once broke the page that draws them, for good: the design had been stored."""
    huge = Architecture(input_shape=(1_000_000, 1_000_000), layers=stack)
    refused = find_refusing_step(trace(huge))
    assert refused
    assert "more numbers than any machine can hold" in (refused.error or "")
    assert "more numbers than any machine can hold" in to_markdown(huge)


@pytest.mark.parametrize("size", range(1, 24))
def test_the_widest_window_of_an_adaptive_pool_is_found_at_once(size: int) -> None:
    for out in range(1, 24):
        widest = max(-(-(i + 1) * size // out) - i * size // out for i in range(out))
        before = ReceptiveField.of_input(size)
        after = before and before.behind(AdaptiveWindow(out), size)
        assert after
        assert after.size == widest


def test_the_field_of_branches_reaches_from_the_first_sample_read_to_the_last() -> None:
    pool, conv = (
        PALETTE["AvgPool1d"](kernel_size=2, ceil_mode=True),
        PALETTE["Conv1d"](out_channels=1, kernel_size=2, stride=2, padding=1),
    )
    net = Architecture(input_shape=(1, 9), layers=[Parallel(branches=((pool,), (conv,)))])
    (field,) = trace(net)[0].receptive_field or ()
    assert (field.size, field.jump, field.start) == (3, 2, -1)
