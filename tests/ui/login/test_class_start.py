"""What a server for a class says at its start, and whose word it takes from then on."""

from collections.abc import Iterator

import pytest
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from cnnviz.errors import CnnvizError
from cnnviz.identity.account import Account
from cnnviz.identity.person import Person, Role
from cnnviz.runs.people import PeopleStore
from cnnviz.runs.store import Store
from cnnviz.secret_key import new_owner
from cnnviz.settings import Mode, Settings
from cnnviz.ui.login.class_start import open_class
from tests.ui.asgi import request


@pytest.fixture
def people(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[PeopleStore]:
    monkeypatch.setattr(ProxyHeadersMiddleware, "__call__", ProxyHeadersMiddleware.__call__)  # put back afterwards
    store = Store(tmp_path_factory.mktemp("class"))
    yield store.people
    store.close()


def test_the_link_is_told_until_there_is_a_teacher(people: PeopleStore, capsys: pytest.CaptureFixture[str]) -> None:
    limits = Settings(mode=Mode.CLASS)
    for _ in range(2):
        open_class(limits, people)
        said = capsys.readouterr()
        token = said.out.partition("/door/teacher#")[2].strip()
        assert people.is_teacher_link(token)
        assert people.class_code() not in said.out + said.err
    people.add(Account(Person(new_owner(), "Ms. Weiß", Role.TEACHER), "name:ms. weiss"))
    open_class(limits, people)
    assert capsys.readouterr() == ("", "")


def test_a_header_that_nobody_may_send_is_refused_at_the_start(people: PeopleStore) -> None:
    with pytest.raises(CnnvizError, match="CNNVIZ_PROXIES no proxy"):
        open_class(Settings(mode=Mode.CLASS, login_header="X-Remote-User"), people)


def test_nobody_on_this_machine_says_that_a_request_comes_from_elsewhere(people: PeopleStore) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await PlainTextResponse(f"{scope['client'][0]} {scope['scheme']}")(scope, receive, send)

    server = ProxyHeadersMiddleware(app, trusted_hosts="127.0.0.1")
    forged = [("x-forwarded-for", "10.0.0.2"), ("x-forwarded-proto", "https")]
    assert request(server, forged, peer="127.0.0.1")[1]["body"] == b"10.0.0.2 https"  # as uvicorn is by itself
    open_class(Settings(mode=Mode.CLASS), people)
    assert request(server, forged, peer="127.0.0.1")[1]["body"] == b"127.0.0.1 http"
