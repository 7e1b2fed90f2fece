import numpy as np

from cnnviz.activations import ACTIVATIONS
from cnnviz.charts.activation import COLOURS, activation_figure, fading_figure


def test_every_activation_has_its_colour() -> None:
    assert COLOURS.keys() == ACTIVATIONS.keys()


def test_values_and_slopes_are_drawn_as_computed() -> None:
    for derivative in (False, True):
        figure = activation_figure(list(ACTIVATIONS), derivative=derivative)
        for trace in figure.data:
            expected = ACTIVATIONS[trace.name].curve(np.array(trace.x))[1 if derivative else 0]
            assert np.array_equal(trace.y, expected)


def test_a_gradient_fades_by_the_slope_at_each_activation() -> None:
    (trace,) = fading_figure(["Sigmoid"], 4, 0.0).data
    assert np.allclose(trace.y, [0.25, 0.25**2, 0.25**3, 0.25**4])
