import numpy as np
import pytest

from cnnviz.charts.axes import GOAL
from cnnviz.charts.compare import MAX_NAMED_RUNS, RUNS, compare_spec, compare_table, pareto_spec, pareto_tables
from cnnviz.charts.curve import Curve

CURVE = Curve(np.array([1.0, 2.0]), np.array([0.1, 0.2]))


def test_the_table_has_every_curve_by_run_and_split() -> None:
    table = compare_table({"one": {"train": CURVE}, "two": {"validation": CURVE[:1]}})
    assert table.to_dict("list") == {
        "epoch": [1.0, 2.0, 1.0],
        "value": [0.1, 0.2, 0.1],
        "measured": [0.1, 0.2, 0.1],
        "run": ["one", "one", "two"],
        "split": ["train", "train", "validation"],
    }


def test_a_run_that_diverges_does_not_flatten_the_others() -> None:
    diverged = Curve(np.array([1.0, 2.0, 3.0]), np.array([2.5, 1e6, 7e17]))
    table = compare_table({"usual": {"train": CURVE}, "diverged": {"train": diverged}})
    assert table["value"].max() <= 5
    assert table["measured"].tolist() == [0.1, 0.2, 2.5, 1e6]  # where it leaves the chart
    alone = compare_table({"diverged": {"train": diverged}})
    assert alone["value"].tolist() == alone["measured"].tolist() == [2.5, 1e6, 7e17]


@pytest.mark.parametrize("count", [1, 5, MAX_NAMED_RUNS])
def test_runs_are_told_apart_by_colour_and_style(count: int) -> None:
    spec = compare_spec("loss", 30, [str(place) for place in range(count)])
    colours = spec["encoding"]["color"]["scale"]["range"]
    dashes = spec["layer"][1]["encoding"]["strokeDash"]["scale"]["range"]
    assert len({(colour, tuple(dash)) for colour, dash in zip(colours, dashes, strict=True)}) == count
    assert spec["encoding"]["color"]["legend"]


def test_more_runs_than_there_are_styles_have_no_legend() -> None:
    spec = compare_spec("loss", 30, [str(place) for place in range(200)], log=True)
    assert spec["encoding"]["color"]["legend"] is None
    assert len(spec["encoding"]["color"]["scale"]["range"]) == 200
    assert spec["encoding"]["y"]["scale"]["type"] == "log"


def test_the_trade_marks_who_is_on_the_front_and_the_goal() -> None:
    data = ["words", "words", "words"]
    tables = pareto_tables(["a", "b", "c"], data, np.array([10.0, 20.0, 30.0]), np.array([0.5, 0.4, 0.9]), 0.9)
    assert tables[RUNS].to_dict("list") == {
        "run": ["a", "b", "c"],
        "data": data,
        "cost": [10.0, 20.0, 30.0],
        "accuracy": [0.5, 0.4, 0.9],
        "kind": ["on the Pareto front", "others", "on the Pareto front"],
    }
    apart = pareto_tables(["a", "b"], ["words", "digits"], np.array([10.0, 20.0]), np.array([0.5, 0.4]), 0.985)
    assert set(apart[RUNS]["kind"]) == {"on the Pareto front"}  # nobody is beaten on other data
    assert apart[GOAL]["label"].tolist() == ["goal 0.985"]
    assert tables[GOAL].to_dict("list") == {"goal": [0.9], "label": ["goal 0.90"]}
    titles = {
        layer["encoding"]["x"].get("title") for layer in pareto_spec("parameters")["layer"] if "x" in layer["encoding"]
    }
    assert titles == {None, "parameters"}
