"""The cookie with a random token for each browser, by which a student's runs are found again after a reload."""

import secrets
from collections.abc import Callable
from ipaddress import IPv6Address, ip_address, ip_network

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import cookie_parser
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from cnnviz.secret_key import TOKEN_PATTERN, new_owner, owner_of_token
from cnnviz.visitors import visitors

COOKIE_NAME = "cnnviz_student"
COOKIE_SECONDS = 365 * 24 * 3600
OWNER_HEADER = "x-cnnviz-owner"
"""Header that this server adds to each request that it gets: the owner whom the cookie stands for.

`server.trustedUserHeaders` names it, so Streamlit gives a session back to the owner who began it and to nobody else,
whoever knows its id.
"""


class StudentCookie:
    """Middleware that gives every browser a random token of its own, and tells the app the owner it stands for.

    The token is a secret of 128 bits: nobody without the cookie can guess it, page scripts never see it, and this
    server stores and logs only the owner, its keyed hash.
    """

    def __init__(self, app: ASGIApp, key: Callable[[], bytes], proxies: Callable[[], str] = lambda: "") -> None:
        """`key` returns the secret of this server, `proxies` those whose word is taken for an address.

        They are called once requests arrive.
        """
        self._app = app
        self._key, self._proxies = key, proxies

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Adds the owner to requests, and the cookie to pages that are sent to a browser without one.

        What tells a browser that its copy of a page is still good (304) has no content type: it is one, too.
        """
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        request_headers = Headers(scope=scope)
        token = token_in_cookies(request_headers.get("cookie", ""))
        if token:
            visitors().note(owner_of_token(token, self._key()), client_address(scope, self._proxies()))
        scope = {**scope, "headers": self._with_owner(scope["headers"], token)}
        if scope["type"] == "websocket" or token:
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

    def _with_owner(self, headers: list[tuple[bytes, bytes]], token: str | None) -> list[tuple[bytes, bytes]]:
        """Returns the headers with the owner; without a cookie it is a new one, so that no session is given back."""
        owner = owner_of_token(token, self._key()) if token else new_owner()
        name = OWNER_HEADER.encode()
        return [(key, value) for key, value in headers if key.lower() != name] + [(name, owner.encode())]


def client_address(scope: Scope, proxies: str) -> str:
    """Returns the address from which a request comes; empty where it is unknown.

    The header of a proxy is believed as far as proxies that are named here have written it: its last other address.
    """
    trusted = {_normal_address(proxy) for proxy in proxies.split(",")} - {""}
    address = _normal_address((scope.get("client") or ("",))[0])
    forwarded = ",".join(Headers(scope=scope).getlist("x-forwarded-for")).split(",")
    while address in trusted and forwarded:
        address = _normal_address(forwarded.pop())
    return address


def peer_address(scope: Scope) -> str:
    """Returns the address of the machine at the other end of a connection; empty where it is unknown."""
    return exact_address((scope.get("client") or ("",))[0])


def exact_address(text: str) -> str:
    """Returns an address in one form; empty for another text.

    >>> exact_address("::ffff:10.0.0.2"), exact_address("2001:DB8:0::1"), exact_address("proxy")
    ('10.0.0.2', '2001:db8::1', '')
    """
    try:
        address = ip_address(text.strip())
    except ValueError:
        return ""
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return str(mapped or address)


def _normal_address(text: str) -> str:
    """Returns an address in one form, of IPv6 the network of 64 bits that one visitor has; empty for another text."""
    try:
        address = ip_address(text.strip())
    except ValueError:
        return ""
    if isinstance(address, IPv6Address):
        mapped = address.ipv4_mapped
        return str(mapped) if mapped else str(ip_network((address, 64), strict=False))
    return str(address)


def token_in_cookies(cookies: str) -> str | None:
    """Returns the token in a cookie header, whatever cookies of other pages are beside it; None without a valid one."""
    token = cookie_parser(cookies).get(COOKIE_NAME, "")
    return token if TOKEN_PATTERN.fullmatch(token) else None
