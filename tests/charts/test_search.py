import pytest

from cnnviz.charts.axes import GOAL
from cnnviz.charts.search import (
    BEST,
    DONE,
    FAILED,
    LINES,
    PRUNED,
    RUNNING,
    RUNS,
    STATES,
    TICKS,
    TrialResult,
    history_spec,
    history_tables,
    importance_spec,
    importance_table,
    parallel_spec,
    parallel_tables,
)
from cnnviz.search.space import CategoricalParameter, RangeParameter

PARAMETERS = {
    "learning_rate": RangeParameter(1e-4, 1e-1, 1e-2, is_log=True),
    "depth": RangeParameter(1, 3, 1, is_integer=True),
    "dropout": CategoricalParameter((None, 0.1, 0.4), None),
}
TRIED = [
    TrialResult(1, {"learning_rate": 1e-4, "depth": 3, "dropout": None}, 0.75, DONE),
    TrialResult(2, {"learning_rate": 1e-1, "depth": 1, "dropout": 0.4}, 0.25, PRUNED),
    TrialResult(3, {"learning_rate": 1e-1, "depth": 2, "dropout": 0.1}, None, FAILED),
    TrialResult(4, {"learning_rate": 1e-1, "depth": 2, "dropout": 0.1}, 0.8, RUNNING),
]


def test_the_history_has_every_run_that_was_measured_and_the_best_so_far() -> None:
    tables = history_tables(TRIED, 0.9)
    assert tables[RUNS].to_dict("list") == {
        "run": [1, 2, 4],
        "accuracy": [0.75, 0.25, 0.8],
        "state": [DONE, PRUNED, RUNNING],
    }
    assert tables[BEST].to_dict("list") == {"run": [1, 2, 4], "best": [0.75, 0.75, 0.8]}
    assert tables[GOAL].to_dict("list") == {"goal": [0.9], "label": ["goal 0.90"]}


def test_each_state_is_told_by_colour_and_shape() -> None:
    points = history_spec(60)["layer"][-1]["encoding"]
    looks = {name: points[name]["scale"] for name in ("color", "shape")}
    assert all(scale["domain"] == list(STATES) for scale in looks.values())
    assert len(set(zip(*(scale["range"] for scale in looks.values()), strict=True))) == len(STATES)


def test_the_most_important_parameter_stands_first() -> None:
    assert importance_table({"depth": 0.3, "learning_rate": 0.6, "width": 0.1}).to_dict("list") == {
        "parameter": ["Learning rate", "Depth", "Width"],
        "share": [0.6, 0.3, 0.1],
    }
    assert importance_spec(3)["height"] > importance_spec(1)["height"]


def test_each_run_crosses_each_axis_at_its_value_and_the_best_is_drawn_last() -> None:
    lines = parallel_tables(TRIED, PARAMETERS)[LINES]
    assert list(dict.fromkeys(lines["run"])) == [2, 1, 4]
    assert lines[lines["run"] == 1].to_dict("list") == {
        "run": [1] * 4,
        "axis": ["Learning rate", "Depth", "Dropout", "Accuracy"],
        "place": [0.0, 1.0, 0.0, 0.75],
        "value": ["0.0001", "3", "as it is", "0.7500"],
        "accuracy": [0.75] * 4,
    }


def test_each_axis_has_marks_of_its_own() -> None:
    ticks = parallel_tables([], PARAMETERS)[TICKS]
    labels_by_axis = {axis: list(part["label"]) for axis, part in ticks.groupby("axis", sort=False)}
    assert labels_by_axis == {
        "Learning rate": ["0.0001", "0.001", "0.01", "0.1"],
        "Depth": ["1", "2", "3"],
        "Dropout": ["as it is", "0.1", "0.4"],
        "Accuracy": ["0", "0.25", "0.5", "0.75", "1"],
    }
    assert ticks[ticks["axis"] == "Learning rate"]["place"].tolist() == pytest.approx([0, 1 / 3, 2 / 3, 1])
    assert parallel_spec(list(PARAMETERS))["layer"][0]["encoding"]["x"]["scale"]["domain"] == list(labels_by_axis)


def test_the_charts_do_not_depend_on_what_comes() -> None:
    """A browser keeps a chart whose specification stays."""
    assert history_spec(60) == history_spec(60)
    assert all("datasets" not in spec for spec in (history_spec(9), importance_spec(2), parallel_spec(["width"])))


def test_a_search_that_has_not_begun_has_empty_tables() -> None:
    assert [len(table) for table in history_tables([], 0.9).values()] == [0, 0, 1]
    assert len(parallel_tables([], PARAMETERS)[LINES]) == len(importance_table({})) == 0
