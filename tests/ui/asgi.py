"""Requests to an ASGI application, without a server."""

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from starlette.types import ASGIApp, Message


def request(
    app: ASGIApp,
    headers: Sequence[tuple[str, str]],
    kind: str = "http",
    path: str = "/",
    *,
    method: str = "GET",
    body: str = "",
    peer: str = "192.168.0.7",
    received: Sequence[Message] = (),
) -> list[Message]:
    """What an application answers to a request of a path (`http`), or to a handshake there (`websocket`).

    `received` are messages that follow.
    """
    sent: list[Message] = []

    first = {"type": "http.request", "body": body.encode()} if kind == "http" else {"type": "websocket.connect"}
    waiting = [first, *received]
    path, _, query = path.partition("?")

    async def receive() -> Message:
        if not waiting:
            await asyncio.Event().wait()  # a browser that stays and says nothing more
        return waiting.pop(0)

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {
        "type": kind,
        "method": method,
        "scheme": "http" if kind == "http" else "ws",
        "path": path,
        "query_string": query.encode(),
        "client": (peer, 50_000),
        "headers": [(name.encode(), value.encode()) for name, value in headers],
    }

    async def run() -> None:
        await app(scope, receive, send)

    with ThreadPoolExecutor(1) as pool:  # this thread may have the event loop of a browser's tests
        pool.submit(lambda: asyncio.run(run())).result()
    return sent
