import numpy as np
import pytest
from plotly.graph_objects import Scatter

from cnnviz.activations import ACTIVATIONS, class_probabilities
from cnnviz.charts.activation import activation_figure, probabilities_figure, vanishing_gradient_figure


def is_drawn(trace: Scatter) -> bool:
    return trace.x[0] is not None


def test_a_function_keeps_its_place_and_so_its_colour_whatever_is_shown() -> None:
    for figure in (activation_figure(["ReLU"], derivative=False), vanishing_gradient_figure(["ReLU"], 4, 1.0)):
        assert [trace.name for trace in figure.data] == list(ACTIVATIONS)
        assert [trace.name for trace in figure.data if is_drawn(trace)] == ["ReLU"]
        assert all(trace.visible is None for trace in figure.data)  # plotly gives invisible ones no colour
        assert all(trace.line.color is None for trace in figure.data)  # the theme's, light or dark


def test_values_and_slopes_are_drawn_as_computed() -> None:
    for derivative in (False, True):
        figure = activation_figure(list(ACTIVATIONS), derivative=derivative)
        for trace in figure.data:
            expected = ACTIVATIONS[trace.name].curve(np.array(trace.x))[1 if derivative else 0]
            assert np.array_equal(trace.y, expected)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_no_curve_leaves_the_axes_before_anybody_zooms(name: str) -> None:
    for derivative in (False, True):
        figure = activation_figure([name], derivative=derivative)
        (trace,) = [trace for trace in figure.data if is_drawn(trace)]
        left, right = figure.layout.xaxis.range
        low, high = figure.layout.yaxis.range
        assert all(low < y < high for x, y in zip(trace.x, trace.y, strict=True) if left <= x <= right)


def test_two_functions_never_look_alike() -> None:
    styles = [
        (place % 10, trace.line.dash) for place, trace in enumerate(activation_figure(["Tanh"], derivative=True).data)
    ]
    assert len(set(styles)) == len(ACTIVATIONS)


def test_sigmoid_and_softmax_are_drawn_as_computed() -> None:
    figure = probabilities_figure([2.0, 1.0])
    assert [(trace.name, list(trace.y)) for trace in figure.data] == [
        ("Sigmoid", class_probabilities([2.0, 1.0])[0]),
        ("Softmax", class_probabilities([2.0, 1.0])[1]),
    ]


def test_a_dead_relu_lets_nothing_through_and_a_falling_slope_counts_by_its_size() -> None:
    figure = vanishing_gradient_figure(["ReLU", "SiLU"], 2, -3.0)
    relu, silu = (trace.y for trace in figure.data if is_drawn(trace))
    assert list(relu) == [0, 0]
    assert ACTIVATIONS["SiLU"].slope(-3.0) < 0 < silu[0]


def test_a_gradient_fades_by_the_slope_at_each_activation() -> None:
    (trace,) = [trace for trace in vanishing_gradient_figure(["Sigmoid"], 4, 0.0).data if is_drawn(trace)]
    assert np.allclose(trace.y, [0.25, 0.25**2, 0.25**3, 0.25**4])
