from collections.abc import Callable

from streamlit.testing.v1 import AppTest

from cnnviz.activations import ACTIVATIONS


def test_every_activation_is_drawn_with_formula_and_story(open_page: Callable[..., AppTest]) -> None:
    app = open_page("activations")
    assert [heading.value for heading in app.subheader if heading.value in ACTIVATIONS] == list(ACTIVATIONS)
    formulas = [latex.value for latex in app.latex]
    for activation in ACTIVATIONS.values():
        assert any(activation.formula in formula for formula in formulas)
        assert any(activation.derivative in formula for formula in formulas)


def test_functions_can_be_left_out_down_to_none(open_page: Callable[..., AppTest]) -> None:
    app = open_page("activations")
    app.pills("functions").set_value(["Tanh"]).run()
    assert [heading.value for heading in app.subheader if heading.value in ACTIVATIONS] == ["Tanh"]
    app.pills("functions").set_value([]).run()
    assert not app.exception
    assert "at least one" in app.info[0].value
