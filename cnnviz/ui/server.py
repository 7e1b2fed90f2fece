"""What surrounds the pages in the server process: start, stop, who is who, and what happens on a bug."""

import asyncio
import gc
import logging
import re
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http.cookies import SimpleCookie

import streamlit as st
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from streamlit.runtime.pages_manager import PagesManager

from cnnviz.runs.cluster import cluster

COOKIE = "cnnviz_student"
YEAR = 365 * 24 * 3600
TOKEN = re.compile(r"[0-9a-f]{32}")
log = logging.getLogger(__name__)


@asynccontextmanager
async def lifespan(_app: object) -> AsyncIterator[None]:
    """Start the devices before the first visitor, end them with the server."""
    # Until the frame has run once, Streamlit takes a folder called pages/ for its old scheme of pages without a
    # frame; the first visitor may come by the address of a page.
    PagesManager.uses_pages_directory = False
    running = await asyncio.to_thread(cluster)
    # Streamlit collects garbage after every script run; with torch, ignite and scikit-learn imported that walks a
    # million objects that never die. Frozen once, they are not walked again.
    gc.collect()
    gc.freeze()
    yield
    await asyncio.to_thread(running.close)


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


def on_script_error(error: Exception) -> bool:
    """Tell the student in a sentence that this was our fault; the traceback goes to the log."""
    log.error("a page failed", exc_info=error)
    st.error("Something went wrong on our side. Your design and your runs are safe: reload the page to go on.")
    return True


def _student(cookies: str) -> str | None:
    morsel = SimpleCookie(cookies).get(COOKIE)
    return morsel.value if morsel and TOKEN.fullmatch(morsel.value) else None
