"""The gate of a server for a class: nothing without a login, and nothing of anybody else."""

import json
import time
from collections.abc import Callable, Iterator
from http.cookies import SimpleCookie
from urllib.parse import urlencode

import pytest
import sqlalchemy as sql
from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from streamlit.proto.BackMsg_pb2 import BackMsg

from cnnviz.identity.person import Role
from cnnviz.runs.people import PeopleStore
from cnnviz.runs.store import Store
from cnnviz.runs.tables import PEOPLE
from cnnviz.settings import Mode, Settings
from cnnviz.ui.identity import COOKIE_NAME, OWNER_HEADER
from cnnviz.ui.login.gate import HEALTH, ROLE_HEADER, LoginGate, is_action
from cnnviz.ui.login.logins import LOGIN_COOKIE, Logins
from tests.ui.asgi import request

PIN, TEACHER_PIN = "470915", "470915xy"
PROXY = "10.0.0.2"
ORIGIN = ("origin", "http://localhost")
PAGE = ("accept", "text/html")


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    """Answers with the owners that it has heard of; or takes the handshake and hears until the stream ends."""
    owners = Headers(scope=scope).getlist(OWNER_HEADER)
    if scope["type"] == "http":
        await PlainTextResponse(json.dumps(owners))(scope, receive, send)
    else:
        await receive()
        await send({"type": "websocket.accept", "owners": owners})


class Room:
    """A server for a class, without Streamlit."""

    def __init__(self, people: PeopleStore, **limits: str) -> None:
        self.people, self.now = people, time.time()
        self.logins = Logins(Settings(mode=Mode.CLASS, **limits), people, b"a key", lambda: self.now)  # type: ignore[arg-type]
        self.gate: ASGIApp = LoginGate(app, lambda: self.logins, lambda: "")

    def get(self, path: str, *headers: tuple[str, str], **options: str) -> tuple[int, Headers, str]:
        return answer(request(self.gate, headers, path=path, **options))

    def post(
        self, path: str, *headers: tuple[str, str], peer: str = "10.1.1.1", **form: str
    ) -> tuple[int, Headers, str]:
        return answer(request(self.gate, [ORIGIN, *headers], path=path, method="POST", body=urlencode(form), peer=peer))

    def log_in(self, name: str, pin: str = PIN, *headers: tuple[str, str]) -> tuple[str, str]:
        """The header with the cookie of a login, as a browser sends it afterwards."""
        form = {"code": self.people.class_code(), "name": name, "pin": pin, "pin_again": pin}
        status, answered, text = self.post("/door/login", *headers, **form)
        assert status == 303, text
        cookie = SimpleCookie(answered["set-cookie"])[LOGIN_COOKIE]
        assert (cookie["httponly"], cookie["samesite"], cookie["path"]) == (True, "lax", "/")
        return "cookie", f"{LOGIN_COOKIE}={cookie.value}"

    def act(self, cookie: tuple[str, str], *, is_auto_rerun: bool = False) -> None:
        """Has a page send what it does at a click, or by itself."""

        async def page(scope: Scope, receive: Receive, send: Send) -> None:
            assert (await receive())["type"] == "websocket.connect"
            assert (await receive())["type"] == "websocket.receive"
            await send({"type": "websocket.close"})

        rerun = BackMsg()
        rerun.rerun_script.is_auto_rerun = is_auto_rerun
        message = {"type": "websocket.receive", "bytes": rerun.SerializeToString()}
        request(LoginGate(page, lambda: self.logins, lambda: ""), [cookie], "websocket", received=[message])

    def owner(self, *headers: tuple[str, str]) -> str | None:
        """Whom the app hears of."""
        status, _, text = self.get("/", *headers)
        (owner,) = json.loads(text) if status == 200 else (None,)
        return owner


def answer(sent: list[Message]) -> tuple[int, Headers, str]:
    body = b"".join(message.get("body", b"") for message in sent[1:])
    return sent[0]["status"], Headers(raw=sent[0]["headers"]), body.decode()


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    store = Store(tmp_path_factory.mktemp("class"))
    yield store
    store.close()


@pytest.fixture
def room(store: Store) -> Room:
    with store._engine.begin() as connection:
        connection.execute(sql.delete(PEOPLE))
    return Room(store.people)


@pytest.mark.parametrize(
    "path",
    [
        *("/", "/train", "/runs?run=1", "/media/abc.png", "/_stcore/host-config", "/_stcore/upload_file/a/b"),
        *("/app/static/x", "/component/x", "/static/js/index.js"),
        *("/door2", "//door", "/Door", "/_stcore/health/", "/_stcore/healthz"),
    ],
)
@pytest.mark.parametrize("forged", [(), ((OWNER_HEADER, "s" + "0" * 31),), (("cookie", f"{COOKIE_NAME}={'a' * 32}"),)])
def test_without_a_login_there_is_only_the_door(room: Room, path: str, forged: tuple[tuple[str, str], ...]) -> None:
    assert room.get(path, *forged)[0] == 403
    status, headers, _ = room.get(path, PAGE, *forged)
    assert status == 303
    assert headers["location"].startswith("/door?next=")
    assert room.post(path, *forged)[0] == 403
    assert request(room.gate, forged, "websocket", path)[0]["type"] == "websocket.close"


def test_health_is_told_to_everybody_and_nothing_with_it(room: Room) -> None:
    assert room.get(HEALTH, (OWNER_HEADER, "forged"))[::2] == (200, "[]")


def test_whoever_logs_in_is_the_same_at_every_computer(room: Room) -> None:
    status, _, text = room.get("/door", PAGE)
    assert status == 200
    assert 'action="/door/login"' in text
    anna, again, bert = room.log_in("Anna"), room.log_in("anna"), room.log_in("Bert")
    assert room.owner(anna) == room.owner(again) != room.owner(bert)
    assert room.owner(anna, (OWNER_HEADER, "forged")) == room.owner(anna)
    assert room.people.find(str(room.owner(anna)))
    stream = request(room.gate, [bert, (OWNER_HEADER.title(), "forged")], "websocket")
    assert stream[0] == {"type": "websocket.accept", "owners": [room.owner(bert)]}


def test_a_first_visit_types_the_pin_twice(room: Room) -> None:
    form = {"code": room.people.class_code(), "name": "Anna", "pin": PIN, "next": "/train?a=1"}
    status, headers, text = room.post("/door/login", **form)
    assert (status, headers.get("set-cookie")) == (200, None)
    assert "Welcome, Anna" in text
    assert 'name="pin_again"' in text
    assert PIN not in text
    status, headers, _ = room.post("/door/login", **form, pin_again=PIN)
    assert (status, headers["location"], headers["cache-control"]) == (303, "/train?a=1", "no-store")


@pytest.mark.parametrize(
    "following", ["//evil.example", "https://evil.example", "/\\evil.example", "/ \nx", "/door/logout"]
)
def test_the_door_leads_to_pages_of_this_server_alone(room: Room, following: str) -> None:
    form = {"code": room.people.class_code(), "name": "Anna", "pin": PIN, "pin_again": PIN, "next": following}
    assert room.post("/door/login", **form)[1]["location"] == "/"


def test_a_wrong_pin_is_told_and_a_locked_name_too(room: Room) -> None:
    room.log_in("Anna")
    statuses = []
    for _ in range(6):
        form = {"code": room.people.class_code(), "name": '"><b>Anna', "pin": "wrong!"}
        status, headers, text = room.post("/door/login", **form | {"name": "Anna"})
        statuses.append(status)
        assert 'role="alert"' in text
        assert "wrong!" not in text
        assert headers.get("set-cookie") is None
    assert statuses == [403] * 5 + [429]
    (anna,) = room.people.all()
    room.logins.reset_pin(anna)  # as the teacher does
    assert room.owner(room.log_in("Anna", "580126")) == anna.owner
    assert "&lt;b&gt;" in room.post("/door/login", code="x", name='"><b>Anna', pin="wrong!")[2]


def test_a_form_that_does_not_say_where_it_comes_from_is_refused(room: Room) -> None:
    body = urlencode({"code": room.people.class_code(), "name": "Anna", "pin": PIN, "pin_again": PIN})
    for path in ("/door/login", "/door/teacher"):
        assert answer(request(room.gate, [], path=path, method="POST", body=body))[0] == 403
    assert room.post("/door/login", name="x" * 20_000)[0] == 413
    assert room.post("/door/login", **{f"field{number}": "x" for number in range(30)})[0] == 400
    assert room.get("/door/login")[0] == 404
    assert not room.people.all()


def test_who_logs_out_is_out_at_this_computer(room: Room) -> None:
    here, there = room.log_in("Anna"), room.log_in("Anna")
    status, headers, _ = room.post("/door/logout", here)
    assert (status, headers["location"]) == (303, "/door")
    assert SimpleCookie(headers["set-cookie"])[LOGIN_COOKIE].value == ""
    assert room.owner(here) is None  # a copy of the cookie is worth nothing, too
    assert room.owner(there)
    assert room.post("/door/logout")[0] == 403


def test_who_logs_out_everywhere_is_out_at_every_computer(room: Room) -> None:
    here, there, bert = room.log_in("Anna"), room.log_in("Anna"), room.log_in("Bert")
    room.post("/door/logout", here, everywhere="1")
    assert (room.owner(here), room.owner(there)) == (None, None)
    assert room.owner(bert)
    assert room.owner(room.log_in("Anna"))


def test_another_login_in_the_same_browser_ends_the_one_before(room: Room) -> None:
    anna = room.log_in("Anna")
    bert = room.log_in("Bert", PIN, anna)
    assert room.owner(anna) is None
    assert room.owner(bert)


def test_a_login_ends_by_itself(room: Room) -> None:
    anna = room.log_in("Anna")
    for _ in range(7):
        room.now += 1.7 * 3600
        room.act(anna)
    assert room.owner(anna)
    room.now += 0.2 * 3600
    assert room.owner(anna) is None


def test_a_login_ends_where_nobody_does_anything_whatever_pages_do_by_themselves(room: Room) -> None:
    here, there = room.log_in("Anna"), room.log_in("Anna")
    for _ in range(2):
        room.now += 1.1 * 3600
        room.act(here)
        room.act(there, is_auto_rerun=True)
        room.get("/", there)
    assert room.owner(here)
    assert room.owner(there) is None
    assert request(room.gate, [there], "websocket")[0]["type"] == "websocket.close"
    assert Room(room.people, idle_minutes="0").owner(there)  # as another server would have it


@pytest.mark.parametrize("sent", [b"", b"no message of Streamlit", BackMsg(app_heartbeat=True).SerializeToString()])
def test_a_message_that_asks_for_nothing_is_no_action(sent: bytes) -> None:
    assert not is_action({"type": "websocket.receive", "bytes": sent})
    assert not is_action({"type": "websocket.receive", "text": "rerun"})


def test_a_new_pin_and_a_removed_account_end_all_logins(room: Room) -> None:
    anna, bert = room.log_in("Anna"), room.log_in("Bert")
    room.people.reset_pin(str(room.owner(anna)))
    room.people.remove(str(room.owner(bert)))
    assert (room.owner(anna), room.owner(bert)) == (None, None)


@pytest.mark.parametrize(
    "change",
    [
        PeopleStore.end_logins,
        PeopleStore.remove,
        lambda people, owner: people.change(owner, role=Role.TEACHER),  # what a page may do was asked as it was drawn
    ],
    ids=["logged out", "removed", "another role"],
)
def test_a_stream_ends_with_the_login(room: Room, change: Callable[[PeopleStore, str], None]) -> None:
    anna = room.log_in("Anna")

    async def page(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        await send({"type": "websocket.accept"})
        change(room.people, Headers(scope=scope)[OWNER_HEADER])
        message = await receive()  # what the browser sends after that is not heard
        await send({"type": "websocket.send", "heard": message})

    gate = LoginGate(page, lambda: room.logins, lambda: "")
    sent = request(gate, [anna], "websocket", received=[{"type": "websocket.receive", "text": "rerun"}])
    assert [message["type"] for message in sent] == ["websocket.accept", "websocket.close"]


def test_the_app_hears_the_role_of_whoever_is_let_in_and_no_other(room: Room) -> None:
    anna, heard = room.log_in("Anna"), []

    async def page(scope: Scope, receive: Receive, send: Send) -> None:
        heard.append(Headers(scope=scope).getlist(ROLE_HEADER))

    gate = LoginGate(page, lambda: room.logins, lambda: "")
    request(gate, [anna, (ROLE_HEADER, "teacher"), ("X-Cnnviz-Role", "teacher")])
    room.people.change(str(room.owner(anna)), role=Role.TEACHER)
    request(gate, [anna])
    assert heard == [["student"], ["teacher"]]


def test_the_one_time_link_makes_a_teacher(room: Room) -> None:
    token = room.people.new_teacher_link()
    status, _, text = room.get("/door/teacher", PAGE)
    assert (status, token in text) == (200, False)
    form = {"token": token, "name": "Ms. Weiß", "pin": TEACHER_PIN, "pin_again": TEACHER_PIN}
    status, headers, _ = room.post("/door/teacher", **form)
    assert (status, headers["location"]) == (303, "/door")
    cookie = ("cookie", f"{LOGIN_COOKIE}={SimpleCookie(headers['set-cookie'])[LOGIN_COOKIE].value}")
    account = room.people.find(str(room.owner(cookie)))
    assert account
    assert account.person.role == Role.TEACHER
    assert room.people.class_code() in room.get("/door", PAGE, cookie)[2]
    assert room.post("/door/teacher", **form)[0] == 403
    student = room.log_in("Bert")
    assert room.people.class_code() not in room.get("/door", PAGE, student)[2]


def test_the_cookie_is_for_https_where_a_named_proxy_says_so(store: Store) -> None:
    room = Room(store.people, proxies=PROXY)
    form = {"code": room.people.class_code(), "name": "Carla", "pin": PIN, "pin_again": PIN}
    https = ("x-forwarded-proto", "https")
    for peer, headers, secure in ((PROXY, [https], True), (PROXY, [], False), ("10.0.0.9", [https], False)):
        cookie = SimpleCookie(room.post("/door/login", *headers, peer=peer, **form)[1]["set-cookie"])[LOGIN_COOKIE]
        assert bool(cookie["secure"]) == secure


def test_behind_a_proxy_that_knows_everybody_there_is_no_form(store: Store) -> None:
    room = Room(store.people, proxies=PROXY, login_header="X-Remote-User")
    anna, bert = ("x-remote-user", "Anna Weiß"), ("x-remote-user", "bert")
    sent = request(room.gate, [anna], peer=PROXY)
    owner = json.loads(answer(sent)[2])
    assert owner == json.loads(answer(request(room.gate, [anna], peer=PROXY))[2])
    assert owner != json.loads(answer(request(room.gate, [bert], peer=PROXY))[2])
    assert request(room.gate, [anna], "websocket", peer=PROXY)[0]["owners"] == owner
    for headers, peer in (([], PROXY), ([anna], "10.0.0.9"), ([anna, bert], PROXY)):
        assert answer(request(room.gate, headers, peer=peer))[0] == 403
        assert request(room.gate, headers, "websocket", peer=peer)[0]["type"] == "websocket.close"
        assert room.get("/door", PAGE, *headers, peer=peer)[0] == 403
    form = {"code": room.people.class_code(), "name": "Anna Weiß", "pin": PIN, "pin_again": PIN}
    assert room.post("/door/login", anna, peer=PROXY, **form)[0] == 404
    assert room.post("/door/teacher", peer=PROXY, token=room.people.new_teacher_link())[0] == 403
    assert room.post("/door/teacher", anna, peer=PROXY, token="x")[0] == 403  # noqa: S106
    assert room.post("/door/teacher", anna, peer=PROXY, token=room.people.new_teacher_link())[0] == 303
    account = room.people.find(owner[0])
    assert account
    assert account.person.is_teacher
