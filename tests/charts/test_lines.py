import numpy as np
import pytest

from cnnviz.charts.curve import Curve
from cnnviz.charts.lines import lines_spec, lines_table, ordered_colours


def test_the_table_has_every_line_by_name() -> None:
    curve = Curve(np.array([1.0, 2.0]), np.array([0.1, 0.2]))
    assert lines_table({"1 Conv2d": curve, "4 Linear": curve[:1]}).to_pandas().to_dict("list") == {
        "epoch": [1.0, 2.0, 1.0],
        "value": [0.1, 0.2, 0.1],
        "line": ["1 Conv2d", "1 Conv2d", "4 Linear"],
    }


@pytest.mark.parametrize("count", [1, 5, 20])
def test_twenty_lines_are_told_apart_by_colour_and_style(count: int) -> None:
    spec = lines_spec("norm of the gradient", 30, [f"{place} Conv2d" for place in range(count)], log=True)
    colours = spec["encoding"]["color"]["scale"]["range"]
    dashes = spec["layer"][0]["encoding"]["strokeDash"]["scale"]["range"]
    assert len({(colour, tuple(dash)) for colour, dash in zip(colours, dashes, strict=True)}) == count


def test_the_colours_of_layers_follow_their_order() -> None:
    """Blue falls and red rises from the first layer to the last."""
    shades = [(int(colour[1:3], 16), int(colour[5:], 16)) for colour in ordered_colours(20)]
    assert [red for red, _ in shades] == sorted({red for red, _ in shades})
    assert [blue for _, blue in shades] == sorted({blue for _, blue in shades}, reverse=True)


def test_the_legend_lets_the_chart_be_as_high_as_without() -> None:
    few_lines, many_lines = (lines_spec("throughput", 30, [str(place) for place in range(count)]) for count in (1, 60))
    assert few_lines["encoding"]["color"]["legend"] is None
    assert many_lines["height"] - few_lines["height"] >= 20 * 30
    assert many_lines["encoding"]["color"]["legend"]["symbolLimit"] == 0
