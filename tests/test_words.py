from hypothesis import given
from hypothesis import strategies as st

from cnnviz.words import quote_name


@given(st.text())
def test_a_quoted_name_is_short_and_printable(name: str) -> None:
    assert quote_name(name).isprintable()
    assert len(quote_name(name)) <= 83
