"""A class: every door to every thing is tried by whoever should not come in, and by whom it belongs to."""

import re
import secrets
from collections.abc import Iterator
from http.client import HTTPConnection
from typing import NamedTuple
from urllib.parse import urlencode, urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from cnnviz.identity.person import Role
from cnnviz.runs.run import Status
from cnnviz.runs.store import Store
from cnnviz.secret_key import owner_of_token, secret_key
from tests.browser.conftest import ROOT, TIMEOUT_MS, Server
from tests.designs import make_run

PIN, TEACHER_PIN = "470915", "470915xy"
HIDDEN_TITLE = "the net that nobody else may see"
PAGES = sorted(path.stem for path in (ROOT / "pages").glob("*.py"))
NAMES = ("run", "runs", "id")
"""Under which a page may look for a run in the address."""
PAGES_OF_RUNS = ("train", "runs", "result", "search")
FORM = b'--edge\r\nContent-Disposition: form-data; name="f"; filename="a.zip"\r\n\r\nmine\r\n--edge--\r\n'


class Answer(NamedTuple):
    status: int
    headers: dict[str, str]
    text: str


class Classroom:
    """A server for a class, with a teacher, Anna, Bert, and nobody: each as the headers that their browser sends."""

    def __init__(self, server: Server) -> None:
        self.server = server
        links = re.findall(r"http://localhost:\d+/door/teacher#(\S+)", server.log.read_text())
        assert len(links) == 1
        self.token = links[0]
        form = {"token": self.token, "name": "Ms. Weiß", "pin": TEACHER_PIN, "pin_again": TEACHER_PIN}
        self.teacher = self.enter("/door/teacher", **form)
        (self.code,) = re.findall(r'class="code">([A-Z0-9-]+)<', self.request("GET", "/door", self.teacher).text)
        self.anna, self.bert = self.log_in("Anna"), self.log_in("Bert")
        forged = {"Cookie": self.anna["Cookie"][:-1] + ("0" if self.anna["Cookie"][-1] != "0" else "1")}
        self.anna_owner = self.anna["Cookie"].partition("=")[2].partition(".")[0]
        self.nobody: list[dict[str, str]] = [
            {},
            forged,
            {"Cookie": f"cnnviz_student={secrets.token_hex(16)}"},
            {"x-cnnviz-owner": self.anna_owner, "X-Cnnviz-Owner": self.anna_owner, "Remote-User": "Anna"},
        ]
        self.others = [*self.nobody, self.bert | {"x-cnnviz-owner": self.anna_owner}]

    def request(self, method: str, path: str, headers: dict[str, str], body: bytes = b"") -> Answer:
        connection = HTTPConnection(urlsplit(self.server.url).netloc, timeout=60)
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            named = {name.lower(): value for name, value in answer.getheaders()}
            return Answer(answer.status, named, answer.read().decode(errors="replace"))
        finally:
            connection.close()

    def post(self, path: str, headers: dict[str, str], **form: str) -> Answer:
        sent = {"Origin": self.server.url, "Content-Type": "application/x-www-form-urlencoded"}
        return self.request("POST", path, headers | sent, urlencode(form).encode())

    def enter(self, path: str, **form: str) -> dict[str, str]:
        """The headers of a browser that has come in by a form."""
        answer = self.post(path, {}, **form)
        assert answer.status == 303, answer.text
        return {"Cookie": answer.headers["set-cookie"].partition(";")[0]}

    def log_in(self, name: str) -> dict[str, str]:
        return self.enter("/door/login", code=self.code, name=name, pin=PIN, pin_again=PIN)

    def open_stream(self, headers: dict[str, str], session_id: str = "") -> ClientConnection:
        return connect(
            f"{self.server.url.replace('http', 'ws')}/_stcore/stream",
            additional_headers=headers,
            subprotocols=["streamlit", "no-token", session_id] if session_id else ["streamlit"],  # type: ignore[arg-type, list-item]
            origin=self.server.url,  # type: ignore[arg-type]
            max_size=None,
        )


class Shown(NamedTuple):
    """What a page has sent."""

    session: str
    content: bytes
    widgets: set[str]

    @property
    def media(self) -> set[str]:
        return {path.decode() for path in re.findall(rb"/media/[0-9a-f]+\.\w+", self.content)}


def show(stream: ClientConnection, page: str = "", query: str = "", *states: WidgetState) -> Shown:
    """What a run of a page sends."""
    message = BackMsg()
    message.rerun_script.page_name = "" if page == "design" else page
    message.rerun_script.query_string = query
    message.rerun_script.widget_states.widgets.extend(states)
    stream.send(message.SerializeToString())
    content, session, answer = b"", "", ForwardMsg()
    while not answer.HasField("script_finished"):
        data = bytes(stream.recv(timeout=60))
        content += data
        answer.ParseFromString(data)
        if answer.HasField("new_session"):
            session = answer.new_session.initialize.session_id
    return Shown(session, content, {id_.decode() for id_ in re.findall(rb"\$\$ID-[\w-]+", content)})


def receive_for_ever(stream: ClientConnection) -> None:
    while True:
        stream.recv(timeout=60)


@pytest.fixture(scope="module")
def classroom(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Classroom]:
    folder = tmp_path_factory.mktemp("class")
    running = Server(folder / "data", folder / "log.txt", CNNVIZ_MODE="class")
    room = Classroom(running)
    yield room
    assert running.stop() in (0, -15), running.log.read_text()
    log = running.log.read_text()  # where forged widgets have failed the pages of whoever forged them
    for secret in (room.code, PIN, TEACHER_PIN, *(each["Cookie"] for each in (room.anna, room.bert, room.teacher))):
        assert secret not in log


@pytest.fixture(scope="module")
def run_id(classroom: Classroom) -> str:
    """A run of Anna's."""
    store = Store(classroom.server.folder, is_prepared=True)
    run = make_run(classroom.anna_owner, status=Status.DONE, title=HIDDEN_TITLE)
    store.add_run(run)
    store.close()
    return run.id


def test_no_page_and_no_file_is_given_to_nobody(classroom: Classroom) -> None:
    files = re.findall(r'(?:src|href)="\.?(/static/[^"]+)"', classroom.request("GET", "/", classroom.anna).text)
    assert files
    paths = [f"/{page}" for page in PAGES] + ["/", "/?design=x", *files, "/app/static/icon.svg"]
    paths += ["/_stcore/host-config", "/_stcore/metrics", "/_stcore/script-health-check", "/component/x/y", "/nowhere"]
    for headers in classroom.nobody:
        for path in paths:
            asked = classroom.request("GET", path, headers | {"Accept": "text/html,*/*;q=0.8"})
            assert (asked.status, asked.text) == (303, "")
            assert asked.headers["location"].startswith("/door?next=")
            assert classroom.request("GET", path, headers).status == 403
        for session in ("", "0" * 36):
            with pytest.raises(InvalidStatus, match="403"):
                classroom.open_stream(headers, session)
    assert classroom.request("GET", "/_stcore/health", {}).text == "ok"
    assert classroom.request("GET", files[0], classroom.anna).status == 200


def test_no_session_is_given_to_anybody_else(classroom: Classroom, run_id: str) -> None:
    with classroom.open_stream(classroom.anna) as page:
        mine = show(page, "runs")
        assert HIDDEN_TITLE.encode() in mine.content
        with classroom.open_stream(classroom.bert | {"x-cnnviz-owner": classroom.anna_owner}, mine.session) as foreign:
            theirs = show(foreign, "runs")
        assert theirs.session != mine.session
        assert HIDDEN_TITLE.encode() not in theirs.content
        for headers in classroom.nobody:
            with pytest.raises(InvalidStatus, match="403"):
                classroom.open_stream(headers, mine.session)


def test_no_page_shows_a_run_of_somebody_else(classroom: Classroom, run_id: str) -> None:
    """By addresses, and by every widget that the page has, with the id of the run as its value."""
    for page in PAGES:
        with classroom.open_stream(classroom.bert) as stream:
            for query in ("", *("&".join(f"{name}={value}" for name in NAMES) for value in (run_id, run_id[:10]))):
                shown = show(stream, page, query)
                assert HIDDEN_TITLE.encode() not in shown.content
            for widget in sorted(shown.widgets):
                forged = [WidgetState(id=widget, string_value=run_id)]
                if page in PAGES_OF_RUNS:
                    forged += [
                        WidgetState(id=widget, json_value=f'{{"selection": {{"rows": [0]}}, "run": "{run_id}"}}')
                    ]
                for state in forged:
                    assert HIDDEN_TITLE.encode() not in show(stream, page, "", state).content
    with classroom.open_stream(classroom.anna) as stream:
        assert HIDDEN_TITLE.encode() in show(stream, "result").content  # so it is looked for in the right place


def test_what_a_page_shows_is_given_to_its_student_alone(classroom: Classroom) -> None:
    with classroom.open_stream(classroom.anna) as stream:
        media = show(stream, "data").media
        assert media
        for path in sorted(media):
            assert classroom.request("GET", path, classroom.anna).status == 200
            assert classroom.request("GET", path, classroom.bert).status == 404
            for headers in classroom.nobody:
                assert classroom.request("GET", path, headers).status == 403


def test_no_file_is_sent_into_the_session_of_somebody_else(classroom: Classroom) -> None:
    with classroom.open_stream(classroom.anna) as stream:
        path = f"/_stcore/upload_file/{show(stream, 'data').session}/file-1"
        kind = {"Content-Type": "multipart/form-data; boundary=edge"}
        for headers in classroom.others:
            for method in ("PUT", "DELETE", "POST"):
                assert classroom.request(method, path, headers | kind, FORM).status in (403, 405)
        assert classroom.request("PUT", path, classroom.anna | kind, FORM).status == 204


def test_no_student_becomes_a_teacher(classroom: Classroom) -> None:
    for headers in (*classroom.nobody, classroom.bert):
        for token in ("", classroom.token, classroom.code):
            form = {"token": token, "name": "Bert", "pin": PIN, "pin_again": PIN, "role": "teacher"}
            assert classroom.post("/door/teacher", headers, **form).status in (403, 429)
    student = classroom.request("GET", "/door", classroom.bert).text
    assert "teacher" not in student
    assert classroom.code not in student
    assert classroom.code in classroom.request("GET", "/door", classroom.teacher).text
    assert classroom.post("/door/login", {}, code=classroom.code, name="Carla", pin=PIN, pin_again=PIN, role="teacher")
    store = Store(classroom.server.folder, is_prepared=True)
    teachers = {account.person.name for account in store.people.all() if account.person.is_teacher}
    assert "Ms. Weiß" in teachers
    assert not teachers & {"Anna", "Bert", "Carla"}  # another test makes another teacher
    store.close()


def test_no_form_of_another_page_is_taken(classroom: Classroom) -> None:
    for origin in ("http://evil.example", "null", f"{classroom.server.url}0"):
        for path in ("/door/login", "/door/logout", "/door/mine", "/door/teacher"):
            assert classroom.request("POST", path, classroom.anna | {"Origin": origin}).status == 403
    assert classroom.request("POST", "/door/logout", classroom.anna).status == 403  # of no page at all
    assert classroom.request("GET", "/door/logout", classroom.anna).status == 404
    assert classroom.request("GET", "/", classroom.anna).status == 200


def test_an_open_page_is_cut_off_with_its_login(classroom: Classroom) -> None:
    here, there = classroom.log_in("Dora"), classroom.log_in("Dora")
    with classroom.open_stream(here) as left, classroom.open_stream(there) as kept:
        assert show(left).session
        classroom.post("/door/logout", here)
        with pytest.raises(ConnectionClosed):
            show(left)
        assert show(kept).session
        with pytest.raises(InvalidStatus, match="403"):
            classroom.open_stream(here)
        classroom.post("/door/logout", there, everywhere="1")
        with pytest.raises(ConnectionClosed):  # without a word from the page
            receive_for_ever(kept)


def test_a_session_ends_with_the_role_that_its_page_was_drawn_for(classroom: Classroom) -> None:
    gerd = classroom.log_in("Gerd")
    store = Store(classroom.server.folder, is_prepared=True)
    with classroom.open_stream(gerd) as stream:
        session = show(stream).session
    with classroom.open_stream(gerd, session) as stream:
        assert show(stream).session == session  # as long as nothing has changed
        store.people.change(gerd["Cookie"].partition("=")[2].partition(".")[0], role=Role.TEACHER)
        store.close()
        with pytest.raises(ConnectionClosed):
            receive_for_ever(stream)
    with classroom.open_stream(gerd, session) as stream:
        assert show(stream).session != session


def test_what_a_browser_made_before_goes_to_whoever_says_that_it_is_theirs(classroom: Classroom) -> None:
    token = secrets.token_hex(16)
    store = Store(classroom.server.folder, is_prepared=True)
    former = owner_of_token(token, secret_key(classroom.server.folder))
    run = make_run(former, status=Status.DONE, title="made before")
    store.add_run(run)
    browser = {"Cookie": f"cnnviz_student={token}"}
    form = {"code": classroom.code, "name": "Emil", "pin": PIN, "pin_again": PIN}
    entered = classroom.post("/door/login", browser, **form)
    assert entered.headers["location"] == "/door/mine?next=%2F"
    both = {"Cookie": f"{browser['Cookie']}; {entered.headers['set-cookie'].partition(';')[0]}"}
    assert "1 run: made before" in classroom.request("GET", "/door/mine", both).text
    assert classroom.request("GET", "/door/mine", browser).status == 403
    assert "made before" not in classroom.request("GET", "/door/mine", classroom.bert).text
    taken = classroom.post("/door/mine", both)
    assert (taken.status, taken.headers["location"]) == (303, "/")
    assert 'cnnviz_student=""' in taken.headers["set-cookie"]
    (found,) = [account for account in store.people.all() if account.person.name == "Emil"]
    assert [of_emil.id for of_emil in store.runs_of(found.owner)] == [run.id]
    store.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(color_scheme="dark")
    context.set_default_timeout(TIMEOUT_MS)
    yield context.new_page()
    context.close()


def come_in(page: Page, classroom: Classroom, name: str) -> None:
    page.get_by_label("Class code").fill(classroom.code.lower())
    page.get_by_label("Your name").fill(name)
    page.get_by_label("PIN").fill(PIN)
    page.get_by_role("button", name="Come in").click()


def test_a_student_comes_in_works_and_leaves_and_the_next_one_sees_nothing(classroom: Classroom, page: Page) -> None:
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.goto(f"{classroom.server.url}/runs?x=1")
    expect(page.get_by_role("heading", level=1)).to_have_text("Come in")
    come_in(page, classroom, "Frida")
    expect(page.get_by_role("alert")).to_contain_text("Welcome, Frida")
    page.get_by_label("PIN", exact=True).fill(PIN)
    page.get_by_label("The same PIN again").fill(PIN)
    page.get_by_role("button", name="Keep this PIN and come in").click()
    expect(page.get_by_role("heading", name="My runs")).to_be_visible()
    assert "runs" in page.url
    other_tab = page.context.new_page()
    other_tab.goto(classroom.server.url)
    expect(other_tab.get_by_role("heading", level=1)).to_be_visible()
    page.get_by_role("link", name="Frida").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Frida")
    page.get_by_role("button", name="Log out", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Come in")
    expect(other_tab.get_by_role("heading", level=1)).to_have_text("Come in")  # the tab finds that out by itself
    page.go_back()
    page.go_back()
    expect(page.get_by_role("heading", level=1)).to_have_text("Come in")
    come_in(page, classroom, "Anna")
    expect(page.get_by_role("link", name="Anna")).to_be_visible()
    page.goto(f"{classroom.server.url}/runs")
    expect(page.get_by_role("heading", name="My runs")).to_be_visible()
    assert page.get_by_text("Frida").count() == 0
    assert not problems


def test_the_link_of_the_log_is_opened_and_leaves_no_trace(classroom: Classroom, page: Page) -> None:
    store = Store(classroom.server.folder, is_prepared=True)
    token = store.people.new_teacher_link()
    store.close()
    page.goto(f"{classroom.server.url}/door/teacher#{token}")
    page.get_by_label("Your name").fill("Mr. Schwarz")
    assert token not in page.url
    page.get_by_label("PIN", exact=True).fill(TEACHER_PIN)
    page.get_by_label("The same PIN again").fill(TEACHER_PIN)
    page.get_by_role("button", name="Become the teacher").click()
    expect(page.get_by_text(classroom.code)).to_be_visible()
    page.get_by_role("link", name="Go on to cnnviz").click()
    expect(page.get_by_role("link", name="Mr. Schwarz, teacher")).to_be_visible()
