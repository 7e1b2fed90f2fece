"""Typed numbers: what is read is what was meant, or it is refused."""

from contextlib import suppress
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnnviz.errors import NumberError
from cnnviz.numbers import MAX_WHOLE, format_number, parse_float, parse_int

REFUSED = [
    "",
    "five",
    "1.000,5",
    "1,000.5",
    "1.000.000",
    "1,000,000",
    "1 000",
    "1_000",
    "0x10",
    "nan",
    "inf",
    "1e",
    "--1",
]


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("0,05", 0.05),
        ("0.05", 0.05),
        (",5", 0.5),
        ("1,5", 1.5),
        ("1e-3", 0.001),
        ("1,5e-3", 0.0015),
        ("−36", -36.0),
        ("0,125", 0.125),
        ("1.125", 1.125),
        (" 7 ", 7.0),
        ("1,0000", 1.0),
        ("12345,678", 12345.678),
        ("5.", 5.0),
    ],
)
def test_a_comma_is_a_decimal_point(typed: str, meant: float) -> None:
    assert parse_float(typed) == meant


@pytest.mark.parametrize("typed", [*REFUSED, "1,000", "-12,500", "1e999", "1e-999", "9" * 41])
def test_what_could_be_another_number_is_refused(typed: str) -> None:
    with pytest.raises(NumberError, match="“"):
        parse_float(typed)


@pytest.mark.parametrize("typed", [*REFUSED, "1,000", "1.000", "1,5", "1.5", "0,05", "1e-3", "1e16", "1e9999"])
def test_a_whole_number_is_never_cut_or_joined(typed: str) -> None:
    with pytest.raises(NumberError, match="“"):
        parse_int(typed)


def test_a_thousand_that_may_be_a_one_is_told_with_both() -> None:
    with pytest.raises(NumberError, match="“1,000” can be read as 1 and as 1000; write one of these"):
        parse_float("1,000")


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_every_float_is_read_as_it_is_shown(value: float) -> None:
    assert parse_float(format_number(value)) == value


@given(st.integers(-MAX_WHOLE, MAX_WHOLE))
def test_every_whole_number_is_read_as_it_is_shown(value: int) -> None:
    assert parse_int(format_number(value)) == value


@given(st.decimals(-(10**9), 10**9, places=4))
def test_a_comma_means_what_a_point_means(value: Decimal) -> None:
    assert parse_float(f"{value:f}".replace(".", ",")) == float(value)


@given(st.text("0123456789.,+-−eE ", max_size=12))
def test_what_is_read_has_the_digits_that_were_typed(typed: str) -> None:
    """No digit is left out and none made up: Python reads the text, with a point for its comma, as the same number."""
    for parse in (parse_float, parse_int):
        try:
            value = parse(typed)
        except NumberError:
            continue
        assert value == float(typed.strip().replace(",", ".").replace("−", "-"))


@given(st.text(max_size=50))
def test_any_text_is_read_or_refused(typed: str) -> None:
    for parse in (parse_float, parse_int):
        with suppress(NumberError):
            parse(typed)
