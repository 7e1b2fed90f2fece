"""Who gets which session, by websockets as a browser opens them."""

import base64
import secrets
from http.client import HTTPConnection
from urllib.parse import urlsplit

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.sync.client import ClientConnection, connect

from tests.browser.conftest import Server


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
