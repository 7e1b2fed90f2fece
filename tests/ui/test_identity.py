"""The cookie that names a student: when it is given, and how it is read."""

import pytest
from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from cnnviz.secret_key import owner_of_token
from cnnviz.ui.identity import COOKIE_NAME, OWNER_HEADER, StudentCookie, client_address, token_in_cookies
from tests.ui.asgi import request

NAME = "0123456789abcdef" * 2
KEY = b"a key of this server"


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
    assert token_in_cookies(header) == NAME


@pytest.mark.parametrize("value", ["", "short", NAME + "0", NAME.upper(), "../" * 10 + "ab", NAME[:-1] + "g"])
def test_what_is_no_name_is_none(value: str) -> None:
    assert token_in_cookies(f"{COOKIE_NAME}={value}") is None
    assert token_in_cookies("") is None


@pytest.mark.parametrize(
    ("request_headers", "status", "content_type", "gives"),
    [
        ({"accept": "text/html,*/*;q=0.8"}, 200, "text/html; charset=utf-8", True),
        ({"accept": "text/html,*/*;q=0.8"}, 304, None, True),  # the browser has kept the page, but not the cookie
        ({"accept": "*/*"}, 200, "text/javascript", False),
        ({"accept": "*/*"}, 304, None, False),
        ({"accept": "text/html", "cookie": f"{COOKIE_NAME}={NAME}"}, 200, "text/html", False),
    ],
)
def test_every_page_gives_the_cookie_to_a_browser_without_one(
    request_headers: dict[str, str], status: int, content_type: str | None, gives: bool
) -> None:
    headers = {"content-type": content_type} if content_type else None
    middleware = StudentCookie(Response(status_code=status, headers=headers), lambda: KEY)
    sent = request(middleware, [*request_headers.items()])
    assert (COOKIE_NAME in Headers(raw=sent[0]["headers"]).get("set-cookie", "")) == gives


@pytest.mark.parametrize("kind", ["http", "websocket"])
def test_the_app_hears_whom_a_cookie_stands_for_and_believes_no_one_else(kind: str) -> None:
    heard: list[list[str]] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        heard.append(Headers(scope=scope).getlist(OWNER_HEADER))

    forged = [(OWNER_HEADER, "forged"), (OWNER_HEADER.upper(), "forged, too")]
    middleware = StudentCookie(app, lambda: KEY)
    request(middleware, [("cookie", f"{COOKIE_NAME}={NAME}"), *forged], kind)
    assert heard == [[owner_of_token(NAME, KEY)]]
    for _ in range(2):
        request(middleware, forged, kind)
    (nobody,), (another,) = heard[1:]
    assert len({nobody, another, "forged", owner_of_token(NAME, KEY)}) == 4  # without a cookie, nobody twice


@pytest.mark.parametrize(
    ("client", "forwarded", "address"),
    [
        ("192.168.0.7", None, "192.168.0.7"),
        ("192.168.0.7", "10.9.9.9", "192.168.0.7"),  # anybody can write that
        ("10.0.0.2", "203.0.113.5", "203.0.113.5"),
        ("10.0.0.2", "10.9.9.9, 203.0.113.5", "203.0.113.5"),
        ("10.0.0.2", "203.0.113.5, 10.0.0.3", "203.0.113.5"),
        ("10.0.0.2", "2001:db8::1", "2001:db8::/64"),
        ("::ffff:10.0.0.2", "203.0.113.5", "203.0.113.5"),
        ("10.0.0.2", None, ""),
        ("10.0.0.2", "unknown", ""),
        (None, None, ""),
    ],
)
def test_the_address_is_that_of_the_connection_or_what_a_known_proxy_says(
    client: str | None, forwarded: str | None, address: str
) -> None:
    headers = [(b"x-forwarded-for", forwarded.encode())] if forwarded else []
    scope = {"type": "http", "headers": headers, "client": (client, 5000) if client else None}
    assert client_address(scope, "10.0.0.2, 10.0.0.3") == address
