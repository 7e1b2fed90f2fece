"""Formats numbers, durations, counts, labels and names for texts that people read."""

import unicodedata
from collections.abc import Sequence
from itertools import count

_INVISIBLE_CATEGORIES = frozenset({"Cc", "Cs", "Zl", "Zp"})
_BIDI_CONTROLS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


FORMULA_BEGINNINGS = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")
"""With what a cell begins that a spreadsheet may take for a formula; the last four are their wide forms."""


def format_share(value: float) -> str:
    """Returns a share from 0 to 1 with two decimals, or as many as it has, up to four.

    >>> format_share(0.9), format_share(0.985), format_share(1), format_share(1 / 3)
    ('0.90', '0.985', '1.00', '0.3333')
    """
    digits = f"{value:.4f}".rstrip("0")
    return max(digits, f"{value:.2f}", key=len)


def unique_labels(labels: dict[str, str]) -> dict[str, str]:
    """Returns the labels, with a number added to repeated ones, because users tell choices apart by their labels.

    >>> unique_labels({"a": "My data", "b": "Words", "c": "My data"})
    {'a': 'My data', 'b': 'Words', 'c': 'My data (2)'}
    """
    used: set[str] = set()
    result = {}
    for name, label in labels.items():
        unique_label = label
        for number in count(2):
            if unique_label not in used:
                break
            unique_label = f"{label} ({number})"
        used.add(unique_label)
        result[name] = unique_label
    return result


def format_duration(seconds: float) -> str:
    """Returns a time span in its largest unit, or its two largest ones.

    >>> format_duration(0.42), format_duration(4.2), format_duration(75), format_duration(7300)
    ('0.4 s', '4 s', '1 min 15 s', '2 h 1 min')
    """
    if 0 < seconds < 1:
        return f"{seconds:.1f} s"
    whole = max(round(seconds), 0)
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def format_duration_range(low: float, high: float) -> str:
    """Returns two time spans in round numbers, for what is known roughly.

    >>> format_duration_range(0.13, 0.94), format_duration_range(41, 248), format_duration_range(2000, 15000)
    ('0.1 to 0.9 s', '40 s to 4 min', '30 min to 4 h')
    """
    (low_number, low_unit), (high_number, high_unit) = map(_round_duration, (max(low, 0.1), max(high, 0.1)))
    if (low_number, low_unit) == (high_number, high_unit):
        return f"{low_number} {low_unit}"
    return f"{low_number}{f' {low_unit}' if low_unit != high_unit else ''} to {high_number} {high_unit}"


def _round_duration(seconds: float) -> tuple[str, str]:
    """Returns one digit of a time span, and its unit; a number that rounds up to the next unit is in that."""
    for unit, unit_seconds, limit in (("s", 1, 60), ("min", 60, 60)):
        number = float(f"{seconds / unit_seconds:.1g}")
        if number < limit:
            return f"{number:g}", unit
    return f"{float(f'{seconds / 3600:.1g}'):g}", "h"


def format_mebibytes(size: float) -> str:
    """Returns bytes as whole mebibytes, 2^20 bytes each: “1,024 MiB”."""
    return f"{size / 2**20:,.0f} MiB"


def format_value(value: object) -> str:
    """Returns the value of a setting as text for students.

    Two numbers that differ have different texts.

    >>> format_value(True), format_value(None), format_value(0.0100), format_value(1e-5), format_value("SGD")
    ('yes', 'none', '0.01', '1e-05', 'SGD')
    >>> format_value(2.0), format_value(0.01234561), format_value(()), format_value((3, 17))
    ('2', '0.01234561', 'none', '2: 3, 17')
    """
    if isinstance(value, bool):
        return "yes" if value else "no"
    if value is None or value == ():
        return "none"
    if isinstance(value, tuple):
        return f"{len(value)}: {', '.join(map(str, value))}"
    return repr(value).removesuffix(".0") if isinstance(value, float) else str(value)


def format_list_start(items: Sequence[object], limit: int = 12) -> str:
    """Returns the first of some items, and how many more there are.

    >>> format_list_start([3, 17, 20], 2), format_list_start([3])
    ('3, 17 and 1 more', '3')
    """
    more = f" and {len(items) - limit:,} more" if len(items) > limit else ""
    return ", ".join(map(str, items[:limit])) + more


def spreadsheet_text(text: str) -> str:
    """Returns a text that a spreadsheet takes for a text: one that begins a formula gets an invisible character first.

    Source: OWASP, CSV injection (=, +, -, @, tab and carriage return begin one).

    >>> spreadsheet_text("=1+1") == "\u2060=1+1", spreadsheet_text("1=1")
    (True, '1=1')
    """
    return f"\u2060{text}" if text.startswith(FORMULA_BEGINNINGS) else text


def is_invisible(character: str) -> bool:
    r"""Returns whether it is a control character or line separator, or changes the direction of the text after it.

    >>> is_invisible("\n"), is_invisible("\u202e"), is_invisible("é"), is_invisible(" ")
    (True, True, False, False)
    """
    return unicodedata.category(character) in _INVISIBLE_CATEGORIES or character in _BIDI_CONTROLS


def count_label(count: int, noun: str) -> str:
    """Returns a count with its noun, in the plural unless it is 1.

    >>> count_label(1, "sample"), count_label(2_000, "sample")
    ('1 sample', '2,000 samples')
    """
    return f"{count:,} {noun}{'s' * (count != 1)}"


def quote_name(name: str) -> str:
    """Returns a name from outside, in quotation marks, cut to 80 characters and with invisible ones replaced by “�”."""
    shown = "".join(character if character.isprintable() else "�" for character in name[:80])
    return f"“{shown}{'…' if len(name) > 80 else ''}”"
