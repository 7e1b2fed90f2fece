"""Which hosts are answered, and from which web pages."""

import pytest
from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

from cnnviz.ui.origins import SECURITY_HEADERS, OriginCheck
from tests.ui.asgi import request

NAMED = "nets.example.org, *.example.com"


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    """Answers 200, or takes the handshake, and says what origin it has heard."""
    heard = Headers(scope=scope).getlist("origin")
    assert heard in ([], [f"http://{Headers(scope=scope)['host']}"])  # Streamlit, which compares them again, agrees
    if scope["type"] == "http":
        await PlainTextResponse("a page")(scope, receive, send)
    else:
        await send({"type": "websocket.accept"})


def answers(hosts: str, *headers: tuple[str, str]) -> bool:
    """Whether both a page and the stream are served; either both are, or none."""
    check = OriginCheck(app, lambda: hosts)
    page, stream = request(check, headers), request(check, headers, "websocket")
    if page[0]["status"] == 200:
        assert stream == [{"type": "websocket.accept"}]
        return True
    assert page[0]["status"] == 403
    assert page[1]["body"].endswith(b".")
    assert [(message["type"], message["code"]) for message in stream] == [("websocket.close", 1008)]
    return False


@pytest.mark.parametrize(
    "host",
    ["localhost", "localhost:8501", "LocalHost", "127.0.0.1:8501", "192.168.1.20", "[::1]:8501", "nets.localhost"],
)
def test_a_server_without_names_answers_to_itself_and_its_addresses(host: str) -> None:
    assert answers("", ("host", host))
    assert answers("", ("host", host), ("origin", f"http://{host}"))


@pytest.mark.parametrize(
    "host", ["nets.example.org", "evil.example", "localhost.evil.example", "evil.example:8501", "a@localhost", "", "/"]
)
def test_a_server_without_names_answers_to_no_stranger(host: str) -> None:
    """A name of a stranger may lead here (DNS rebinding), with pages of the stranger that have this origin."""
    assert not answers("", ("host", host))
    assert not answers("", ("host", host), ("origin", f"http://{host}"))


@pytest.mark.parametrize(
    ("host", "answered"),
    [
        ("nets.example.org", True),
        ("NETS.example.org:443", True),
        ("a.example.com", True),
        ("a.b.example.com", True),
        ("example.com", False),
        ("nets.example.org.evil.example", False),
        ("evilexample.com", False),
    ],
)
def test_names_are_those_that_were_given(host: str, answered: bool) -> None:
    assert answers(NAMED, ("host", host), ("origin", f"https://{host}")) == answered


@pytest.mark.parametrize(
    "origin",
    ["http://evil.example", "null", "http://localhost.evil.example:8501", "http://localhost:9999", "", "file://"],
)
def test_a_page_of_another_server_is_refused(origin: str) -> None:
    for hosts in ("", NAMED, "*"):
        assert not answers(hosts, ("host", "localhost:8501"), ("origin", origin))


def test_behind_a_proxy_that_changes_the_host_the_named_origin_is_taken() -> None:
    assert answers(NAMED, ("host", "127.0.0.1:8501"), ("origin", "https://nets.example.org"))


@pytest.mark.parametrize(
    "origin",
    ["https://people.example.com", "http://nets.example.org:8080", "http://*.example.com", "https://a.b.example.com"],
)
def test_a_sibling_or_another_port_of_a_name_is_another_server(origin: str) -> None:
    for host in ("nets.example.org", "nets.example.com", "localhost:8501"):
        assert not answers(NAMED, ("host", host), ("origin", origin))


def test_two_origins_are_judged_both() -> None:
    same, foreign = ("origin", "http://localhost"), ("origin", "http://evil.example")
    for origins in ((same, foreign), (foreign, same)):
        assert not answers("", ("host", "localhost"), *origins)


def test_any_name_is_answered_where_that_was_chosen() -> None:
    assert answers("*", ("host", "any.example"), ("origin", "https://any.example"))


def test_every_answer_says_what_a_page_may_do() -> None:
    sent = request(OriginCheck(app, lambda: ""), [("host", "localhost")])
    headers = Headers(raw=sent[0]["headers"])
    assert {name: headers[name] for name in SECURITY_HEADERS} == SECURITY_HEADERS
