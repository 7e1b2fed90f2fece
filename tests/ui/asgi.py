"""Requests to an ASGI application, without a server."""

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from starlette.types import ASGIApp, Message


def request(app: ASGIApp, headers: Sequence[tuple[str, str]], kind: str = "http", path: str = "/") -> list[Message]:
    """What an application answers to a GET of a path (`http`), or to a handshake there (`websocket`)."""
    sent: list[Message] = []

    received = [{"type": "http.request" if kind == "http" else "websocket.connect"}]

    async def receive() -> Message:
        if not received:
            await asyncio.Event().wait()  # a browser that stays and says nothing more
        return received.pop()

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {
        "type": kind,
        "method": "GET",
        "scheme": "http" if kind == "http" else "ws",
        "path": path,
        "headers": [(name.encode(), value.encode()) for name, value in headers],
    }

    async def run() -> None:
        await app(scope, receive, send)

    with ThreadPoolExecutor(1) as pool:  # this thread may have the event loop of a browser's tests
        pool.submit(lambda: asyncio.run(run())).result()
    return sent
