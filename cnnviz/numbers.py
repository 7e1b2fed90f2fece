"""Parses numbers as people type them, with a decimal point or a decimal comma; refuses ambiguous ones."""

import math
import re
from decimal import Decimal

from cnnviz.errors import NumberError

MAX_LENGTH = 40
"""Largest number of characters in a typed number."""
MAX_WHOLE = 10**15
"""Largest absolute value of a whole number."""
_NUMBER = re.compile(r"[+-]?([0-9]+([.,][0-9]*)?|[.,][0-9]+)(e[+-]?[0-9]{1,4})?", re.IGNORECASE)
_GROUPED = re.compile(r"[+-]?[1-9][0-9]{0,2}[.,][0-9]{3}")
"""Pattern of a number in which the mark before three digits may be a decimal mark or separate thousands."""


def parse_float(text: str) -> float:
    """Returns the number that was typed; raises NumberError if it could also be read as another number.

    >>> parse_float("0.05"), parse_float("0,05"), parse_float("1e-3"), parse_float("1.125")
    (0.05, 0.05, 0.001, 1.125)
    >>> parse_float("1,125")
    Traceback (most recent call last):
    ...
    cnnviz.errors.NumberError: “1,125” can be read as 1.125 and as 1125; write one of these.
    """
    number = _decimal(text, ambiguous=",")
    value = float(number)
    if math.isinf(value) or (value == 0) != (number == 0):
        raise NumberError(f"“{text.strip()}” is too {'large' if number.adjusted() > 0 else 'small'} a number.")
    return value


def parse_int(text: str) -> int:
    """Returns the whole number that was typed; raises NumberError for any other text.

    >>> parse_int("64"), parse_int("1e3"), parse_int("2.0")
    (64, 1000, 2)
    >>> parse_int("1,5")
    Traceback (most recent call last):
    ...
    cnnviz.errors.NumberError: “1,5” is not a whole number.
    """
    number = _decimal(text, ambiguous=".,")
    if abs(number) > MAX_WHOLE:
        raise NumberError(f"“{text.strip()}” is too large a number.")
    if number != number.to_integral_value():
        raise NumberError(f"“{text.strip()}” is not a whole number.")
    return int(number)


def format_number(value: float | None) -> str:
    """Returns the shortest text that is read as this number; "" for None.

    >>> format_number(30), format_number(0.05), format_number(2.0), format_number(1e-05), format_number(None)
    ('30', '0.05', '2', '1e-5', '')
    """
    if value is None:
        return ""
    return re.sub(r"e([+-])0", r"e\1", str(value).removesuffix(".0"))


def _decimal(text: str, ambiguous: str) -> Decimal:
    """Returns the number in a text; `ambiguous` lists the marks that might separate thousands."""
    typed = text.strip()
    plain = typed.replace("−", "-")
    if len(plain) > MAX_LENGTH or not _NUMBER.fullmatch(plain):
        raise NumberError(
            f"“{typed[:MAX_LENGTH]}” is not one number. Write it with one decimal point or comma, and nothing between"
            " thousands: 1000.5."
        )
    if _GROUPED.fullmatch(plain) and any(mark in plain for mark in ambiguous):
        parted = format_number(float(plain.replace(",", ".")))
        joined = re.sub("[.,]", "", plain)
        raise NumberError(f"“{typed}” can be read as {parted} and as {joined}; write one of these.")
    return Decimal(plain.replace(",", "."))
