from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnnviz.ui.widgets.fields import escape_markdown, format_size, parse_size

sizes = st.integers(0, 65_536)


@given(st.one_of(st.none(), sizes, st.tuples(sizes, sizes), st.tuples(sizes, sizes, sizes), st.just("same")))
def test_what_is_written_is_read_back(value: Any) -> None:
    assert parse_size(format_size(value)) == value


@pytest.mark.parametrize("typed", ["(3, 5)", "3 5", "3x5", "3*5", " 3 ,5 "])
def test_sizes_may_be_typed_in_many_ways(typed: str) -> None:
    assert parse_size(typed) == (3, 5)


@given(st.text())
def test_any_text_is_read_without_an_error(typed: str) -> None:
    parse_size(typed)


@given(st.text(alphabet="*_[]()<>$`#:a b"))
def test_no_markdown_survives_escaping(text: str) -> None:
    for index, character in enumerate(shown := escape_markdown(text)):
        if character in "*_[]()<>$`#:":
            assert shown[index - 1] == "\\"
