from hypothesis import given
from hypothesis import strategies as st

from cnnviz.architecture import Architecture
from cnnviz.insight.differences import MISSING, layer_rows, settings_rows
from cnnviz.layers import BatchNorm2d
from cnnviz.presets import PRESETS
from cnnviz.table import table_rows, trace
from cnnviz.training.config import TrainConfig

LAB = PRESETS["lab-convnet"].architecture


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
