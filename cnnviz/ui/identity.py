"""The cookie with a random name for each browser, by which a student's runs are found again after a reload."""

import re
import secrets

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import cookie_parser
from starlette.types import ASGIApp, Message, Receive, Scope, Send

COOKIE_NAME = "cnnviz_student"
COOKIE_SECONDS = 365 * 24 * 3600
TOKEN_PATTERN = re.compile(r"[0-9a-f]{32}")


class StudentCookie:
    """Middleware that gives every browser a random name of its own.

    The name is a secret of 128 bits: nobody without the cookie can guess it, and page scripts never see it.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Adds the cookie to pages that are sent to a browser without one.

        What tells a browser that its copy of a page is still good (304) has no content type: it is one, too.
        """
        request_headers = Headers(scope=scope) if scope["type"] == "http" else None
        if request_headers is None or student_token(request_headers.get("cookie", "")):
            await self._app(scope, receive, send)
            return
        asks_for_page = "text/html" in request_headers.get("accept", "")

        async def send_with_cookie(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                if asks_for_page or headers.get("content-type", "").startswith("text/html"):
                    token = secrets.token_hex(16)
                    headers.append(
                        "set-cookie", f"{COOKIE_NAME}={token}; Path=/; Max-Age={COOKIE_SECONDS}; HttpOnly; SameSite=Lax"
                    )
            await send(message)

        await self._app(scope, receive, send_with_cookie)


def student_token(cookies: str) -> str | None:
    """Returns the name in a cookie header, whatever cookies of other pages are beside it; None without a valid one."""
    token = cookie_parser(cookies).get(COOKIE_NAME, "")
    return token if TOKEN_PATTERN.fullmatch(token) else None
