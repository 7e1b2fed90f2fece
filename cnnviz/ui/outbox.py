"""How what a page draws reaches its browser: in few steps of the event loop, each of which pages wait for.

Where pages are drawn in other threads, the loop waits for the interpreter whenever it has let go of it, up to 5 ms, and
it lets go of it with every look at its sockets and with every write. Streamlit 1.67 does both for every message.
"""

import asyncio
import logging
import threading
from collections.abc import Callable
from typing import Any, cast
from weakref import WeakKeyDictionary

from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.runtime import Runtime
from streamlit.runtime.app_session import AppSession
from streamlit.runtime.scriptrunner import ScriptRunner, ScriptRunnerEvent
from streamlit.runtime.session_manager import ActiveSessionInfo
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

log = logging.getLogger(__name__)

GATHER_SECONDS = 0.005
"""Time for which a message waits for others of its page; what ends a run of the script waits for nothing."""
MESSAGES_AT_ONCE = 50
"""Messages of a page that the loop takes in one step; a browser's queue holds 500."""

_THREAD = threading.local()


class Outbox:
    """What the event loop is to be told by a session, in order."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._callbacks: list[Callable[[], None]] = []

    def add(self, callback: Callable[[], None]) -> bool:
        """Adds a callback; returns whether it is the first one that waits."""
        with self._lock:
            self._callbacks.append(callback)
            return len(self._callbacks) == 1

    def empty(self) -> None:
        """Calls all that waits; on the loop."""
        with self._lock:
            callbacks, self._callbacks = self._callbacks, []
        for callback in callbacks:
            try:
                callback()
            except Exception:  # each would have been called on its own: the next ones are, all the same
                log.exception("a message could not be sent")


def gather_messages() -> None:
    """Has the messages of a page that is being drawn reach the loop together, a few milliseconds after the first."""
    call_soon, on_event = AppSession._call_soon_on_event_loop, AppSession._on_scriptrunner_event
    outboxes: WeakKeyDictionary[AppSession, Outbox] = WeakKeyDictionary()
    lock = threading.Lock()

    def call_soon_together(session: AppSession, callback: Callable[[], None]) -> None:
        with lock:
            outbox = outboxes.setdefault(session, Outbox())
        is_first = outbox.add(callback)
        if not getattr(_THREAD, "draws", False):
            call_soon(session, outbox.empty)
        elif is_first:
            call_soon(session, lambda: _call_later(outbox.empty))

    def note_event(session: AppSession, sender: ScriptRunner | None, event: ScriptRunnerEvent, **about: Any) -> None:
        _THREAD.draws = event == ScriptRunnerEvent.ENQUEUE_FORWARD_MSG
        try:
            on_event(session, sender, event, **about)
        finally:
            _THREAD.draws = False

    AppSession._call_soon_on_event_loop = call_soon_together  # type: ignore[method-assign,assignment]
    AppSession._on_scriptrunner_event = note_event  # type: ignore[method-assign,assignment]


class _Bundle(list[ForwardMsg]):
    """Messages that are taken in one step of the loop."""


def take_messages_in_bundles() -> None:
    """Has the loop take the messages of a page in bundles; between two of them it does what else there is."""
    flush, send = AppSession.flush_browser_queue, Runtime._send_message

    def flush_in_bundles(session: AppSession) -> list[Any]:
        messages = flush(session)
        places = range(0, len(messages), MESSAGES_AT_ONCE)
        return [_Bundle(messages[place : place + MESSAGES_AT_ONCE]) for place in places]

    def send_bundle(runtime: Runtime, session_info: ActiveSessionInfo, bundle: _Bundle) -> None:
        for message in bundle:
            send(runtime, session_info, message)

    AppSession.flush_browser_queue = flush_in_bundles  # type: ignore[method-assign,assignment]
    Runtime._send_message = send_bundle  # type: ignore[method-assign,assignment]


class GatheringTransport:
    """A connection that writes in one piece what it is given within one step of the loop."""

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._pieces: list[bytes] = []

    def write(self, data: bytes) -> None:
        """Notes what is to be written at the end of this step."""
        self._pieces.append(data)
        if len(self._pieces) == 1:
            asyncio.get_running_loop().call_soon(self._write_all)

    def close(self) -> None:
        """Closes the connection after all is written."""
        self._write_all()
        self._transport.close()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def _write_all(self) -> None:
        pieces, self._pieces = self._pieces, []
        if pieces and not self._transport.is_closing():
            self._transport.write(b"".join(pieces))


def write_in_one_piece() -> None:
    """Has a connection to a browser write in one piece what is sent in one step of the loop."""
    connection_made = WebSocketsSansIOProtocol.connection_made

    def connection_made_gathering(protocol: WebSocketsSansIOProtocol, transport: asyncio.BaseTransport) -> None:
        gathering = GatheringTransport(cast("asyncio.Transport", transport))
        connection_made(protocol, cast("asyncio.Transport", gathering))

    WebSocketsSansIOProtocol.connection_made = connection_made_gathering  # type: ignore[method-assign,assignment]


def _call_later(callback: Callable[[], None]) -> None:
    asyncio.get_running_loop().call_later(GATHER_SECONDS, callback)
