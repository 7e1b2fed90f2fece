import pytest

from cnnviz.presets import PRESETS
from cnnviz.ui.stack import Act, act, rows

LAB = PRESETS["lab-convnet"].architecture


def test_rows_show_shape_formula_parameters_and_arguments() -> None:
    first = rows(LAB)[0]
    assert first["arguments"] == "in_channels=1, out_channels=10, kernel_size=10"
    assert (first["shape"], first["parameters"], first["error"]) == ("10 × 90 × 17", "1,010", None)
    assert first["formula"].splitlines()[1] == "⌊(26 + 2·0 − 10) / 1⌋ + 1 = 17"


def test_rows_behind_a_refusal_are_kept_without_shape() -> None:
    kept = rows(LAB.replaced(1, kernel_size=50))
    assert len(kept) == len(LAB.layers)
    assert kept[0]["shape"]
    assert "a window of 50 does not fit a width of 17" in kept[1]["error"]
    assert kept[1]["mend"] == "Set kernel_size to (50, 17)"
    assert all(row["shape"] == "" and row["error"] is None for row in kept[2:])


@pytest.mark.parametrize(
    "sent",
    [
        None,
        "select",
        {},
        {"op": "select"},
        {"op": "delete", "index": 0},
        {"op": "select", "index": -1},
        {"op": "select", "index": 9},
        {"op": "select", "index": True},
        {"op": "select", "index": "0"},
        {"op": "mend", "index": 1.0},
        {"op": ["select"], "index": 0},
    ],
)
def test_what_is_no_act_on_a_layer_is_ignored(sent: object) -> None:
    assert act(sent, layers=9) is None


def test_acts_on_layers_are_taken() -> None:
    assert act({"op": "select", "index": 8}, layers=9) == Act("select", 8)
    assert act({"op": "mend", "index": 0, "more": "ignored"}, layers=9) == Act("mend", 0)
