"""Tables and specifications of explanations."""

import numpy as np
import pytest
from vl_convert import vegalite_to_svg

from cnnviz.charts.relevance import (
    MAX_COLUMNS,
    MAX_POINTS,
    MAX_ROWS,
    cells_spec,
    cells_table,
    describe_peak,
    drawn_axes,
    legend_format,
    plane,
    probabilities_spec,
    probabilities_table,
    sample_plane,
)

SOUND = np.arange(12, dtype=np.float32).reshape(4, 3)


def test_time_is_to_the_right_and_bands_are_upwards() -> None:
    values, names = plane(SOUND, ("channel", "time", "band"))
    assert names == ("band", "time")
    np.testing.assert_array_equal(values, SOUND.T)
    band, time = drawn_axes(names, 0.01)
    assert (time.title, time.step, band.downwards) == ("time in seconds", 0.01, False)


def test_rows_of_a_picture_go_down_and_a_volume_is_averaged_along_its_depth() -> None:
    volume = np.random.default_rng(0).random((1, 3, 4, 5)).astype(np.float32)
    values, names = sample_plane(volume, ("channel", "depth", "height", "width"))
    assert names == ("height", "width")
    np.testing.assert_allclose(values, volume[0].mean(axis=0))
    assert [axis.downwards for axis in drawn_axes(names)] == [True, False]


def test_bands_as_channels_are_a_plane_of_their_own() -> None:
    values, names = sample_plane(SOUND, ("band", "time"))
    assert names == ("band", "time")
    np.testing.assert_array_equal(values, SOUND)


@pytest.mark.parametrize("shape", [(9,), (5000,), (20, 30), (300, 700)])
def test_cells_cover_the_axes_without_gaps_and_keep_the_mean(shape) -> None:
    values = np.random.default_rng(0).random(shape).astype(np.float32)
    axes = drawn_axes(("height", "width")[-len(shape) :])
    table = cells_table(values, axes)
    if len(shape) == 1:
        assert len(table) <= MAX_POINTS
        return
    assert len(table) <= MAX_ROWS * MAX_COLUMNS
    area = (table["x2"] - table["x"]) * (table["y2"] - table["y"])
    assert area.sum() == values.size
    assert (area * table["value"]).sum() / values.size == pytest.approx(values.mean(), rel=1e-4)


def test_the_peak_is_named_in_the_units_of_the_axes() -> None:
    values = np.zeros((3, 50), np.float32)
    values[2, 30] = 1
    text = describe_peak(values, drawn_axes(("band", "time"), 0.01))
    assert text == "largest at time in seconds 0.3, band, low to high 2"


def test_the_asked_class_is_drawn_first_and_then_the_likeliest_of_any_case() -> None:
    before = np.array([0.1, 0.6, 0.1, 0.1, 0.1, 0.0, 0.0], np.float32)
    after = np.array([0.0, 0.1, 0.0, 0.0, 0.0, 0.2, 0.7], np.float32)
    table = probabilities_table({"before": before, "after": after}, list("abcdefg"), 5)
    assert list(dict.fromkeys(table["class"])) == ["f", "g", "b", "a", "c"]
    assert table[(table["class"] == "g") & (table["case"] == "after")]["probability"].item() == pytest.approx(0.7)
    svg = vegalite_to_svg({**probabilities_spec(table), "data": {"values": table.to_dict("records")}})
    assert "before" in svg
    assert "after" in svg


@pytest.mark.parametrize("names", [("time",), ("height", "width")])
@pytest.mark.parametrize("signed", [True, False])
def test_specifications_are_vega_lite(names, signed) -> None:
    axes = drawn_axes(names)
    table = cells_table(np.linspace(-1, 2, 12, dtype=np.float32).reshape((3, 4) if len(names) == 2 else (12,)), axes)
    spec = cells_spec(axes, table, value_title="relevance", signed=signed)
    assert names[-1] in vegalite_to_svg({**spec, "data": {"values": table.to_dict("records")}})


@pytest.mark.parametrize("bounds", [(0, 1), (0.0251, 0.0254), (-3, 5), (1e-9, 1.0001e-9), (100, 101)])
def test_the_numbers_of_a_legend_differ(bounds) -> None:
    low, high = bounds
    template = legend_format(bounds).replace("~", "")  # d3's ~ only takes zeros at the end away
    assert len({format(value, template) for value in (low, (low + high) / 2, high)}) == 3
