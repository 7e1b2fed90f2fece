"""Who gets which session, by websockets as a browser opens them."""

import base64
import re
import secrets
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import expect
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.sync.client import ClientConnection, connect

from tests.browser.conftest import OpenApp, Server


def open_stream(server: Server, token: str, session_id: str = "", **headers: str) -> ClientConnection:
    """The stream of a page: of a new session, or of the one with this id."""
    protocols = ["streamlit", "no-token", session_id] if session_id else ["streamlit"]
    return connect(
        f"{server.url.replace('http', 'ws')}/_stcore/stream",
        additional_headers={"Cookie": f"cnnviz_student={token}"} | headers,
        subprotocols=protocols,  # type: ignore[arg-type]
        origin=server.url,  # type: ignore[arg-type]
        max_size=None,
    )


def session_of(stream: ClientConnection) -> str:
    """The id of a session, from what it first sends when the page asks for it."""
    message = BackMsg()
    message.rerun_script.query_string = ""
    stream.send(message.SerializeToString())
    while True:
        answer = ForwardMsg()
        answer.ParseFromString(bytes(stream.recv(timeout=60)))
        if answer.HasField("new_session"):
            return answer.new_session.initialize.session_id


@pytest.mark.parametrize("keeps_cookies", [True, False])
def test_a_browser_that_refuses_cookies_is_told_what_that_means(server: Server, keeps_cookies: bool) -> None:
    token = secrets.token_hex(16) if keeps_cookies else ""
    texts: list[str] = []
    with open_stream(server, token) as stream:
        message = BackMsg()
        message.rerun_script.query_string = ""
        stream.send(message.SerializeToString())
        answer = ForwardMsg()
        while not answer.HasField("script_finished"):
            answer.ParseFromString(bytes(stream.recv(timeout=60)))
            texts.append(answer.delta.new_element.alert.body)
    assert any("keeps no cookies" in text for text in texts) != keeps_cookies


def test_a_session_is_given_back_to_the_student_who_began_it_and_to_nobody_else(server: Server) -> None:
    anna, bert = secrets.token_hex(16), secrets.token_hex(16)
    with open_stream(server, anna) as page:
        session = session_of(page)
        with open_stream(server, bert, session) as foreign:
            assert session_of(foreign) != session
        with open_stream(server, "", session) as nobody:
            assert session_of(nobody) != session
        with open_stream(server, bert, session, **{"x-cnnviz-owner": "forged"}) as forged:
            assert session_of(forged) != session
        assert session_of(page) == session  # and is there as before
    with open_stream(server, bert, session) as foreign:
        assert session_of(foreign) != session
    with open_stream(server, anna, session) as again:
        assert session_of(again) == session
    assert session not in server.log.read_text()
    assert anna not in server.log.read_text()
    assert not [path for path in server.folder.rglob("*") if anna in str(path)]


def status(server: Server, path: str, headers: dict[str, str]) -> int:
    """The status of the answer to a request, which may be a handshake."""
    connection = HTTPConnection(urlsplit(server.url).netloc, timeout=60)
    try:
        connection.request("GET", path, headers=headers)
        return connection.getresponse().status
    finally:
        connection.close()


def test_a_page_of_another_server_gets_nothing(server: Server) -> None:
    handshake = {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Key": base64.b64encode(bytes(16)).decode(),
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Protocol": "streamlit",
    }
    assert (status(server, "/", {}), status(server, "/_stcore/stream", handshake)) == (200, 101)
    for foreign in ({"Origin": "http://evil.example"}, {"Host": "evil.example"}):
        assert status(server, "/", foreign) == 403
        assert status(server, "/_stcore/stream", handshake | foreign) == 403


def form(content: bytes, *, parts: int = 1) -> bytes:
    part = b'--edge\r\nContent-Disposition: form-data; name="f"; filename="a.zip"\r\n\r\n' + content + b"\r\n"
    return part * parts + b"--edge--\r\n"


def send(
    server: Server, method: str, path: str, token: str, body: bytes | Iterator[bytes] = b"", **headers: str
) -> tuple[int, str]:
    """The status and the text of the answer to a file that is sent, or deleted."""
    connection = HTTPConnection(urlsplit(server.url).netloc, timeout=60)
    try:
        all_headers = {"Cookie": f"cnnviz_student={token}", "Content-Type": "multipart/form-data; boundary=edge"}
        connection.request(method, path, body, all_headers | headers)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


def test_a_file_is_taken_for_the_own_open_session_only(server: Server) -> None:
    received = server.folder / "received"
    others = set(received.iterdir())  # of pages that were closed a moment ago

    def own_files() -> list[Path]:
        return [file for file in received.iterdir() if file not in others]

    anna, bert = secrets.token_hex(16), secrets.token_hex(16)
    with open_stream(server, anna) as page:
        path = f"/_stcore/upload_file/{session_of(page)}/file-1"
        for token in (bert, ""):
            assert send(server, "PUT", path, token, form(b"foreign"))[0] == 403
        assert send(server, "PUT", "/_stcore/upload_file/no-session/file-1", anna, form(b"none"))[0] == 403
        refused: dict[int, dict[str, Any]] = {
            413: {"body": b"", "Content-Length": str(10**10)},
            411: {"body": iter([form(b"of unknown length")])},
            400: {"body": form(b"two", parts=2)},
        }
        with ExitStack() as stack:  # files on their way, of which nothing has come
            for _ in range(2):
                slow = stack.enter_context(socket.create_connection(urlsplit(server.url).netloc.split(":")))
                lines = [f"PUT {path}0 HTTP/1.1", "Host: localhost", f"Cookie: cnnviz_student={anna}"]
                lines += ["Content-Type: multipart/form-data; boundary=edge", f"Content-Length: {500 * 2**20}", "", ""]
                slow.sendall("\r\n".join(lines).encode())
            wait_until(lambda: len(own_files()) == 2)
            for code, request in refused.items():
                assert send(server, "PUT", path, anna, **request)[0] == code
            assert send(server, "PUT", f"{path}1", anna, form(bytes(30 * 2**20)))[0] == 204  # and keeps the reason only
            assert len(own_files()) == 2
        for body in (b"", b"nonsense", form(b"cut")[:-9], form(b"x", parts=0)):
            assert send(server, "PUT", path, anna, body)[0] == 400
        assert send(server, "PUT", path, anna, form(b"y"), **{"Content-Type": "text/plain"})[0] == 400
        wait_until(lambda: not own_files())
        assert send(server, "PUT", path, anna, form(b"mine" * 1000)) == (204, "")
        assert [file.read_bytes() for file in own_files()] == [b"mine" * 1000]
        assert send(server, "DELETE", path, bert)[0] == 403
        assert len(own_files()) == 1
        assert send(server, "DELETE", path, anna)[0] == 204
        assert not own_files()


def test_what_a_page_shows_is_given_to_its_student_alone(open_app: OpenApp, server: Server) -> None:
    with_sound = open_app("data")
    sound = with_sound.locator("audio").first
    expect(sound).to_have_attribute("src", re.compile("/media/"))
    address = urlsplit(str(sound.get_attribute("src"))).path
    assert with_sound.request.get(f"{server.url}{address}").status == 200
    assert send(server, "GET", address, secrets.token_hex(16)) == (404, "There is no such file.")
    assert send(server, "GET", address, "")[0] == 404
    another = open_app("data")  # in the same browser, by the same student
    assert another.request.get(f"{server.url}{address}").status == 200


def wait_until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)  # between two looks at another process
