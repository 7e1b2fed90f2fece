import numpy as np
import pytest

from cnnviz.activations import ACTIVATIONS, class_probabilities
from cnnviz.layers import PALETTE, family
from cnnviz.layers.activation.elementwise import Elementwise

X = np.linspace(-10, 10, 401)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_every_activation_is_a_layer_kind_too(name: str) -> None:
    assert name in PALETTE
    assert ACTIVATIONS[name].module.__name__ == name


def test_every_activation_of_the_palette_that_takes_one_value_at_a_time_is_there() -> None:
    elementwise = {
        name for name, kind in PALETTE.items() if family(name) == "activation" and issubclass(kind, Elementwise)
    }
    assert set(ACTIVATIONS) == elementwise


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_values_stay_in_the_range_that_is_given(name: str) -> None:
    values = ACTIVATIONS[name].curve(np.linspace(-60, 60, 24_001))[0]
    numbers = ACTIVATIONS[name].range.replace("−", "-").replace("∞", "inf").replace("α", "1").strip("([])")
    low, high = map(float, numbers.split(", "))
    assert low - 0.005 <= values.min()
    assert values.max() <= high
    if np.isfinite(low):
        assert values.min() == pytest.approx(low, abs=0.02)
    if np.isfinite(high):
        assert values.max() == pytest.approx(high, abs=0.02)


def test_softmax_sums_to_one_and_sigmoid_looks_at_each_score_alone() -> None:
    sigmoid, softmax = class_probabilities([2.0, 1.0, -1.0])
    assert np.allclose(softmax, np.exp([2, 1, -1]) / np.exp([2, 1, -1]).sum())
    assert np.allclose(sigmoid, 1 / (1 + np.exp([-2, -1, 1])))


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_slope_is_the_difference_quotient_of_the_values(name: str) -> None:
    activation, h = ACTIVATIONS[name], 1e-6
    x = X + 0.001  # off the kink of ReLU
    quotient = (activation.curve(x + h)[0] - activation.curve(x - h)[0]) / (2 * h)
    assert np.allclose(activation.curve(x)[1], quotient, atol=1e-6)


def test_values_are_the_labs_formulas() -> None:
    assert np.allclose(ACTIVATIONS["Sigmoid"].curve(X)[0], 1 / (1 + np.exp(-X)))
    assert np.allclose(ACTIVATIONS["Tanh"].curve(X)[0], np.tanh(X))
    assert np.array_equal(ACTIVATIONS["ReLU"].curve(X)[0], np.maximum(0, X))


def test_slopes_tell_the_vanishing_gradient() -> None:
    assert ACTIVATIONS["Sigmoid"].slope(0.0) == pytest.approx(0.25)
    assert ACTIVATIONS["Tanh"].slope(0.0) == pytest.approx(1.0)
    assert ACTIVATIONS["ReLU"].slope(0.0) == 0.0
    assert ACTIVATIONS["ReLU"].slope(3.0) == 1.0
    assert all(ACTIVATIONS[name].slope(x) <= 0.25 for name in ["Sigmoid"] for x in X)
