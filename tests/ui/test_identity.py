import pytest

from cnnviz.ui.identity import COOKIE_NAME, student_token

NAME = "0123456789abcdef" * 2


@pytest.mark.parametrize(
    "header",
    [
        f"{COOKIE_NAME}={NAME}",
        f"foo[bar]=1; {COOKIE_NAME}={NAME}",
        f'x={{"k": 1}}; {COOKIE_NAME}={NAME}; flag',
        f"flag; a/b=1; {COOKIE_NAME}={NAME}",
        f"é=ü; {COOKIE_NAME}={NAME}; _xsrf=2|3",
    ],
)
def test_the_name_is_found_beside_any_other_cookie(header: str) -> None:
    assert student_token(header) == NAME


@pytest.mark.parametrize("value", ["", "short", NAME + "0", NAME.upper(), "../" * 10 + "ab", NAME[:-1] + "g"])
def test_what_is_no_name_is_none(value: str) -> None:
    assert student_token(f"{COOKIE_NAME}={value}") is None
    assert student_token("") is None
