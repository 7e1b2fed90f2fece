"""Styles are told apart by all eyes."""

from itertools import combinations

import numpy as np
import numpy.typing as npt
import pytest

from cnnviz.charts.axes import COLOURS, DASHES, stack_curves
from cnnviz.charts.curve import OFFSCREEN_EPOCH, Curve

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
