import json

import pytest

from cnnviz.architecture import Architecture
from cnnviz.calculator.operation import EXAMPLE_DESIGNS
from cnnviz.layers import AvgPool1d, Conv1d, MaxPool1d
from cnnviz.ui.shapes.sliding_window import component_data


@pytest.mark.parametrize("title", EXAMPLE_DESIGNS)
def test_a_browser_gets_three_axes_and_plain_json(title: str) -> None:
    data = json.loads(json.dumps(component_data(EXAMPLE_DESIGNS[title])))
    assert len(data["tracks"]) == 3
    depth, height, width = data["tracks"]
    assert len(data["result"]) == len(depth["windows"])
    assert len(data["result"][0]) == len(height["windows"])
    assert len(data["result"][0][0]) == len(width["windows"])
    assert len(data["axes"]) == len(data["steps"]) == len(EXAMPLE_DESIGNS[title].input_shape) - 1


def test_results_are_written_as_people_write_them() -> None:
    def results(layer: object, size: int) -> list[str]:
        given = component_data(Architecture(input_shape=(1, size), layers=[layer]))  # type: ignore[list-item]
        return list(given["result"][0][0])

    assert all(text.lstrip("−").isdigit() for text in results(Conv1d(out_channels=1, kernel_size=3), 9))
    assert any("." in text for text in results(AvgPool1d(kernel_size=4, stride=1), 12))
    assert results(MaxPool1d(kernel_size=2, padding=1, dilation=2), 1) == ["−∞"]
