"""The cookie of a login: nobody but this server writes one, and nothing in it can be changed."""

import pytest

from cnnviz.identity.login_cookie import CLOCK_DRIFT_SECONDS, LoginCookie
from cnnviz.secret_key import new_owner

COOKIE = LoginCookie(b"a key of this server")
NOW = 1_800_000_000.0


def test_what_is_written_is_read() -> None:
    owner = new_owner()
    value = COOKIE.write(owner, 3, NOW)
    login = COOKIE.read(value)
    assert login
    assert (login.owner, login.issued, login.generation) == (owner, NOW, 3)
    assert COOKIE.write(owner, 3, NOW) != value  # two browsers have two logins
    assert len(value) < 200


def test_nothing_can_be_changed() -> None:
    value = COOKIE.write(new_owner(), 3, NOW)
    for place in range(len(value)):
        other = "1" if value[place] != "1" else "2"
        assert COOKIE.read(value[:place] + other + value[place + 1 :]) is None
        assert COOKIE.read(value[:place] + value[place + 1 :]) is None


@pytest.mark.parametrize("value", ["", ".", "a.b.c.d.e", "é" * 40, f"{'a' * 32}.1.1.{'0' * 16}.", "x" * 100_000])
def test_what_is_no_cookie_is_nobody(value: str) -> None:
    assert COOKIE.read(value) is None


def test_another_server_writes_none_of_ours() -> None:
    assert COOKIE.read(LoginCookie(b"another key").write(new_owner(), 0, NOW)) is None


@pytest.mark.parametrize(
    ("seconds", "ended"), [(0, False), (3599, False), (3600, True), (-CLOCK_DRIFT_SECONDS, False), (-3600, True)]
)
def test_a_login_ends_with_its_age(seconds: float, ended: bool) -> None:
    login = COOKIE.read(COOKIE.write(new_owner(), 0, NOW))
    assert login
    assert login.ended(NOW + seconds, 3600) == ended
