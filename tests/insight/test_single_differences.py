"""One edit, whatever it is, is found as exactly one difference and named; what is equal differs in nothing."""

from typing import cast

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from cnnviz.architecture import Architecture, LayerPath
from cnnviz.data.augmentation import Augmentation
from cnnviz.errors import DesignError
from cnnviz.insight.alignment import align_nets
from cnnviz.insight.layer_changes import apply_edits, find_layer_changes
from cnnviz.insight.single_differences import (
    Aspect,
    Difference,
    Setup,
    apply_differences,
    find_differences,
    without_seed,
)
from cnnviz.layers import BatchNorm2d, Block, Conv2d, Dropout, Flatten, Layer, Linear, LogSoftmax, MaxPool2d, ReLU
from cnnviz.layers.conv import ConvBase
from cnnviz.presets import PRESETS
from cnnviz.search.space import ACTIVATIONS, DROPOUTS, KERNEL_SIZES, NORMALIZATIONS, WIDTHS
from cnnviz.search.variant import Choices, build_variant
from cnnviz.training.config import OPTIMIZERS, TrainConfig
from tests.strategies import architectures, buildable_nets, field_values, layers

LAB, DIGITS = (PRESETS[name].architecture for name in ("lab-convnet", "digits-convnet"))
CONFIG = TrainConfig()
NETS = st.one_of(
    architectures(), buildable_nets(), st.sampled_from([preset.architecture for preset in PRESETS.values()])
)
CHOICES = st.one_of(
    st.builds(Choices, width=st.sampled_from(WIDTHS)),
    st.builds(Choices, kernel_size=st.sampled_from(KERNEL_SIZES)),
    st.builds(Choices, dropout=st.sampled_from(DROPOUTS)),
    st.builds(Choices, activation=st.sampled_from(ACTIVATIONS)),
    st.builds(Choices, normalization=st.sampled_from(NORMALIZATIONS)),
)
SETTINGS: dict[str, tuple[object, object, str]] = {
    "left_out": ((), (3, 17), "left out +2 samples"),
    "floor": (None, -3.5, "floor none → -3.5"),
    "normalization": ("global", "none", "normalization global → none"),
    "epochs": (30, 60, "epochs 30 → 60"),
    "batch_size": (64, 32, "batch size 64 → 32"),
    "optimizer": ("SGD", "Adam", "optimizer SGD → Adam"),
    "learning_rate": (0.01, 0.03, "learning rate 0.01 → 0.03"),
    "momentum": (0.9, 0.5, "momentum 0.9 → 0.5"),
    "nesterov": (False, True, "+Nesterov"),
    "weight_decay": (0.0, 0.001, "weight decay 0 → 0.001"),
    "schedule": ("constant", "one-cycle", "schedule constant → one-cycle"),
    "warmup": (0.0, 2.0, "warm-up 0 → 2"),
    "label_smoothing": (0.0, 0.1, "label smoothing 0 → 0.1"),
    "max_grad_norm": (0.0, 1.0, "gradient clipping 0 → 1"),
    "patience": (0, 5, "patience 0 → 5"),
    "mixed_precision": (False, True, "+Mixed precision"),
    "channels_last": (False, True, "+Channels last"),
    "loss": ("auto", "CrossEntropyLoss", "loss auto → CrossEntropyLoss"),
    "seed": (0, 1, "another seed"),
    "dataset": ("words", "digits", "data set words → digits"),
    "split_kind": ("random", "speaker", "split random → speaker"),
}
"""Two values of each setting that has an effect by default, and what the step from one to the other is called."""


def net_labels(before: Architecture, after: Architecture) -> list[str]:
    return [difference.label for difference in find_differences(Setup(before, CONFIG), Setup(after, CONFIG))]


def setting_labels(before: TrainConfig, after: TrainConfig) -> list[str]:
    return [difference.label for difference in find_differences(Setup(LAB, before), Setup(LAB, after))]


# ── nets ──


@given(NETS)
def test_equal_trainings_differ_in_nothing(net: Architecture) -> None:
    assert find_differences(Setup(net, CONFIG), Setup(Architecture.from_json(net.to_json()), CONFIG)) == ()


@st.composite
def places(draw: st.DrawFn, net: Architecture) -> LayerPath:
    """The place of a layer of the net, or one behind the last of a stack."""
    ends = [(len(net.layers),)]
    for path, layer in net.iter_layers():
        if isinstance(layer, Block):
            ends += [(*path, branch, len(stack)) for branch, stack in enumerate(layer.stacks)]
    return draw(st.sampled_from([*(path for path, _ in net.iter_layers()), *ends]))


@settings(deadline=None)
@given(st.data(), NETS)
def test_one_layer_more_is_one_difference_with_its_name(data: st.DataObject, net: Architecture) -> None:
    layer, place = data.draw(layers()), data.draw(places(net))
    try:
        after = net.insert_layer(place, layer)
    except DesignError:  # nested too deep
        assume(False)
    (label,) = net_labels(net, after)
    assert label.startswith("+")
    assert layer.kind.rstrip("123d") in label
    (label,) = net_labels(after, net)
    assert label.startswith("−")


@settings(deadline=None)
@given(st.data(), NETS)
def test_one_argument_is_one_difference_with_its_name(data: st.DataObject, net: Architecture) -> None:
    paths = [path for path, layer in net.iter_layers() if layer.parameter_names()]
    assume(paths)
    path = data.draw(st.sampled_from(paths))
    layer = net.layer_at(path)
    name = data.draw(st.sampled_from(layer.parameter_names()))
    value = data.draw(field_values(type(layer).model_fields[name].annotation))
    try:
        after = net.update_layer(path, **{name: value})
    except DesignError:
        assume(False)
    old = getattr(layer, name)
    if _spread(old, layer, name) == _spread(value, layer, name):
        assert net_labels(net, after) == []
    else:
        (label,) = net_labels(net, after)
        words = {"out_channels": "filters", "out_features": "units", "kernel_size": "size", "p": "dropout"}
        assert words.get(name, name.replace("_", " ")) in label


def _spread(value: object, layer: Layer, name: str) -> object:
    """A size written out for each axis, as torch takes it."""
    if name == "stride" and value is None and "Pool" in layer.kind:
        value = cast(object, layer.kernel_size)  # type: ignore[attr-defined]
    if name == "padding" and value == "valid":
        value = 0
    axes = int(layer.kind[-2]) if layer.kind[-1] == "d" and layer.kind[-2].isdigit() else 1
    return (value,) * axes if isinstance(value, int) and not isinstance(value, bool) else value


@settings(deadline=None)
@given(st.sampled_from(sorted(PRESETS)), CHOICES)
def test_one_choice_all_over_a_net_is_one_difference(name: str, choices: Choices) -> None:
    net = PRESETS[name].architecture
    variant = build_variant(net, choices)
    if size := choices.kernel_size:  # a window that shrank to what its input allows is another difference
        windows = [layer.kernel_size for layer in variant.layers if isinstance(layer, ConvBase)]
        assume(len(variant.layers) == len(net.layers) and set(windows) <= {1, size})
    assert len(net_labels(net, variant)) == (variant != net)


@settings(deadline=None)
@given(NETS, NETS)
def test_all_differences_of_two_nets_lead_from_one_to_the_other(before: Architecture, after: Architecture) -> None:
    slots = align_nets(before, after)
    changes = find_layer_changes(slots)
    edits = frozenset().union(*(change.edits for change in changes))
    applied = apply_edits(before, slots, edits).layers
    assert find_layer_changes(align_nets(Architecture(input_shape=before.input_shape, layers=applied), after)) == ()
    assert apply_edits(before, slots, frozenset()) == before


NORMED = build_variant(LAB, Choices(normalization="BatchNorm"))
SMALL = Architecture(
    input_shape=(1, 8, 8),
    layers=[Conv2d(out_channels=8, kernel_size=3), ReLU(), Flatten(), Dropout(p=0.2), Linear(out_features=10)],
)


@pytest.mark.parametrize(
    ("before", "after", "labels"),
    [
        (DIGITS, build_variant(DIGITS, Choices(normalization="none")), ["−BatchNorm"]),
        (LAB, NORMED, ["+BatchNorm after each layer with weights but the last"]),
        (
            DIGITS.remove_layer(5).remove_layer(1),
            DIGITS,
            ["+BatchNorm after each convolution"],
        ),
        (LAB, LAB.update_layer(0, kernel_size=3), ["kernel size 10 → 3 in layer 1"]),
        (SMALL, SMALL.update_layer(3, p=0.4), ["dropout 0.2 → 0.4"]),
        (SMALL, SMALL.update_layer(1, kind="GELU"), ["ReLU → GELU"]),
        (
            SMALL,
            SMALL.update_layer(0, kernel_size=5, padding=2),
            ["kernel size 3 → 5 in layer 1", "padding 0 → 2 in layer 1"],
        ),
        (
            SMALL.update_layer(0, padding=1),
            SMALL.update_layer(0, kernel_size=5, padding=2),
            ["kernel size 3 → 5 in layer 1"],
        ),
        (SMALL, SMALL.move_layer(3, 1), ["Dropout moved from layer 4"]),
        (SMALL, SMALL.insert_layer(5, LogSoftmax(dim=1)), ["+LogSoftmax after layer 5"]),
        (
            SMALL,
            SMALL.insert_layer(2, MaxPool2d(kernel_size=2))
            .insert_layer(2, ReLU())
            .insert_layer(2, BatchNorm2d())
            .insert_layer(2, Conv2d(out_channels=16, kernel_size=3)),
            ["+Conv2d with BatchNorm, ReLU and MaxPool after layer 2"],
        ),
        (
            SMALL,
            SMALL.update_layer(0, out_channels=16, kernel_size=5).remove_layer(3),
            ["kernel size 3 → 5 in layer 1", "filters 8 → 16 in layer 1", "−Dropout 0.2"],
        ),
    ],
)
def test_differences_are_named_as_the_field_names_them(
    before: Architecture, after: Architecture, labels: list[str]
) -> None:
    assert sorted(net_labels(before, after)) == sorted(labels)


# ── settings ──


@pytest.mark.parametrize("name", TrainConfig.model_fields)
def test_one_setting_is_one_difference_with_its_name(name: str) -> None:
    if name in ("step_size", "gamma"):
        start, (old, new, label) = TrainConfig(schedule="step"), (None, 0.5, "gamma 0.1 → 0.5")
        if name == "step_size":
            new, label = 5, "step size 10 → 5"
    elif name == "augmentation":
        start, new, label = CONFIG, Augmentation(noise=0.2), "noise 0 → 0.2"
    else:
        old, new, label = SETTINGS[name]
        start = TrainConfig().changed(**{name: old})
    before, after = Setup(LAB, start), Setup(LAB, start.changed(**{name: new}))
    (difference,) = find_differences(before, after)
    assert difference.label == label
    assert apply_differences(before, after, [difference]) == after
    aspects = {"seed": Aspect.SEED, "dataset": Aspect.DATA, "split_kind": Aspect.DATA}
    assert difference.aspect == aspects.get(name, Aspect.SETTING)


def test_several_things_at_once_are_all_named() -> None:
    before = Setup(LAB, TrainConfig())
    after = Setup(NORMED, TrainConfig(batch_size=32, seed=7, learning_rate=0.1).with_augmentation(noise=0.1, flip=True))
    differences = find_differences(before, after)
    assert [difference.label for difference in differences] == [
        "+BatchNorm after each layer with weights but the last",
        "noise 0 → 0.1",
        "+Flip",
        "batch size 64 → 32",
        "learning rate 0.01 → 0.1",
        "another seed",
    ]
    assert apply_differences(before, after, differences) == after
    for difference in differences:  # each one alone is found alone
        single = apply_differences(before, after, [difference])
        assert single
        assert find_differences(before, single) == (difference,)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (TrainConfig(optimizer="Adam"), TrainConfig(optimizer="Adam", momentum=0.1, nesterov=True)),
        (TrainConfig(schedule="cosine"), TrainConfig(schedule="cosine", gamma=0.5, step_size=3)),
        (TrainConfig(schedule="one-cycle"), TrainConfig(schedule="one-cycle", warmup=5)),
        (TrainConfig(momentum=0), TrainConfig(momentum=0, nesterov=True)),
        (TrainConfig(), TrainConfig(loss="NLLLoss")),  # which auto means after LogSoftmax
    ],
)
def test_a_setting_without_effect_makes_no_difference(before: TrainConfig, after: TrainConfig) -> None:
    assert setting_labels(before, after) == []
    assert before.loss != after.loss or without_seed(Setup(LAB, before)) == without_seed(Setup(LAB, after))


@given(st.sampled_from(sorted(OPTIMIZERS)), st.sampled_from(sorted(OPTIMIZERS)))
def test_another_optimizer_brings_its_own_settings_along(one: str, other: str) -> None:
    before, after = (TrainConfig(optimizer=name, momentum=0.9) for name in (one, other))
    assert len(setting_labels(before, after)) == (one != other)


def test_a_difference_that_would_give_no_net_is_refused() -> None:
    before = Setup(SMALL, CONFIG)
    after = Setup(SMALL.update_layer(4, out_features=3), CONFIG)
    (difference,) = find_differences(before, after)
    assert apply_differences(before, after, [difference]) is None
    assert apply_differences(before, after, []) == before
    assert isinstance(difference, Difference)
