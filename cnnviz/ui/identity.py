"""Who sits at a browser: a random name in a cookie, by which runs are found again after a reload."""

import re
import secrets

import streamlit as st
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import cookie_parser
from starlette.types import ASGIApp, Message, Receive, Scope, Send

COOKIE_NAME = "cnnviz_student"
COOKIE_SECONDS = 365 * 24 * 3600
TOKEN_PATTERN = re.compile(r"[0-9a-f]{32}")


class StudentCookie:
    """Gives every browser a random name of its own, by which its runs are found again after a reload.

    The name is a secret of 128 bits: whoever does not hold the cookie cannot guess it, and page scripts never see it.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Add the cookie to pages that are sent to a browser without one."""
        if scope["type"] != "http" or _student_token(Headers(scope=scope).get("cookie", "")):
            await self._app(scope, receive, send)
            return

        async def send_with_cookie(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                if headers.get("content-type", "").startswith("text/html"):
                    token = secrets.token_hex(16)
                    headers.append(
                        "set-cookie", f"{COOKIE_NAME}={token}; Path=/; Max-Age={COOKIE_SECONDS}; HttpOnly; SameSite=Lax"
                    )
            await send(message)

        await self._app(scope, receive, send_with_cookie)


def current_owner() -> str:
    """Who sits at this browser: the name in its cookie, or one for this session where cookies are refused."""
    if "owner" not in st.session_state:
        st.session_state["owner"] = _student_token(st.context.headers.get("Cookie", "")) or secrets.token_hex(16)
    return str(st.session_state["owner"])


def _student_token(cookies: str) -> str | None:
    """The name in a cookie header, whatever cookies of other pages stand beside it."""
    token = cookie_parser(cookies).get(COOKIE_NAME, "")
    return token if TOKEN_PATTERN.fullmatch(token) else None
