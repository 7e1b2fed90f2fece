"""Which hosts this server answers to, and from which web pages; and what its own pages may load."""

import ipaddress
import socket
from collections.abc import Callable
from functools import cache
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocketClose

POLICY_VIOLATION = 1008
"""WebSocket close code."""
CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'self'",
        # Streamlit's page has a script in it, Vega compiles expressions, and components are modules in blobs
        "script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data: blob:",
        "font-src 'self' data:",
        "media-src 'self' data: blob:",
        "connect-src 'self' data: blob:",
        "worker-src 'self' blob:",
        "frame-src 'self' data: blob:",
        "object-src 'none'",
        "base-uri 'self'",
        "form-action 'self'",
        "frame-ancestors 'self'",
    )
)
SECURITY_HEADERS = {
    "content-security-policy": CONTENT_SECURITY_POLICY,
    "x-frame-options": "SAMEORIGIN",
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
}


class OriginCheck:
    """Middleware that refuses hosts that are not this server's, and requests from pages of other servers.

    A page of another server could otherwise act for a student who has both open, or by a name that leads here (DNS
    rebinding). `hosts` returns the names, with commas between them, that this server has beside those of its machine;
    `*.example.org` stands for all names that end so, `*` for every name. It is called once requests arrive.
    """

    def __init__(self, app: ASGIApp, hosts: Callable[[], str]) -> None:
        self._app = app
        self._named_hosts = hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers what is refused with a sentence (403), and adds SECURITY_HEADERS to every other answer."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        host = headers.get("host", "")
        problem = self._find_problem(host, headers.getlist("origin"))
        if problem:
            if scope["type"] == "websocket":
                await WebSocketClose(POLICY_VIOLATION)(scope, receive, send)
            else:
                await PlainTextResponse(problem, 403)(scope, receive, send)
            return
        # Streamlit compares the two again, and asks a host on the internet for its own address where they differ
        origin = f"{scope['scheme'].replace('ws', 'http')}://{host}".encode()
        renamed = [(name, origin if name.lower() == b"origin" else value) for name, value in scope["headers"]]
        scope = {**scope, "headers": renamed}

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                answer_headers = MutableHeaders(scope=message)
                for name, value in SECURITY_HEADERS.items():
                    answer_headers[name] = value
            await send(message)

        await self._app(scope, receive, send_with_headers)

    def _find_problem(self, host: str, origins: list[str]) -> str | None:
        """Returns why a request is refused; None for one that is served."""
        name = _host_name(host)
        if name is None or not (self._is_named(name) or _is_own_name(name)):
            return (
                f"This cnnviz is not known as {host[:100]!a}. Whoever runs it can add that name to CNNVIZ_HOSTS; until"
                " then it answers to localhost, to the name of its machine, and to numeric addresses."
            )
        for origin in origins:
            address = origin.rpartition("://")[2].lower()
            # behind a proxy that changes the host; a sibling that `*.` stands for is another server
            named = address.removesuffix(".") in self._hosts and "*" not in address
            if address != host.lower() and not named:
                return "This request comes from a page of another server. Open cnnviz by its own address."
        return None

    @property
    def _hosts(self) -> list[str]:
        return [host.strip().lower().rstrip(".") for host in self._named_hosts().split(",") if host.strip()]

    def _is_named(self, name: str) -> bool:
        return any(
            host in ("*", name) or (host.startswith("*.") and name.endswith(host.removeprefix("*")))
            for host in self._hosts
        )


def _host_name(host: str) -> str | None:
    """Returns the name in a Host header, without its port; None where it is not one name and a port."""
    try:
        parts = urlsplit(f"//{host}")
        _ = parts.port  # raises for one that is no number
    except ValueError:
        return None
    if parts.netloc != host or parts.username is not None or not parts.hostname:
        return None
    return parts.hostname.lower().rstrip(".")


def _is_own_name(name: str) -> bool:
    """Whether a name cannot be somebody else's: an address in numbers, localhost, or that of this machine."""
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return name in _machine_names() or name.endswith(".localhost")
    return True


@cache
def _machine_names() -> frozenset[str]:
    name = socket.gethostname().lower()
    return frozenset({"localhost", name, name.partition(".")[0], f"{name.partition('.')[0]}.local"})
