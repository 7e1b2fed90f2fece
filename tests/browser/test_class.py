"""A class: every door to every thing is tried by whoever should not come in, and by whom it belongs to."""

import re
import secrets
from collections.abc import Iterator
from contextlib import suppress
from http.client import HTTPConnection
from typing import NamedTuple
from urllib.parse import urlencode, urlsplit

import psutil
import pytest
from playwright.sync_api import Browser, Page, expect
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from cnnviz.identity.person import Role
from cnnviz.runs.run import Status
from cnnviz.runs.sharing import Sharing
from cnnviz.runs.store import Store
from cnnviz.runs.task_loop import TaskLoop
from cnnviz.secret_key import owner_of_token, secret_key
from tests.browser.conftest import ROOT, TIMEOUT_MS, Server, open_digits
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
    pages: dict[str, str]
    """Hashes of the pages in the navigation, by their names."""
    deferred: set[str]
    """Ids of downloads that are made when they are asked for."""

    @property
    def media(self) -> set[str]:
        return {path.decode() for path in re.findall(rb"/media/[0-9a-f]+\.\w+", self.content)}


def show(stream: ClientConnection, page: str = "", query: str = "", *states: WidgetState, page_hash: str = "") -> Shown:
    """What a run of a page sends."""
    message = BackMsg()
    message.rerun_script.page_script_hash = page_hash
    message.rerun_script.page_name = "" if page == "design" else page
    message.rerun_script.query_string = query
    message.rerun_script.widget_states.widgets.extend(states)
    stream.send(message.SerializeToString())
    content, session, answer = b"", "", ForwardMsg()
    pages, deferred = dict[str, str](), set[str]()
    while not answer.HasField("script_finished"):
        data = bytes(stream.recv(timeout=60))
        content += data
        answer.ParseFromString(data)
        if answer.HasField("new_session"):
            session = answer.new_session.initialize.session_id
        if answer.HasField("navigation"):
            pages = {page.url_pathname: page.page_script_hash for page in answer.navigation.app_pages}
        deferred.add(answer.delta.new_element.download_button.deferred_file_id)
    widgets = {id_.decode() for id_ in re.findall(rb"\$\$ID-[\w-]+", content)}
    return Shown(session, content, widgets, pages, deferred - {""})


def ask(stream: ClientConnection, message: BackMsg) -> list[ForwardMsg]:
    """What a page is answered until it has run once more."""
    stream.send(message.SerializeToString())
    after = BackMsg()
    after.rerun_script.SetInParent()
    stream.send(after.SerializeToString())
    answers = [ForwardMsg()]
    while not answers[-1].HasField("script_finished"):
        answers.append(ForwardMsg.FromString(bytes(stream.recv(timeout=60))))
    return answers[1:]


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
    """A run of Anna's, which she shares with the teacher alone."""
    store = Store(classroom.server.folder, is_prepared=True)
    run = make_run(classroom.anna_owner, status=Status.DONE, title=HIDDEN_TITLE)
    store.add_run(run)
    loop = TaskLoop("writer")
    loop.start()
    sharing = Sharing(store, loop)
    sharing.share_run(classroom.anna_owner, run.id, owner_of(classroom.teacher))
    assert [share.id for share in sharing.given(classroom.anna_owner, run.id)] == [1]
    loop.call_soon(loop.stop)
    loop.join(10)
    store.close()
    return run.id


def owner_of(headers: dict[str, str]) -> str:
    return headers["Cookie"].partition("=")[2].partition(".")[0]


@pytest.fixture
def people(browser: Browser, classroom: Classroom) -> Iterator[dict[str, Page]]:
    """The teacher and two students, each at a computer of their own."""
    pages = {}
    logins = {"teacher": classroom.teacher} | {name: classroom.log_in(name) for name in ("Hanna", "Ivo")}
    for name, headers in logins.items():
        context = browser.new_context(viewport={"width": 1440, "height": 1000})
        context.set_default_timeout(TIMEOUT_MS)
        cookie, _, value = headers["Cookie"].partition("=")
        context.add_cookies([{"name": cookie, "value": value, "url": classroom.server.url}])
        pages[name] = context.new_page()
    yield pages
    for page in pages.values():
        page.context.close()


def test_two_students_work_while_the_teacher_looks_on(classroom: Classroom, people: dict[str, Page]) -> None:
    teacher, students = people["teacher"], [people["Hanna"], people["Ivo"]]
    problems: list[str] = []
    for page in people.values():
        page.on("pageerror", lambda error: problems.append(str(error)))
    teacher.goto(f"{classroom.server.url}/class")
    teacher.get_by_role("radio", name="Devices").click()
    expect(teacher.get_by_text("Nothing trains or waits here.")).to_be_visible()
    for student in students:
        student.goto(f"{classroom.server.url}/train")
        open_digits(student)
        student.get_by_role("spinbutton", name="Epochs").fill("1000")
        student.get_by_role("spinbutton", name="Epochs").press("Enter")
        student.get_by_role("button", name="Train", exact=True).click()
    runs = {name: teacher.locator("[class*='st-key-device-run-']", has_text=name) for name in ("Hanna", "Ivo")}
    for run in runs.values():
        expect(run).to_be_visible()  # by itself
    runs["Hanna"].get_by_role("button", name="Pause").click()
    expect(students[0].get_by_text("Paused by your teacher.")).to_be_visible()
    runs["Ivo"].get_by_role("button", name="Stop").click()
    expect(students[1].get_by_text("Stopped by your teacher.")).to_be_visible()
    students[0].get_by_role("button", name="Resume").click()
    expect(runs["Hanna"]).to_be_visible()
    teacher.get_by_role("radio", name="Rules").click()
    teacher.get_by_role("button", name="Begin a lesson").click()
    expect(teacher.get_by_text("Lesson until")).to_be_visible()
    message = teacher.get_by_role("textbox", name="Message to all")
    message.fill("Ten minutes left")
    message.press("Control+Enter")
    for student in students:
        expect(student.get_by_text("Ten minutes left")).to_be_visible()
    teacher.get_by_role("radio", name="Students").click()
    expect(teacher.get_by_test_id("stMetric").filter(has_text="Here")).to_contain_text("2 of ")
    students[0].get_by_role("button", name="Stop", exact=True).click()
    expect(students[0].get_by_role("button", name="Stop", exact=True)).to_be_disabled()
    assert not problems


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
                        WidgetState(id=widget, json_value=f'{{"selection": {{"rows": [0]}}, "run": "{run_id}"}}'),
                        WidgetState(id=widget, json_value='{"selection": {"rows": [0]}, "ids": ["1"]}'),
                    ]
                for state in forged:
                    assert HIDDEN_TITLE.encode() not in show(stream, page, "", state).content
    with classroom.open_stream(classroom.anna) as stream:
        assert HIDDEN_TITLE.encode() in show(stream, "result").content  # so it is looked for in the right place
    with classroom.open_stream(classroom.teacher) as stream:
        assert HIDDEN_TITLE.encode() in show(stream, "runs").content  # with whom it is shared


def test_no_student_goes_a_teachers_way(classroom: Classroom, run_id: str) -> None:
    """By the hash of the teacher's page, and by the teacher's widgets, whose ids are the same for everybody."""
    with classroom.open_stream(classroom.teacher) as stream:
        (hash_,) = [hash_ for name, hash_ in show(stream).pages.items() if name == "class"]
        desk = show(stream, "class", page_hash=hash_)
        chosen = [WidgetState(id=id_, string_value="The class") for id_ in show(stream, "assignment").widgets]
        assignment = show(stream, "assignment", "", *chosen)
    own = {classroom.code.encode(), b"Look over the shoulder", b"Designs as zip", b"Key for signatures"}
    assert b"Look over the shoulder" in desk.content
    states = [
        WidgetState(id=widget, **value)  # type: ignore[arg-type]
        for widget in sorted(desk.widgets | assignment.widgets)
        for value in ({"trigger_value": True}, {"string_value": "The class"}, {"int_array_value": {"data": [0]}})
    ]
    with classroom.open_stream(classroom.bert) as stream:
        seen = [show(stream, "class", page_hash=hash_), show(stream, "", page_hash=hash_), show(stream)]
        assert "class" not in seen[-1].pages
        for page, forged in (("class", states), ("assignment", states), ("runs", states)):
            seen += [show(stream, page, "", *forged[kind::3]) for kind in range(3)]
    for shown in seen:
        assert not [mark for mark in own if mark in shown.content]


def test_no_download_is_made_for_anybody_else(classroom: Classroom) -> None:
    with classroom.open_stream(classroom.teacher) as desk, classroom.open_stream(classroom.bert) as stream:
        shown, session = show(desk, "class"), show(stream).session
        assert shown.deferred
        for file_id in shown.deferred:
            asked = BackMsg()
            asked.backend_operation_request.session_id = session
            asked.backend_operation_request.deferred_file.file_id = file_id
            assert not [answer for answer in ask(stream, asked) if answer.HasField("backend_operation_response")]
        asked.backend_operation_request.session_id = shown.session
        desk.send(asked.SerializeToString())
        answer = ForwardMsg()
        while not answer.HasField("backend_operation_response"):
            answer = ForwardMsg.FromString(bytes(desk.recv(timeout=60)))
    url = answer.backend_operation_response.deferred_file.url
    assert classroom.request("GET", url, classroom.teacher).status == 200
    for method in ("GET", "HEAD"):
        assert classroom.request(method, url, classroom.bert).status == 404
        for headers in classroom.nobody:
            assert classroom.request(method, url, headers).status == 403
    for path in (f"/{url}", f"{url}/", f"{url}.csv", url.replace("/media/", "/media//"), url.replace("m", "%6d", 1)):
        assert classroom.request("GET", path, classroom.bert).status == 404 or "Anna" not in (
            classroom.request("GET", path, classroom.bert).text
        )


@pytest.mark.parametrize(
    "message",
    [
        BackMsg(clear_cache=True),
        BackMsg(load_git_info=True),
        BackMsg(set_run_on_save=True),
        BackMsg(debug_shutdown_runtime=True),
        BackMsg(backend_operation_request={"install_skills": {}}),
        BackMsg(backend_operation_request={"dismiss_skills_nudge": {}}),
    ],
    ids=lambda message: next(iter(message.ListFields()))[0].name,
)
def test_nobody_is_answered_as_a_developer(classroom: Classroom, message: BackMsg) -> None:
    with classroom.open_stream(classroom.bert) as stream:
        session = show(stream).session
        if message.HasField("backend_operation_request"):
            message.backend_operation_request.session_id = session
        for answer in ask(stream, message):
            assert not answer.HasField("backend_operation_response")
            assert not answer.HasField("git_info_changed")
            assert not answer.session_status_changed.run_on_save


def test_what_lies_on_the_disk_is_the_servers_alone(classroom: Classroom, run_id: str) -> None:
    """The commands of the server work on these files: whoever may start them there may read the files."""
    modes: dict[str, int] = {}
    for file in classroom.server.folder.rglob("*"):
        with suppress(FileNotFoundError):  # which the server has deleted meanwhile
            modes |= {} if file.is_dir() else {str(file): file.stat().st_mode & 0o077}
    assert len(modes) > 3
    assert set(modes.values()) == {0}, modes
    assert not classroom.server.folder.stat().st_mode & 0o077
    server = psutil.Process(classroom.server.process.pid)
    commands: list[str] = []
    for process in (server, *server.children(recursive=True)):
        with suppress(psutil.NoSuchProcess):  # which has ended meanwhile
            commands += process.cmdline()
    assert commands
    for secret in (classroom.code, PIN, TEACHER_PIN, classroom.token):
        assert not [argument for argument in commands if secret in argument]


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
