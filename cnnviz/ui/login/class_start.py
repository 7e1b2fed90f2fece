"""The start of a server for a class: whose word it takes, and the link that makes the first teacher."""

from streamlit import config
from uvicorn._types import ASGIReceiveCallable, ASGISendCallable, Scope
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from cnnviz.errors import CnnvizError
from cnnviz.identity.teacher_link import link_address
from cnnviz.runs.people import PeopleStore
from cnnviz.settings import Settings


def open_class(limits: Settings, people: PeopleStore) -> None:
    """Prints the link that makes somebody the teacher, as long as there is none.

    Raises CnnvizError for a header that nobody is believed to send, and where pages lie below a base path.
    """
    if limits.login_header and not limits.proxies.strip():
        raise CnnvizError(
            "CNNVIZ_LOGIN_HEADER names a header, and CNNVIZ_PROXIES no proxy that may send it. Set both, or none."
        )
    if config.get_option("server.baseUrlPath"):
        raise CnnvizError("CNNVIZ_MODE=class does not work below a base path (STREAMLIT_SERVER_BASE_URL_PATH).")
    believe_named_proxies_only()
    if not people.has_teacher():
        print(teacher_sentence(people.new_teacher_link(), int(config.get_option("server.port"))), flush=True)  # noqa: T201 (for whoever starts it)


def teacher_sentence(token: str, port: int) -> str:
    """Returns what is told about a new link."""
    return (
        "\nThis link makes whoever opens it first the teacher. It is good once, and for a day. Put the address by which"
        f" your class reaches this server in the place of localhost:\n\n  {link_address(token, f'http://localhost:{port}')}\n"
    )


def believe_named_proxies_only() -> None:
    """Has uvicorn leave the address and scheme of requests as they are.

    By itself it takes those that X-Forwarded-For and -Proto name on every connection from this machine, whatever
    CNNVIZ_PROXIES says: anybody who works on it could say that they come from a proxy.
    """

    async def pass_on(
        self: ProxyHeadersMiddleware, scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable
    ) -> None:
        await self.app(scope, receive, send)

    ProxyHeadersMiddleware.__call__ = pass_on  # type: ignore[method-assign]
