"""What a page draws arrives complete and in order, in few steps of the event loop."""

import asyncio
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.runtime import Runtime
from streamlit.runtime.app_session import AppSession
from streamlit.runtime.scriptrunner import ScriptRunnerEvent

from cnnviz.ui.outbox import MESSAGES_AT_ONCE, GatheringTransport, gather_messages, take_messages_in_bundles

MESSAGE, STOPPED = ScriptRunnerEvent.ENQUEUE_FORWARD_MSG, ScriptRunnerEvent.SCRIPT_STOPPED_WITH_SUCCESS


class Session(AppSession):
    """A session without a script, which notes the events that its event loop handles."""

    def __init__(self, loop: object) -> None:
        self._event_loop = loop  # type: ignore[assignment]
        self.handled: list[int] = []
        self.messages: list[ForwardMsg] = []

    def __del__(self) -> None: ...

    def _handle_scriptrunner_event_on_event_loop(self, sender: Any, _event: Any, message: Any = None, *_: Any) -> None:
        self.handled.append(sender)
        if message == "broken":
            raise ValueError


class Loop:
    """An event loop that notes how often a thread wakes it."""

    def __init__(self) -> None:
        self.wakes = 0
        self._loop = asyncio.get_running_loop()

    def call_soon_threadsafe(self, callback: Callable[[], None]) -> None:
        self.wakes += 1
        self._loop.call_soon_threadsafe(callback)


def run_alone(work: Coroutine[None, None, None]) -> None:
    """Run in a thread of its own: a browser's loop may run in this one."""
    with ThreadPoolExecutor(1) as pool:
        pool.submit(asyncio.run, work).result()


@pytest.fixture(autouse=True)
def streamlit_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    """Streamlit's own functions are back after the test."""
    for name in ("_call_soon_on_event_loop", "_on_scriptrunner_event", "flush_browser_queue"):
        monkeypatch.setattr(AppSession, name, getattr(AppSession, name))
    monkeypatch.setattr(Runtime, "_send_message", Runtime._send_message)


def test_messages_arrive_in_order_together_and_at_once_when_the_script_has_ended() -> None:
    async def draw() -> None:
        gather_messages()
        session, another = Session(loop := Loop()), Session(loop)
        for number in range(20):
            session._on_scriptrunner_event(number, MESSAGE, forward_msg="broken" if number == 3 else None)  # type: ignore[arg-type]
        another._on_scriptrunner_event(7, MESSAGE)  # type: ignore[arg-type]
        assert loop.wakes == 2
        session._on_scriptrunner_event(20, STOPPED)  # type: ignore[arg-type]
        await asyncio.sleep(0)
        assert session.handled == list(range(21))  # without waiting for the time to gather
        session._on_scriptrunner_event(21, MESSAGE)  # type: ignore[arg-type]
        while len(session.handled) < 22 or not another.handled:
            await asyncio.sleep(0.001)
        assert (session.handled, another.handled) == (list(range(22)), [7])

    run_alone(draw())


def test_all_messages_of_a_page_are_sent_in_their_order_few_enough_for_a_queue_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sent: list[object] = []
    messages = [ForwardMsg(hash=str(number)) for number in range(2 * MESSAGES_AT_ONCE + 1)]
    monkeypatch.setattr(AppSession, "flush_browser_queue", lambda _session: messages)
    monkeypatch.setattr(Runtime, "_send_message", lambda _runtime, _info, message: sent.append(message))
    take_messages_in_bundles()
    session: Any = object()
    bundles = AppSession.flush_browser_queue(session)
    for bundle in bundles:
        Runtime._send_message(session, session, bundle)
    assert (len(bundles), sent) == (3, messages)


class Transport:
    """A connection that notes what is written."""

    def __init__(self) -> None:
        self.written: list[bytes] = []
        self.is_closed = False

    def write(self, data: bytes) -> None:
        assert not self.is_closed
        self.written.append(data)

    def close(self) -> None:
        self.is_closed = True

    def is_closing(self) -> bool:
        return self.is_closed


def test_a_connection_writes_in_one_piece_and_all_of_it_before_it_closes() -> None:
    async def write() -> None:
        connection = GatheringTransport(transport := Transport())  # type: ignore[arg-type]
        connection.write(b"a")
        connection.write(b"b")
        assert not transport.written
        await asyncio.sleep(0)
        connection.write(b"c")
        connection.write(b"d")
        connection.close()
        connection.close()
        assert connection.is_closing()
        await asyncio.sleep(0)
        assert transport.written == [b"ab", b"cd"]

    run_alone(write())
