import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnnviz.charts.curve import Curve, downsample, downsample_in_range, drop_undrawable, first_reaching, smooth_curve

values = st.lists(st.floats(-5, 5), min_size=1, max_size=3000)
bounds = st.integers(100, 1000)


def curve_of(numbers: list[float]) -> Curve:
    return Curve(np.arange(len(numbers)) / 10, np.array(numbers))


def pairs(curve: Curve) -> list[tuple[float, float]]:
    return list(zip(curve.epochs.tolist(), curve.values.tolist(), strict=True))


@given(values, bounds)
def test_thinning_chooses_points_in_order_the_ends_and_the_extremes_among_them(numbers: list[float], most: int) -> None:
    curve = curve_of(numbers)
    thin = downsample(curve, most)
    assert len(thin.values) <= most
    assert set(pairs(thin)) <= set(pairs(curve))
    assert (np.diff(thin.epochs) > 0).all()
    assert pairs(thin)[:: max(len(thin.values) - 1, 1)] == pairs(curve)[:: max(len(numbers) - 1, 1)]
    assert (thin.values.min(), thin.values.max()) == (min(numbers), max(numbers))


def test_a_line_that_is_drawn_stays_still_while_it_grows() -> None:
    noise = np.random.default_rng(0).normal(size=100_500)
    before, after = (downsample(curve_of(noise[:count].tolist())) for count in (100_000, 100_500))
    settled = before.epochs < 98_304 / 10
    assert settled.sum() > 700
    assert before.epochs[settled].tolist() == after.epochs[: settled.sum()].tolist()


@given(values, st.tuples(st.floats(-50, 400), st.floats(-50, 400)).map(sorted), bounds)
def test_all_values_in_sight_are_drawn_unless_they_are_too_many(
    numbers: list[float], window: list[float], most: int
) -> None:
    curve = curve_of(numbers)
    first, last = window
    drawn = downsample_in_range(curve, (first, last), most)
    in_sight = [point for point in pairs(curve) if first <= point[0] <= last]
    shown = [point for point in pairs(drawn) if first <= point[0] <= last]
    assert set(pairs(drawn)) <= set(pairs(curve))
    assert (np.diff(drawn.epochs) > 0).all()
    assert len(drawn.values) <= most + 2 * (most // 4)
    if len(in_sight) + 2 <= most:
        assert shown == in_sight


def test_without_a_window_the_whole_line_is_in_sight() -> None:
    curve = curve_of(list(range(5000)))
    assert pairs(downsample_in_range(curve, None)) == pairs(downsample(curve))


@given(st.lists(st.floats(-5, 5), min_size=1, max_size=50), st.floats(0, 0.99))
def test_smoothing_is_the_weighted_mean_of_what_came_before(numbers: list[float], weight: float) -> None:
    weights = [weight**k for k in range(len(numbers))]
    expected = [
        np.average(numbers[: t + 1][::-1], weights=weights[: t + 1]) if weight else numbers[t]
        for t in range(len(numbers))
    ]
    assert np.allclose(smooth_curve(curve_of(numbers), weight).values, expected)


def test_what_is_no_number_is_not_drawn_and_on_a_log_axis_nothing_up_to_0() -> None:
    curve = curve_of([1.0, np.nan, 0.0, np.inf, -1.0, 2.0])
    assert drop_undrawable(curve).values.tolist() == [1, 0, -1, 2]
    assert drop_undrawable(curve, log=True).values.tolist() == [1, 2]
    assert drop_undrawable(curve, log=True).epochs.tolist() == [0, 0.5]


@pytest.mark.parametrize(("goal", "there"), [(0.5, (0.1, 0.5)), (0.9, (0.3, 0.95)), (0.99, None)])
def test_a_goal_is_reached_where_a_value_is_first_at_or_above_it(
    goal: float, there: tuple[float, float] | None
) -> None:
    assert first_reaching(curve_of([0.2, 0.5, 0.4, 0.95, 0.9]), goal) == (there and pytest.approx(there))
