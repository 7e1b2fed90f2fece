import pytest

from cnnviz.calculator.inverse import find_design_answers
from cnnviz.calculator.operation import EXAMPLE_DESIGNS
from cnnviz.ui.shapes.answers import MAX_ROWS, answer_table, picked_index
from cnnviz.windows import TransposedWindow, Window


@pytest.mark.parametrize("sent", [None, True, -1, 3, "0", 1.0, {"pick": 0}])
def test_what_is_no_answer_is_ignored(sent: object) -> None:
    assert picked_index(sent, 3) is None


def test_an_answer_is_taken_by_its_number() -> None:
    assert picked_index(2, 3) == 2
    assert picked_index(MAX_ROWS, MAX_ROWS + 5) is None


def test_only_parameters_of_the_rule_are_shown() -> None:
    rule = TransposedWindow(2, stride=2)
    data = answer_table([rule, TransposedWindow(3, stride=2, padding=1)], rule, ["kernel_size", "padding", "ceil_mode"])
    assert data["names"] == ["kernel_size", "padding"]
    assert [row["values"] for row in data["rows"]] == [[2, 0], [3, 1]]
    assert [row["changed"] for row in data["rows"]] == [[False, False], [True, True]]


def test_a_padding_is_that_before_the_input() -> None:
    assert answer_table([Window(3, padding=(1, 2))], Window(3), ["padding"])["rows"] == [
        {"values": [1], "changed": [True], "reason": ""}
    ]


def test_what_is_hardly_ever_used_comes_last_and_says_why() -> None:
    lab = EXAMPLE_DESIGNS["The lab's convolution"]
    answers = find_design_answers(lab, 0, 30, frozenset({"stride", "padding"})).rules
    reasons = [row["reason"] for row in answer_table(answers, Window(10), ["stride", "padding"])["rows"]]
    unusual = [answer for answer, reason in zip(answers, reasons, strict=True) if reason]
    assert 0 < len(unusual) < len(answers)
    assert list(answers[-len(unusual) :]) == unusual
    for answer, reason in zip(answers, reasons, strict=True):
        assert isinstance(answer, Window)
        assert ("stride longer than the window" in reason) == (answer.stride > answer.extent)
        assert ("padding as wide as the window" in reason) == answer.reads_only_padding(99)
