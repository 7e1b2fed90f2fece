"""The cookie that names a student: when it is given, and how it is read."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

import pytest
from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import Message

from cnnviz.ui.identity import COOKIE_NAME, StudentCookie, student_token

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
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request"}

    async def send(message: Message) -> None:
        sent.append(message)

    headers = {"content-type": content_type} if content_type else None
    scope = {
        "type": "http",
        "method": "GET",
        "path": "/",
        "headers": [(name.encode(), value.encode()) for name, value in request_headers.items()],
    }
    middleware = StudentCookie(Response(status_code=status, headers=headers))
    with ThreadPoolExecutor(1) as pool:  # this thread may have the event loop of a browser's tests
        pool.submit(lambda: asyncio.run(middleware(scope, receive, send))).result()
    assert (COOKIE_NAME in Headers(raw=sent[0]["headers"]).get("set-cookie", "")) == gives
