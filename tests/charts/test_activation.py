import numpy as np

from cnnviz.activations import ACTIVATIONS
from cnnviz.charts.activation import activation_figure, vanishing_gradient_figure


def test_a_function_keeps_its_place_and_so_its_colour_whatever_is_shown() -> None:
    for figure in (activation_figure(["ReLU"], derivative=False), vanishing_gradient_figure(["ReLU"], 4, 1.0)):
        assert [trace.name for trace in figure.data] == list(ACTIVATIONS)
        assert [trace.name for trace in figure.data if trace.visible] == ["ReLU"]
        assert all(trace.line.color is None for trace in figure.data)  # the theme's, light or dark


def test_values_and_slopes_are_drawn_as_computed() -> None:
    for derivative in (False, True):
        figure = activation_figure(list(ACTIVATIONS), derivative=derivative)
        for trace in figure.data:
            expected = ACTIVATIONS[trace.name].curve(np.array(trace.x))[1 if derivative else 0]
            assert np.array_equal(trace.y, expected)


def test_a_gradient_fades_by_the_slope_at_each_activation() -> None:
    (trace,) = [trace for trace in vanishing_gradient_figure(["Sigmoid"], 4, 0.0).data if trace.visible]
    assert np.allclose(trace.y, [0.25, 0.25**2, 0.25**3, 0.25**4])
