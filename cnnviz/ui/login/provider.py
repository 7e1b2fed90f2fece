"""The way to an OpenID Connect provider and back: Streamlit's `st.login`, without its cookies.

Streamlit would keep all claims of somebody in cookies, for 30 days. They are read here from its answer instead, and the
browser gets the cookie of a login of this server.
"""

import json
from collections.abc import Mapping
from http.cookies import SimpleCookie
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope
from streamlit.auth_util import encode_provider_token, get_secrets_auth_section
from streamlit.web.server.starlette.starlette_server_config import USER_COOKIE_NAME
from streamlit.web.server.starlette.starlette_websocket import _get_signed_cookie_with_chunks

START, CALLBACK = "/auth/login", "/oauth2callback"
PROVIDER = "default"
"""What Streamlit calls the one provider whose fields stand in `[auth]` itself."""


def has_provider() -> bool:
    """Returns whether `.streamlit/secrets.toml` names a provider."""
    return bool(get_secrets_auth_section().get("client_id"))


def provider_address() -> str:
    """Returns where the way to the provider begins; good for some minutes."""
    return f"{START}?provider={encode_provider_token(PROVIDER)}"


async def read_claims(app: ASGIApp, scope: Scope, receive: Receive) -> Mapping[str, Any]:
    """Returns the claims of whoever comes back from the provider; none where it does not vouch for them."""
    cookies: dict[str, str] = {}

    async def keep_cookies(message: Message) -> None:
        if message["type"] == "http.response.start":
            for name, value in message["headers"]:
                if name.lower() == b"set-cookie":
                    cookies.update({key: morsel.value for key, morsel in SimpleCookie(value.decode("latin-1")).items()})

    await app(scope, receive, keep_cookies)
    content = _get_signed_cookie_with_chunks(cookies, USER_COOKIE_NAME)
    claims = json.loads(content) if content else {}
    return claims if isinstance(claims, dict) else {}
