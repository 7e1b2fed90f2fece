import numpy as np
import pytest

from cnnviz.charts.axes import DASHES
from cnnviz.charts.curve import OFFSCREEN_EPOCH, Curve
from cnnviz.charts.learning import SMOOTHED, SPLIT_COLOURS, goal_table, learning_spec, learning_table

LINES = {"train": Curve(np.array([1.0, 2.0]), np.array([0.5, 0.6])), "test": Curve(np.array([2.0]), np.array([0.45]))}


def layers(**look: object) -> list[dict]:
    return learning_spec("loss", 30, **look)["layer"]


def test_the_table_has_every_value_of_every_curve_and_one_out_of_sight_where_there_is_none() -> None:
    table = learning_table(LINES).to_pandas()
    assert table[table.epoch >= 0].to_dict("list") == {
        "epoch": [1.0, 2.0, 2.0],
        "value": [0.5, 0.6, 0.45],
        "split": ["train", "train", "test"],
        "run": ["this run"] * 3,
    }
    assert list(table[table.epoch < 0].split) == ["batch", "validation"]
    assert list(learning_table({}).to_pandas().split) == list(SPLIT_COLOURS)


def test_curves_of_other_runs_and_the_smoothed_loss_stand_in_the_same_table() -> None:
    validation = Curve(np.array([1.0]), np.array([0.7]))
    table = learning_table(LINES | {SMOOTHED: validation}, {"the other": {"validation": validation}}).to_pandas()
    assert table[table.split == SMOOTHED].value.tolist() == [0.7]
    assert table[table.run == "the other"].to_dict("records") == [
        {"epoch": 1.0, "value": 0.7, "split": "validation", "run": "the other"}
    ]


def test_the_chart_depends_on_what_was_chosen_alone_and_draws_every_split() -> None:
    assert learning_spec("loss", 30) == learning_spec("loss", 30)
    assert learning_spec("loss", 30)["encoding"]["color"]["scale"]["domain"] == list(SPLIT_COLOURS)
    filters = str([layer["transform"] for layer in layers()])
    assert all(f"'{split}'" in filters for split in SPLIT_COLOURS)


def test_the_legend_names_the_test_once_there_is_one() -> None:
    def named(**look: bool) -> list[str]:
        names: list[str] = learning_spec("accuracy", 30, **look)["encoding"]["color"]["legend"]["values"]
        return names

    assert named(tested=False) == ["train", "validation"]
    assert named(tested=True) == ["train", "validation", "test"]


def test_only_the_loss_is_drawn_on_a_log_axis() -> None:
    def scale(metric: str) -> dict:
        return learning_spec(metric, 30, log=True)["encoding"]["y"]["scale"]

    assert scale("loss") == {"type": "log", "nice": True}
    assert scale("accuracy") == scale("macro F1") == {"domain": [0, 1.02], "nice": False}


def test_a_smoothed_loss_is_drawn_over_a_faint_one() -> None:
    plain, smooth = layers(), layers(smooth=True)
    assert smooth[0]["mark"]["opacity"] < plain[0]["mark"]["opacity"]
    assert [layer for layer in smooth[1:] if layer not in plain] == [smooth[1]]
    assert smooth[1]["transform"] == [{"filter": f"datum.split == '{SMOOTHED}'"}]


def test_each_run_has_a_line_style_of_its_own_that_the_legend_names() -> None:
    (styles,) = [
        layer["encoding"]["strokeDash"]
        for layer in layers(others=["a", "b"])
        if "strokeDash" in layer.get("encoding", {})
    ]
    assert styles["scale"] == {"domain": ["this run", "a", "b"], "range": [list(dash) for dash in DASHES[:3]]}
    assert styles["legend"]["labelLimit"] > 400


def test_the_goal_is_drawn_where_it_is_asked_for() -> None:
    with_goal, without = learning_spec("accuracy", 30, goal=True), learning_spec("accuracy", 30)
    added = [layer for layer in with_goal["layer"] if layer not in without["layer"]]
    assert {layer["data"]["name"] for layer in added} == {"goal"}
    assert [layer["mark"]["type"] for layer in added] == ["rule", "rule", "point", "text", "text"]


@pytest.mark.parametrize(
    ("reached", "expected"),
    [
        ((12.0, 0.91), {"epoch": 12.0, "value": 0.91, "goal": 0.9, "label": "0.90 reached: epoch 12"}),
        (None, {"epoch": OFFSCREEN_EPOCH, "value": 0.9, "goal": 0.9, "label": ""}),
    ],
)
def test_the_place_where_a_goal_is_reached_has_a_label(
    reached: tuple[float, float] | None, expected: dict[str, object]
) -> None:
    assert goal_table(0.9, reached).to_pylist() == [expected]
