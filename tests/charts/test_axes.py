"""Styles are told apart by all eyes."""

import re
from itertools import combinations
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest

from cnnviz.charts.axes import COLOURS, DASHES, GOAL, GOAL_LABEL_HEIGHT, POINTS, goal_line_table, stack_curves
from cnnviz.charts.compare import pareto_spec, pareto_tables
from cnnviz.charts.curve import OFFSCREEN_EPOCH, Curve
from cnnviz.charts.seed_band import band_spec, band_table
from cnnviz.takehome.svg import render_svg

EYES = {
    "all cones": np.eye(3),
    "no red": [[0.152, 1.053, -0.205], [0.115, 0.786, 0.099], [-0.004, -0.048, 1.052]],
    "no green": [[0.367, 0.861, -0.228], [0.280, 0.673, 0.047], [-0.012, 0.043, 0.969]],
}
"""What is left of linear RGB; source: Machado, Oliveira & Fernandes (2009), severity 1."""
TO_XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
WHITE = np.array([0.9505, 1.0, 1.089])

Vector = npt.NDArray[np.float64]


def linear(colour: str) -> Vector:
    channels = np.array([int(colour[at : at + 2], 16) for at in (1, 3, 5)]) / 255
    return np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)


def lab(rgb: Vector) -> Vector:
    share = TO_XYZ @ rgb.clip(0, 1) / WHITE
    x, y, z = np.where(share > 0.008856, np.cbrt(share), 7.787 * share + 16 / 116)
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


@pytest.mark.parametrize("eye", EYES)
def test_any_two_colours_are_told_apart(eye: str) -> None:
    for first, second in combinations(COLOURS, 2):
        difference = lab(EYES[eye] @ linear(first)) - lab(EYES[eye] @ linear(second))
        assert np.linalg.norm(difference) > 15, (first, second)  # a difference of 2 can be seen


def test_line_styles_differ() -> None:
    assert len(set(DASHES)) == len(DASHES)


def test_an_empty_line_has_one_value_out_of_sight_that_the_axis_covers_anyway() -> None:
    empty = Curve(np.array([]), np.array([]))
    table = stack_curves([(empty, {"line": "a"}), (Curve(np.array([1.0]), np.array([0.25])), {"line": "b"})])
    assert table.to_pandas().to_dict("list") == {
        "epoch": [OFFSCREEN_EPOCH, 1.0],
        "value": [0.25, 0.25],
        "line": ["a", "b"],
    }
    assert stack_curves([(empty, {"line": "a"})]).to_pandas().value.tolist() == [1.0]


ACCURACIES = np.linspace(0.3, 0.85, 10)
BAND = (
    band_spec(10, ["these"]),
    {
        POINTS: band_table(
            {"these": [Curve(np.arange(1.0, 11), ACCURACIES), Curve(np.arange(1.0, 11), ACCURACIES - 0.05)]}
        )
    },
)
TRADE = (
    pareto_spec("parameters"),
    pareto_tables([str(place) for place in range(10)], ["words"] * 10, np.arange(1.0, 11), ACCURACIES, 0.9),
)


@pytest.mark.parametrize("goal", [0.5, 0.9, 1.0])
@pytest.mark.parametrize(("spec", "tables"), [BAND, TRADE], ids=["band", "trade-off"])
def test_the_label_of_the_goal_stays_inside_the_chart(
    spec: dict[str, Any], tables: dict[str, pd.DataFrame], goal: float
) -> None:
    """With no value above the goal, its line is the upper edge of the chart, and its label lay over the legend."""
    drawn = tables | {GOAL: goal_line_table(goal)}
    svg = render_svg(spec | {"datasets": {name: table.to_dict("records") for name, table in drawn.items()}})
    (label,) = re.findall(r'transform="translate\([\d.-]+,([\d.-]+)\)"[^>]*>goal [\d.]+</text>', svg)
    assert GOAL_LABEL_HEIGHT / 2 < float(label) < spec["height"]
