"""Streamlit's own scripts and styles, compressed: it sends them as they are, three megabytes at a first visit."""

import asyncio
import gzip
import re

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

COMPRESSIBLE_PATH = re.compile(r"/static/(js|css)/[\w.-]+\.(js|css)")
COMPRESSIBLE_TYPES = ("application/javascript", "text/javascript", "text/css")


class CompressedFiles:
    """Middleware that compresses each of these files once, in a thread, and keeps it in memory.

    Their names change with their content, so what is kept never becomes outdated.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._kept: dict[str, list[Message]] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes on what is no such file, what a browser does not take compressed, and parts of files."""
        if not _wants_compressed(scope):
            await self._app(scope, receive, send)
            return
        answer = self._kept.get(scope["path"])
        if answer is None:
            answer = await self._ask(scope, receive)
        for message in answer:
            await send({**message})  # a copy: what is around this adds headers to it, a cookie of one student, say

    async def _ask(self, scope: Scope, receive: Receive) -> list[Message]:
        """Returns the answer of the application, compressed if it is a file."""
        messages: list[Message] = []

        async def collect(message: Message) -> None:
            messages.append(message)

        await self._app(scope, receive, collect)
        start = messages[0]
        headers = MutableHeaders(raw=start["headers"])
        kind = headers.get("content-type", "").partition(";")[0]
        if start["status"] != 200 or kind not in COMPRESSIBLE_TYPES or "content-encoding" in headers:
            return messages
        body = b"".join(message.get("body", b"") for message in messages[1:])
        compressed = await asyncio.to_thread(gzip.compress, body, 9)
        headers["content-encoding"] = "gzip"
        headers["content-length"] = str(len(compressed))
        headers["vary"] = "Accept-Encoding"
        del headers["accept-ranges"]
        del headers["etag"]  # it names the file as it is
        start["headers"] = headers.raw
        answer: list[Message] = [start, {"type": "http.response.body", "body": compressed}]
        self._kept[scope["path"]] = answer
        return answer


def _wants_compressed(scope: Scope) -> bool:
    if scope["type"] != "http" or scope["method"] != "GET" or not COMPRESSIBLE_PATH.fullmatch(scope["path"]):
        return False
    headers = Headers(scope=scope)
    accepted = headers.get("accept-encoding", "").lower().replace(" ", "").split(",")
    return "gzip" in accepted and "range" not in headers and "if-none-match" not in headers
