from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

from cnnviz.activations import ACTIVATIONS
from cnnviz.ui.activations.page import VIEWS


def open_chapter(open_page: Callable[..., AppTest], chapter: str) -> AppTest:
    app = open_page("activations")
    app.segmented_control("chapter").set_value(chapter).run()
    assert not app.exception
    return app


@pytest.mark.parametrize("chapter", VIEWS)
def test_every_chapter_opens(open_page: Callable[..., AppTest], chapter: str) -> None:
    assert not open_chapter(open_page, chapter).error


def test_every_activation_is_drawn_with_formula_and_story(open_page: Callable[..., AppTest]) -> None:
    app = open_page("activations")
    assert [heading.value for heading in app.subheader if heading.value in ACTIVATIONS] == ["Sigmoid", "Tanh", "ReLU"]
    app.pills("functions").set_value(list(ACTIVATIONS)).run()
    assert not app.exception
    assert [heading.value for heading in app.subheader if heading.value in ACTIVATIONS] == list(ACTIVATIONS)
    formulas = [latex.value for latex in app.latex]
    for activation in ACTIVATIONS.values():
        assert any(activation.formula in formula for formula in formulas)
        assert any(activation.derivative in formula for formula in formulas)


def test_a_point_is_moved_along_the_curves_of_all(open_page: Callable[..., AppTest]) -> None:
    app = open_page("activations")
    app.toggle("all-functions").set_value(True).run()
    app.slider("point").set_value(-2.0).run()
    assert not app.exception
    table = app.dataframe[0].value
    assert list(table["function"]) == list(ACTIVATIONS)
    relu = table[table["function"] == "ReLU"].iloc[0]
    assert relu["value at -2"] == "0.0000"
    assert relu["slope"] == "0.0000"


@pytest.mark.parametrize("span", [(-20.0, 20.0), (3.0, 3.0), (-20.0, -20.0), (20.0, 20.0), (-2.0, 0.0)])
def test_any_range_of_x_can_be_chosen(open_page: Callable[..., AppTest], span: tuple[float, float]) -> None:
    app = open_page("activations")
    app.toggle("choose-y").set_value(True).run()
    app.slider("x-range").set_value(span).run()
    app.slider("y-range").set_value((1.0, 1.0)).run()
    assert not app.exception


def test_a_dead_relu_is_shown_and_softmax_beside_the_sigmoid(open_page: Callable[..., AppTest]) -> None:
    app = open_chapter(open_page, "The vanishing gradient")
    app.segmented_control("gradient-view").set_value("The slopes alone").run()
    assert not any("Dead at" in text.value for text in app.markdown)
    app.slider("input").set_value(-2.0).run()
    assert any(text.value.startswith("**Dead at x = -2: ReLU.**") for text in app.markdown)
    app.segmented_control("chapter").set_value("Softmax and sigmoid").run()
    app.slider("score-3").set_value(5.0).run()
    assert app.caption[-1].value == "The outputs of the sigmoid sum to 2.61, those of softmax to 1.00."


def test_functions_can_be_left_out_down_to_none(open_page: Callable[..., AppTest]) -> None:
    app = open_page("activations")
    app.pills("functions").set_value(["Tanh"]).run()
    assert [heading.value for heading in app.subheader if heading.value in ACTIVATIONS] == ["Tanh"]
    app.pills("functions").set_value([]).run()
    assert not app.exception
    assert "at least one" in app.info[0].value


def test_a_unit_dies_by_its_bias(open_page: Callable[..., AppTest]) -> None:
    app = open_chapter(open_page, "Dead ReLU")
    assert not app.warning
    app.slider("unit-bias").set_value(-8.0).run()
    assert app.warning[0].value.startswith("**Dead.**")
    assert app.metric[1].value == "0"
    app.selectbox("unit-activation").set_value("LeakyReLU").run()
    assert not app.warning


def test_linears_multiplied_out_are_one_until_a_relu_is_between_them(open_page: Callable[..., AppTest]) -> None:
    app = open_chapter(open_page, "Why non-linear")
    assert not app.error
    app.segmented_control("nonlinearity-view").set_value("Multiplied out").run()
    assert not app.exception
    assert "rounding" in app.caption[-1].value or app.caption[-1].value.endswith(": 0.")
    app.toggle("linear-relu").set_value(True).run()
    assert float(app.caption[-1].value.split(": ")[1].rstrip(".")) > 0.1


def test_a_deep_sigmoid_net_vanishes_and_batch_norm_helps(open_page: Callable[..., AppTest]) -> None:
    app = open_chapter(open_page, "The vanishing gradient")
    assert any("gradient vanishes" in text.value for text in app.markdown)
    app.selectbox("flow-norm").set_value("BatchNorm1d").run()
    assert not app.exception
    assert not any("gradient vanishes" in text.value for text in app.markdown)
    app.selectbox("flow-init").set_value("zeros").run()
    assert any("Nothing arrives" in text.value for text in app.markdown)


def test_a_batch_of_two_is_remarked(open_page: Callable[..., AppTest]) -> None:
    app = open_chapter(open_page, "Batch normalization")
    assert not app.info
    app.select_slider("norm-batch").set_value(2).run()
    assert "whatever they are" in app.info[0].value


def test_nothing_is_dropped_with_probability_zero(open_page: Callable[..., AppTest]) -> None:
    app = open_chapter(open_page, "Dropout")
    app.slider("drop-p").set_value(0.0).run()
    assert not app.exception
    assert app.caption[-1].value.startswith("0% ")
