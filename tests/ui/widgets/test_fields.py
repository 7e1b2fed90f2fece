from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from streamlit.testing.v1 import AppTest

from cnnviz.errors import NumberError
from cnnviz.layers import PALETTE
from cnnviz.ui.widgets.fields import escape_markdown, format_size, parse_factors, parse_size

sizes = st.integers(0, 65_536)


@given(st.one_of(st.none(), sizes, st.tuples(sizes, sizes), st.tuples(sizes, sizes, sizes), st.just("same")))
def test_what_is_written_is_read_back(value: Any) -> None:
    assert parse_size(format_size(value)) == value


@pytest.mark.parametrize("typed", ["(3, 5)", "3 5", "3x5", "3*5", " 3 ,5 "])
def test_sizes_may_be_typed_in_many_ways(typed: str) -> None:
    assert parse_size(typed) == (3, 5)


factors = st.floats(0, 1000, exclude_min=True)


@given(st.one_of(factors, st.tuples(factors, factors), st.tuples(factors, factors, factors)))
def test_factors_that_are_written_are_read_back(value: Any) -> None:
    assert parse_factors(format_size(value)) == value


@pytest.mark.parametrize(
    ("typed", "value"),
    [
        ("0,5", 0.5),
        (",5", 0.5),
        ("2, 3", (2, 3)),
        ("0,5, 0,25", (0.5, 0.25)),
        ("(2; 3)", (2, 3)),
        ("2×1.5×3", (2, 1.5, 3)),
    ],
)
def test_factors_may_have_a_decimal_comma_where_it_is_one(typed: str, value: object) -> None:
    assert parse_factors(typed) == value


@pytest.mark.parametrize(
    "typed", ["2,3", "1,5", "1,5 2,5", "0,5, 2,5", "2,3e1", "1,000", "0,5,2", "-2,3", "2,3,4", "1.000,5"]
)
def test_factors_that_could_be_others_are_refused(typed: str) -> None:
    """A comma between two digits may be a decimal comma or stand between two factors: 2,3 was read as 2.3."""
    with pytest.raises(NumberError, match=r"“.*” (can be read as .* and as|is not one number)"):
        parse_factors(typed)


@given(st.text())
def test_any_text_is_read_without_an_error(typed: str) -> None:
    parse_size(typed)


@given(st.text(alphabet="*_[]()<>$`#:a b"))
def test_no_markdown_survives_escaping(text: str) -> None:
    for index, character in enumerate(shown := escape_markdown(text)):
        if character in "*_[]()<>$`#:":
            assert shown[index - 1] == "\\"


def draw_every_field() -> None:
    import streamlit as st  # noqa: PLC0415  AppTest runs this function on its own

    from cnnviz.layers import PALETTE  # noqa: PLC0415
    from cnnviz.ui.widgets.fields import axis_fields, field, per_axis_names  # noqa: PLC0415

    changes = st.session_state.setdefault("changes", {})
    for kind, cls in PALETTE.items():
        layer = cls.default((4, 12, 12))
        for name in layer.parameter_names():
            draw = axis_fields if name in per_axis_names(layer) else field
            draw(
                layer,
                name,
                key=f"{kind}-{name}",
                on_change=lambda changed, value, kind=kind: changes.__setitem__((kind, changed), value),
            )


def test_values_beyond_single_numbers_are_typed_and_accepted_by_their_layers() -> None:
    app = AppTest.from_function(draw_every_field, default_timeout=60).run()
    assert not app.exception
    typed = {
        ("AdaptiveAvgPool2d", "output_size", "-height"): ("", (None, 1)),
        ("FractionalMaxPool2d", "output_ratio", "-width"): ("0,7", (0.5, 0.7)),
        ("ZeroPad2d", "padding", ""): ("1, -1, 2, 0", (1, -1, 2, 0)),
        ("Upsample", "scale_factor", ""): ("2 1.5", (2.0, 1.5)),
        ("AvgPool2d", "divisor_override", ""): ("3", 3),
        ("BatchNorm2d", "momentum", ""): ("", None),
        ("Unflatten", "unflattened_size", ""): ("4", 4),
        ("Softmax", "dim", ""): ("-1", -1),
    }
    for (kind, name, suffix), (text, value) in typed.items():
        app.text_input(key=f"{kind}-{name}{suffix}").set_value(text).run()
        assert app.session_state["changes"][kind, name] == value
        PALETTE[kind](**(dict(PALETTE[kind].default()) | {name: value}))
    app.selectbox(key="Upsample-align_corners").select(False).run()
    assert app.session_state["changes"]["Upsample", "align_corners"] is False
