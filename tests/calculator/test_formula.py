import math
import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from cnnviz.calculator.formula import (
    PARAMETER_COLOURS,
    decimal_quotient,
    explain_rounding,
    general_formula,
    textbook_note,
    worked_formula,
)
from cnnviz.errors import ShapeError
from cnnviz.windows import TransposedWindow, Window

small = st.integers(1, 6)
windows = st.builds(
    Window, small, small, st.tuples(st.integers(0, 3), st.integers(0, 3)), st.integers(1, 3), st.booleans()
)
transposed = st.builds(TransposedWindow, small, small, st.integers(0, 3), st.integers(0, 3), st.integers(1, 3))
sizes = st.integers(1, 30)


def python(latex: str) -> str:
    """A line of the formula as Python."""
    text = re.sub(r"\\textcolor\{#\w+\}", "", latex)
    for _ in range(3):
        text = re.sub(r"\\dfrac\{([^{}]*(?:\{[^{}]*\}[^{}]*)*)\}\{\{?(\d+)\}?\}", r"((\1)/\2)", text)
    for side in ("floor", "ceil"):
        text = text.replace(rf"\left\l{side}", f"{side}(").replace(rf"\right\r{side}", ")")
    text = re.sub(r"\\mathbf", "", text)
    return text.replace(r"\cdot", "*").replace("{", "(").replace("}", ")")


@given(st.one_of(windows, transposed), sizes)
def test_every_step_of_the_calculation_is_true(rule: Window | TransposedWindow, size: int) -> None:
    try:
        out = rule.out_size(size)
    except ShapeError:
        return
    latex = worked_formula(rule, size, "height")
    assert latex.startswith(r"\begin{aligned}H_{\text{out}} &=")
    body = latex.removeprefix(r"\begin{aligned}H_{\text{out}} &=").removesuffix(r"\end{aligned}")
    for line in re.split(r"\\\\ &=", body):
        for part in line.split(" = "):
            if r"\ldots" not in part:
                assert eval(python(part), {"floor": math.floor, "ceil": math.ceil}) == out, part  # noqa: S307


@given(st.integers(-50, 5000), st.integers(1, 50))
def test_a_quotient_is_exact_or_says_that_it_goes_on(rest: int, stride: int) -> None:
    text = decimal_quotient(rest, stride)
    if text.endswith(r"\ldots"):
        assert 0 < abs(rest / stride) - abs(float(text.removesuffix(r"\ldots"))) < 0.001
    else:
        assert float(text) == rest / stride


@given(windows, sizes)
@example(Window(2, 2, (2, 2), 2), 4)
def test_the_samples_said_to_be_never_read_are_never_read(rule: Window, size: int) -> None:
    try:
        out = rule.out_size(size)
    except ShapeError:
        return
    starts = [place * rule.stride - rule.padding[0] for place in range(out)]
    read = {start + tap * rule.dilation for start in starts for tap in range(rule.kernel_size)}
    unread = [place for place in range(size) if place not in read]
    text = explain_rounding(rule, size, "width")
    assert ("never read" in text) == bool(unread)
    assert not (unread and "every sample" in text)
    if unread == list(range(size - len(unread), size)) and unread:
        count = "" if len(unread) == 1 else f" {len(unread)}"
        assert f"The last{count} of the {size} samples of the width" in text
    elif unread:
        assert f" {len(unread)} of the {size} samples of the width" in text


@given(transposed, sizes)
@example(TransposedWindow(1, 2, 1, 2, 3), 1)
def test_the_sizes_of_the_other_direction_are_those_that_a_convolution_has(rule: TransposedWindow, size: int) -> None:
    try:
        out = rule.out_size(size)
    except ShapeError:
        return
    convolution = Window(rule.kernel_size, rule.stride, (rule.padding, rule.padding), rule.dilation)

    def becomes(other: int) -> int:
        try:
            return convolution.out_size(other)
        except ShapeError:
            return 0

    sizes_before = [other for other in range(1, 300) if becomes(other) == size]
    text = explain_rounding(rule, size, "width")
    if rule.stride == 1:
        return
    if not sizes_before:
        assert "there is no size" in text
    elif len(sizes_before) == 1:
        assert f"turns the size {sizes_before[0]} into {size}" in text
    else:
        assert f"every size from {sizes_before[0]} to {sizes_before[-1]} into {size}" in text
    assert ("chooses one of them" in text) == (out in sizes_before)


@pytest.mark.parametrize(
    ("rule", "size", "expected_text"),
    [
        (Window(4, stride=4), 17, "13 / 4 leaves a remainder of 1"),
        (Window(4, stride=4), 16, "no remainder"),
        (Window(3, stride=2, padding=(1, 1)), 224, "Only padding is left over: every sample of the width is read"),
        (Window(2, stride=2, ceil_mode=True), 7, "extends 1 past the end"),
        (Window(1, padding=(0, 1), ceil_mode=True), 1, "no remainder"),
        (Window(2, stride=3, padding=(1, 1), ceil_mode=True), 5, "torch leaves it out"),
        (
            Window(1, stride=3),
            7,
            "4 of the 7 samples of the width are never read: the stride is longer",
        ),
        (TransposedWindow(4, stride=2, padding=1), 14, "every size from 28 to 29"),
        (TransposedWindow(3), 14, "Nothing is rounded"),
    ],
)
def test_what_rounding_does_is_told(rule: Window | TransposedWindow, size: int, expected_text: str) -> None:
    assert expected_text in explain_rounding(rule, size, "width")


def test_letters_have_the_colours_of_their_numbers() -> None:
    rule = Window(3, stride=2, padding=(1, 1), dilation=2)
    for letter, value in (("k", 3), ("s", 2), ("p", 1), ("d", 2)):
        assert rf"\textcolor{{{PARAMETER_COLOURS[letter][0]}}}{{{letter}}}" in general_formula(rule)
        assert rf"\textcolor{{{PARAMETER_COLOURS[letter][0]}}}{{{value}}}" in worked_formula(rule, 26, "height")


def test_the_note_shows_the_rule_as_textbooks_write_it() -> None:
    assert r"(\text{in} + 2p - k) / s" in textbook_note(Window(3, padding=(1, 1)))
    assert r"p_{\text{before}} + p_{\text{after}}" in textbook_note(Window(10, padding=(4, 5)))
    assert r"\lceil" in textbook_note(Window(2, stride=2, ceil_mode=True))
    assert textbook_note(Window(3, dilation=2)) == textbook_note(TransposedWindow(3)) == ""
