"""Who sits at a browser: a random name in a cookie, by which runs are found again after a reload."""

import re
import secrets
from http.cookies import CookieError, SimpleCookie

import streamlit as st
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

COOKIE = "cnnviz_student"
YEAR = 365 * 24 * 3600
TOKEN = re.compile(r"[0-9a-f]{32}")


class StudentCookie:
    """Gives every browser a random name of its own, by which its runs are found again after a reload.

    The name is a secret of 128 bits: whoever does not hold the cookie cannot guess it, and page scripts never see it.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Add the cookie to pages that are sent to a browser without one."""
        if scope["type"] != "http" or _student(Headers(scope=scope).get("cookie", "")):
            await self._app(scope, receive, send)
            return

        async def send_with_cookie(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                if headers.get("content-type", "").startswith("text/html"):
                    name = secrets.token_hex(16)
                    headers.append("set-cookie", f"{COOKIE}={name}; Path=/; Max-Age={YEAR}; HttpOnly; SameSite=Lax")
            await send(message)

        await self._app(scope, receive, send_with_cookie)


def owner() -> str:
    """Who sits at this browser: the name in its cookie, or one for this session where cookies are refused."""
    if "owner" not in st.session_state:
        cookie = st.context.cookies.get(COOKIE, "")
        st.session_state["owner"] = cookie if TOKEN.fullmatch(cookie) else secrets.token_hex(16)
    return str(st.session_state["owner"])


def _student(cookies: str) -> str | None:
    try:
        morsel = SimpleCookie(cookies).get(COOKIE)
    except CookieError:  # another page's cookie that Python cannot read
        return None
    return morsel.value if morsel and TOKEN.fullmatch(morsel.value) else None
