from collections.abc import Callable

from streamlit.testing.v1 import AppTest

from cnnviz.activations import ACTIVATIONS


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


def test_a_dead_relu_is_shown_and_softmax_beside_the_sigmoid(open_page: Callable[..., AppTest]) -> None:
    app = open_page("activations")
    assert not any("Dead at" in text.value for text in app.markdown)
    app.slider("input").set_value(-2.0).run()
    assert any(text.value.startswith("**Dead at x = -2: ReLU.**") for text in app.markdown)
    app.slider("score-3").set_value(5.0).run()
    assert app.caption[-1].value == "The outputs of the sigmoid sum to 2.61, those of softmax to 1.00."


def test_functions_can_be_left_out_down_to_none(open_page: Callable[..., AppTest]) -> None:
    app = open_page("activations")
    app.pills("functions").set_value(["Tanh"]).run()
    assert [heading.value for heading in app.subheader if heading.value in ACTIVATIONS] == ["Tanh"]
    app.pills("functions").set_value([]).run()
    assert not app.exception
    assert "at least one" in app.info[0].value
