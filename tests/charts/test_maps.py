"""Charts of feature maps: every number that is drawn is one of the layer's, at its place."""

import numpy as np
import pytest

from cnnviz.charts.maps import SCALE_WIDTH, MapStrip, describe_values, features_figure, maps_figure, with_frame


def pictures(count: int = 5) -> MapStrip:
    random = np.random.default_rng(0)
    maps = tuple(random.normal(size=(7, 9)).astype(np.float32) for _ in range(count))
    return MapStrip(tuple(map(str, range(count))), maps, "time", "band")


@pytest.mark.parametrize("upwards", [False, True])
def test_every_value_of_a_picture_is_drawn_once_at_its_place(upwards: bool) -> None:
    strip = pictures()
    strip = MapStrip(strip.titles, strip.maps, "time", "band", upwards=upwards)
    (trace,) = maps_figure(strip, columns=2).data
    drawn = np.asarray(trace.z)
    assert np.isfinite(drawn).sum() == 5 * 7 * 9
    first = drawn[:7, :9]
    np.testing.assert_array_equal(first[::-1] if upwards else first, strip.maps[0])


def test_on_its_own_scale_a_map_goes_from_0_to_1_and_keeps_its_numbers_below_the_mouse() -> None:
    strip = pictures()
    (trace,) = maps_figure(strip, own_scale=True).data
    assert np.nanmin(trace.z) == 0
    assert np.nanmax(trace.z) == 1
    np.testing.assert_array_equal(np.asarray(trace.customdata)[:7, :9], strip.maps[0])


def test_a_common_scale_has_0_in_the_middle_where_there_are_both_signs() -> None:
    (trace,) = maps_figure(pictures()).data
    assert trace.zmin == -trace.zmax
    positive = MapStrip(("0",), (np.ones((2, 2), np.float32) * [[1, 2], [3, 4]],), "time", "band")
    (trace,) = maps_figure(positive).data
    assert (trace.zmin, trace.zmax) == (1, 4)


@pytest.mark.parametrize("own_scale", [False, True])
def test_lines_keep_their_numbers(own_scale: bool) -> None:
    maps = tuple(np.random.default_rng(1).normal(size=11).astype(np.float32) for _ in range(3))
    (trace,) = maps_figure(MapStrip(("a", "b", "c"), maps, "time"), own_scale=own_scale).data
    numbers = np.asarray(trace.customdata)[:, 1]
    np.testing.assert_array_equal(numbers[np.isfinite(numbers)], np.concatenate(maps))


def test_the_axes_are_named_and_count_from_0() -> None:
    layout = maps_figure(pictures()).layout
    assert (layout.xaxis.title.text, layout.yaxis.title.text) == ("time", "band")
    assert layout.xaxis.ticktext[0] == "0"


def test_bars_have_the_names_of_classes_where_there_are_as_many() -> None:
    figure = features_figure(np.array([1, -2], np.float32), ["yes", "no"])
    assert figure.layout.xaxis.title.text == "class"
    assert list(figure.data[0].y) == [1, -2]
    assert features_figure(np.array([1, -2], np.float32), []).layout.xaxis.title.text == "feature"


@pytest.mark.parametrize("values", [np.full((3, 4), np.nan), np.zeros((3, 4)), np.full((3, 4), np.inf)])
@pytest.mark.parametrize("own_scale", [False, True])
def test_values_without_a_spread_or_without_a_number_are_drawn(values: np.ndarray, own_scale: bool) -> None:
    strip = MapStrip(("0",), (values.astype(np.float32),), "time", "band")
    assert len(maps_figure(strip, own_scale=own_scale).data) == 1
    assert describe_values(values.astype(np.float32))


def test_a_frame_lies_around_its_part() -> None:
    strip = pictures(1)
    (frame,) = with_frame(maps_figure(strip), strip, [(2, 4), (3, 6)]).layout.shapes
    assert (frame.x0, frame.x1, frame.y0, frame.y1) == (2.5, 5.5, 1.5, 3.5)


@pytest.mark.parametrize("count", [1, 3, 16])
def test_a_picture_has_square_cells_in_a_figure_as_wide_as_its_maps(count: int) -> None:
    maps = tuple(np.zeros((8, 8), np.float32) for _ in range(count))
    layout = maps_figure(MapStrip(("0",) * count, maps, "width", "height")).layout
    assert layout.yaxis.scaleanchor == "x"
    columns, rows = (abs(axis.range[1] - axis.range[0]) for axis in (layout.xaxis, layout.yaxis))
    height = (layout.height - layout.margin.t - layout.margin.b) / rows
    width = (layout.width - layout.margin.l - layout.margin.r - SCALE_WIDTH) / columns
    assert width == pytest.approx(height, rel=0.05)
