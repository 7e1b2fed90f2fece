import numpy as np
import pytest

from cnnviz.charts.axes import POINTS
from cnnviz.charts.calibration import DIAGONAL, calibration_spec, calibration_tables, groups_spec, groups_table
from cnnviz.charts.confusion import CELL_SELECTION, MAX_NUMBERED_CLASSES, confusion_spec, confusion_table, drawn_classes
from cnnviz.insight.calibration import calibration
from cnnviz.insight.groups import SampleGroup
from cnnviz.insight.predictions import Predictions

COUNTS = np.array([[3, 1], [0, 0]])


@pytest.mark.parametrize(("shares", "texts"), [(False, ["3", "1", "", ""]), (True, ["75%", "25%", "", ""])])
def test_a_cell_tells_count_and_share_of_its_row(shares: bool, texts: list[str]) -> None:
    table = confusion_table(COUNTS, ("datum['a']", "b"), shares=shares)
    assert table.to_dict("list") == {
        "right": ["datum['a']", "datum['a']", "b", "b"],
        "answer": ["datum['a']", "b", "datum['a']", "b"],
        "count": [3, 1, 0, 0],
        "share": [0.75, 0.25, 0.0, 0.0],
        "text": texts,
    }


def test_a_click_selects_by_both_names_and_numbers_stand_while_there_is_room() -> None:
    few, many = (confusion_spec([str(number) for number in range(count)]) for count in (10, MAX_NUMBERED_CLASSES + 1))
    (param,) = few["layer"][0]["params"]
    assert (param["name"], param["select"]) == (CELL_SELECTION, {"type": "point", "fields": ["right", "answer"]})
    assert (len(few["layer"]), len(many["layer"])) == (2, 1)


def test_of_many_classes_those_with_the_most_mistakes_are_drawn() -> None:
    counts = np.eye(100, dtype=int) * 5
    counts[7, 93] = counts[50, 50] = 9
    assert drawn_classes(counts, limit=2).tolist() == [7, 93]
    assert drawn_classes(counts[:4, :4]).tolist() == [0, 1, 2, 3]
    assert len(confusion_table(counts, [str(n) for n in range(100)], shares=False)) == 60 * 60


def test_bins_without_samples_are_not_drawn() -> None:
    probabilities = np.array([[0.95, 0.05], [0.55, 0.45]], np.float32)
    tables = calibration_tables(calibration(Predictions(probabilities, np.array([0, 1]), ("a", "b"))))
    assert tables[POINTS][["low", "high", "accuracy", "samples"]].values.tolist() == [[0.5, 0.6, 0, 1], [0.9, 1, 1, 1]]
    assert tables[DIAGONAL].values.tolist() == [[0, 0], [1, 1]]
    assert all("title" in layer["encoding"]["x"] for layer in calibration_spec()["layer"])


def test_a_group_has_a_row_with_its_interval() -> None:
    table = groups_table([SampleGroup("anna", 3, 4)])
    assert table[["name", "accuracy", "hits", "samples"]].values.tolist() == [["anna", 0.75, 3, 4]]
    assert table["low"][0] < 0.75 < table["high"][0]
    assert groups_spec(30)["height"] > groups_spec(3)["height"]
