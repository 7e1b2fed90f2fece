"""The gate of a server for a class: whoever has not logged in gets the door, and nothing else."""

import asyncio
from collections.abc import Callable
from urllib.parse import quote

from google.protobuf.message import DecodeError
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocketClose
from streamlit.proto.BackMsg_pb2 import BackMsg

from cnnviz.secret_key import secret_key
from cnnviz.settings import Mode, Settings
from cnnviz.ui.identity import OWNER_HEADER, StudentCookie, client_address
from cnnviz.ui.login.logins import LoggedIn, Logins
from cnnviz.ui.login.provider import CALLBACK, START, read_claims
from cnnviz.ui.login.routes import DOOR, DoorRoutes
from cnnviz.visitors import visitors

HEALTH = "/_stcore/health"
"""What a container is asked for; it answers "ok"."""
POLICY_VIOLATION = 1008
"""WebSocket close code."""
CHECK_SECONDS = 5.0
"""Between two looks at whether whoever has a page open is still logged in; each of its messages is looked at, too."""
ROLE_HEADER = "x-cnnviz-role"
"""Tells Streamlit, by `trustedUserHeaders`, in which role somebody comes: a session in which a teacher has been is not
given back to who is none any more."""
NOT_LOGGED_IN = "You are not logged in. Open the first page of this server."


class LoginGate:
    """Middleware that lets through who is logged in, and tells the app who they are by OWNER_HEADER."""

    def __init__(self, app: ASGIApp, logins: Callable[[], Logins], proxies: Callable[[], str]) -> None:
        """Both are called once requests arrive."""
        self._app, self._logins, self._proxies = app, logins, proxies

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Sends pages to the door, and refuses everything else that nobody has logged in for."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        own = (OWNER_HEADER.encode(), ROLE_HEADER.encode())
        headers = [(key, value) for key, value in scope["headers"] if key.lower() not in own]
        scope = {**scope, "headers": headers}
        if scope["type"] == "http" and scope["path"] == HEALTH:
            await self._app(scope, receive, send)
            return
        person = await self._logins().find(scope)
        if scope["type"] == "http" and (scope["path"] == DOOR or scope["path"].startswith(f"{DOOR}/")):
            response = await DoorRoutes(self._logins()).answer(Request(scope, receive), person)
            await response(scope, receive, send)
        elif scope["type"] == "http" and scope["path"] in (START, CALLBACK) and self._logins().provider_door:
            await self._visit_provider(person, scope, receive, send)
        elif person is None:
            refusal = WebSocketClose(POLICY_VIOLATION) if scope["type"] == "websocket" else _refusal(scope)
            await refusal(scope, receive, send)
        else:
            owner = person.account.owner
            visitors().note(owner, client_address(scope, self._proxies()))
            if visitors().is_new(owner):  # whoever has a name here has a share of their own
                visitors().establish(owner)
            told = zip(own, (owner.encode(), person.account.person.role.value.encode()), strict=True)
            scope = {**scope, "headers": [*headers, *told]}
            if scope["type"] == "websocket":
                await self._watch(person, scope, receive, send)
            else:
                await self._app(scope, receive, _keep_from_history(send))

    async def _visit_provider(self, person: LoggedIn | None, scope: Scope, receive: Receive, send: Send) -> None:
        """Lets Streamlit send somebody to the provider; whom that vouches for is let in when they come back."""
        if scope["path"] == START:
            await self._app(scope, receive, send)
            return
        claims = await read_claims(self._app, scope, receive)
        response = await DoorRoutes(self._logins()).come_back(Request(scope, receive), person, claims)
        await response(scope, receive, send)

    async def _watch(self, person: LoggedIn, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves the stream of a page as long as its person is logged in."""
        closed = False

        async def receive_while_logged_in() -> Message:
            nonlocal closed
            message = asyncio.ensure_future(receive())
            try:
                while True:
                    done, _ = await asyncio.wait({message}, timeout=CHECK_SECONDS)
                    if not await self._logins().is_still_in(person):
                        await send({"type": "websocket.close", "code": POLICY_VIOLATION})
                        closed = True
                        return {"type": "websocket.disconnect", "code": POLICY_VIOLATION}
                    if done:
                        if is_action(message.result()):
                            self._logins().note_action(person)
                        return message.result()
            finally:
                message.cancel()

        async def send_unless_closed(message: Message) -> None:
            if not closed:
                await send(message)

        await self._app(scope, receive_while_logged_in, send_unless_closed)


def is_action(message: Message) -> bool:
    """Returns whether a message of an open page is something that somebody does: pages redraw themselves, too."""
    try:
        sent = BackMsg.FromString(message.get("bytes") or b"")
    except DecodeError:
        return False
    return sent.HasField("rerun_script") and not sent.rerun_script.is_auto_rerun


def _keep_from_history(send: Send) -> Send:
    """Returns a `send` that has no browser keep pages: Back would show them after their login has ended."""

    async def send_page(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            if headers.get("content-type", "").startswith("text/html"):
                headers["cache-control"] = "no-store"
        await send(message)

    return send_page


def _refusal(scope: Scope) -> Response:
    """Returns what a browser gets that asks for something without a login: for a page, the way to the door."""
    if scope["method"] in ("GET", "HEAD") and "text/html" in Headers(scope=scope).get("accept", ""):
        query = f"?{scope['query_string'].decode('latin-1')}" if scope["query_string"] else ""
        asked = quote(scope["path"] + query, safe="")
        return RedirectResponse(f"{DOOR}?next={asked}", 303, headers={"cache-control": "no-store"})
    return PlainTextResponse(NOT_LOGGED_IN, 403)


class Entrance:
    """Middleware that says who a request comes from: by a cookie alone, or on a server for a class by a login."""

    def __init__(self, app: ASGIApp, limits: Callable[[], Settings], logins: Callable[[], Logins]) -> None:
        """Both are called once requests arrive."""
        self._limits = limits
        self._alone = StudentCookie(app, lambda: secret_key(limits().data_dir), lambda: limits().proxies)
        self._gate = LoginGate(app, logins, lambda: limits().proxies)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes on to the one of this server's mode; at the start, `lifespan` tells what is wrong with it."""
        is_class = scope["type"] in ("http", "websocket") and self._limits().mode == Mode.CLASS
        await (self._gate if is_class else self._alone)(scope, receive, send)
