import numpy as np
import pytest

from cnnviz.activations import ACTIVATIONS
from cnnviz.charts.activation import COLOURS, activation_figure, gallery_figure
from cnnviz.charts.experiments import gradients_by_layer_figure, histograms_figure
from cnnviz.charts.lines import ordered_colours


def test_the_gallery_has_value_and_slope_of_every_activation() -> None:
    figure = gallery_figure((-3.0, 3.0), 0.5)
    assert [title.text for title in figure.layout.annotations] == list(ACTIVATIONS)
    for name, activation in ACTIVATIONS.items():
        value, slope = [trace for trace in figure.data if trace.meta == name]
        assert np.array_equal(value.y, activation.curve(np.array(value.x))[0])
        assert np.array_equal(slope.y, activation.curve(np.array(slope.x))[1])


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_a_tangent_touches_its_curve_with_its_slope_and_has_its_colour(name: str) -> None:
    figure = activation_figure([name], derivative=False, point=-1.3)
    (place, tangent), *_ = [(n, trace) for n, trace in enumerate(figure.data) if trace.name == f"{name}, tangent"]
    value, slope = (float(curve[0]) for curve in ACTIVATIONS[name].curve(np.array([-1.3])))
    left, middle, right = tangent.y
    assert middle == pytest.approx(value)
    assert (right - left) / (tangent.x[2] - tangent.x[0]) == pytest.approx(slope)
    assert place % COLOURS == list(ACTIVATIONS).index(name) % COLOURS  # the theme's, by the number of the line


def test_chosen_axes_are_the_axes() -> None:
    figure = activation_figure(["ELU"], derivative=False, x_range=(-20.0, 5.0), y_range=(-2.0, 2.0))
    assert tuple(figure.layout.xaxis.range) == (-20.0, 5.0)
    assert tuple(figure.layout.yaxis.range) == (-2.0, 2.0)
    (curve,) = [trace for trace in figure.data if trace.x[0] is not None]
    assert min(curve.x) == -20


def test_gradients_are_on_a_log_axis_in_the_order_of_colours_and_zeros_are_named() -> None:
    figure = gradients_by_layer_figure([0.0, 1e-9, 1e-3, 1.0], ["1 Conv2d", "2 Conv2d", "3 Linear", "4 Linear"])
    (dots,) = figure.data
    assert figure.layout.yaxis.type == "log"
    assert figure.layout.yaxis.exponentformat == "power"
    assert list(dots.y) == [None, 1e-9, 1e-3, 1.0]
    assert list(dots.marker.color) == ordered_colours(4)
    assert figure.layout.annotations[0].text == "exactly 0: 1 Conv2d"


@pytest.mark.parametrize("norms", [[0.0], [1.0], [float("inf"), 1.0], [float("nan"), 0.0]])
def test_any_norms_can_be_drawn(norms: list[float]) -> None:
    assert gradients_by_layer_figure(norms, [str(place) for place in range(len(norms))]).layout.yaxis.dtick >= 1


def test_histograms_count_every_value_once() -> None:
    values = {"before": np.array([[0.0, 1.0], [2.0, 9.0]]), "after": np.array([1.0])}
    assert [sum(trace.y) for trace in histograms_figure(values).data] == pytest.approx([1, 1])
