from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from cnnviz.architecture import Architecture
from cnnviz.insight.alignment import Slot, align_nets
from cnnviz.insight.differences import MISSING, layer_rows, settings_rows
from cnnviz.insight.single_differences import Setup, find_differences
from cnnviz.layers import BatchNorm2d, Block, Conv2d, Layer, ReLU
from cnnviz.presets import PRESETS
from cnnviz.table import table_rows, trace
from cnnviz.training.config import TrainConfig
from tests.strategies import buildable_nets

LAB = PRESETS["lab-convnet"].architecture
NETS = buildable_nets() | st.sampled_from([preset.architecture for preset in PRESETS.values()])


def test_what_differs_is_what_was_set_otherwise() -> None:
    configs = [TrainConfig(), TrainConfig(learning_rate=0.5, nesterov=True).with_augmentation(time_shift=3)]
    rows = settings_rows(configs, {"words": "Spoken words"})
    assert next(row.values for row in rows if row.name == "Data set") == ("Spoken words", "Spoken words")
    assert {row.name: row.values for row in rows if row.differs} == {
        "Learning rate": ("0.01", "0.5"),
        "Nesterov": ("no", "yes"),
        "Augmentation: time shift": ("0", "3"),
    }
    assert settings_rows([], {}) == []


def test_one_more_layer_shifts_nothing() -> None:
    deeper = LAB.insert_layer((1,), BatchNorm2d())
    different = [row for row in layer_rows([LAB, deeper]) if row.differs]
    assert [(row.values[0], row.values[1].partition("(")[0]) for row in different] == [(MISSING, "BatchNorm2d")]


@given(st.lists(st.sampled_from([preset.architecture for preset in PRESETS.values()]), min_size=1, max_size=4))
def test_every_layer_of_every_net_has_its_place_in_order(architectures: list[Architecture]) -> None:
    table = layer_rows(architectures)
    assert all(len(row.values) == len(architectures) for row in table)
    for column, architecture in enumerate(architectures):
        kinds = [row.values[column].partition("(")[0].strip("· ") for row in table[1:]]
        assert [kind for kind in kinds if kind != MISSING] == [row.kind for row in table_rows(trace(architecture))]
    for row in table[1:]:  # a row is of one kind, and called by it
        assert {value.partition("(")[0] for value in row.values} <= {row.name.rpartition(" ")[0], MISSING}
    assert len({row.name for row in table}) == len(table)


def test_equal_nets_differ_in_nothing() -> None:
    assert not any(row.differs for row in layer_rows([LAB, LAB, LAB]))


def test_the_new_convolution_is_the_one_that_changes_name() -> None:
    """The rows were aligned by the kinds of layers alone, and so the last convolution was taken for the new one."""
    large, small = Conv2d(out_channels=16, kernel_size=5), Conv2d(out_channels=4, kernel_size=3)
    before = Architecture(input_shape=(1, 28, 28), layers=[large, ReLU()])
    after = Architecture(input_shape=(1, 28, 28), layers=[small, ReLU(), large, ReLU()])
    (difference,) = find_differences(Setup(before, TrainConfig()), Setup(after, TrainConfig()))
    assert difference.label == "+Conv2d with ReLU at the beginning"
    different = [row.values for row in layer_rows([before, after]) if row.differs]
    assert different == [(MISSING, "Conv2d(out_channels=4, kernel_size=3)"), (MISSING, "ReLU()")]


def test_a_layer_that_comes_back_has_its_row_again() -> None:
    normed = LAB.insert_layer((1,), BatchNorm2d())
    (row,) = [row for row in layer_rows([normed, LAB, normed]) if row.differs]
    assert [value.partition("(")[0] for value in row.values] == ["BatchNorm2d", MISSING, "BatchNorm2d"]


@given(NETS, NETS)
def test_the_rows_of_two_nets_are_the_slots_of_their_alignment(before: Architecture, after: Architecture) -> None:
    expected: Counter[tuple[str, str]] = Counter()
    waiting = list(align_nets(before, after))
    while waiting:
        slot = waiting.pop()
        expected.update(_expected_rows(slot))
        waiting += [inner for stack in slot.stacks for inner in stack]
    rows = [row.values for row in layer_rows([before, after])[1:]]
    found = Counter(
        tuple(value if value == MISSING else value.partition("(")[0].strip("· ") for value in values) for values in rows
    )
    assert found == expected


def _expected_rows(slot: Slot) -> list[tuple[str, str]]:
    if slot.before and slot.after and slot.before.kind == slot.after.kind:
        rows = [(slot.before.kind, slot.after.kind)]
    else:
        rows = [(layer.kind, MISSING) for layer in [slot.before] if layer]
        rows += [(MISSING, layer.kind) for layer in [slot.after] if layer]
    if not slot.stacks:  # no layer inside these blocks corresponds to one of the other net
        rows += [(kind, MISSING) for kind in _kinds_inside(slot.before)]
        rows += [(MISSING, kind) for kind in _kinds_inside(slot.after)]
    return rows


def _kinds_inside(layer: Layer | None) -> list[str]:
    if not isinstance(layer, Block):
        return []
    inner = [each for stack in layer.stacks for each in stack]
    return [kind for each in inner for kind in (each.kind, *_kinds_inside(each))]
