"""A browser session without the browser: Streamlit's protobuf messages over a websocket, as its frontend sends them.

One visitor costs well under a millisecond per rerun, so that twenty of them leave a small machine to the server.
"""

import asyncio
import json
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState
from websockets.asyncio.client import ClientConnection, connect

from benchmarks.server import Server

ANSWER_SECONDS = 30.0
FINISHED_FOR_RERUN = ForwardMsg.FINISHED_EARLY_FOR_RERUN
"""Ends a run of the script whose callback has asked for a rerun of other parts of the page; their messages follow."""
FINISHED = (ForwardMsg.FINISHED_SUCCESSFULLY, ForwardMsg.FINISHED_FRAGMENT_RUN_SUCCESSFULLY)


@dataclass(frozen=True)
class Answer:
    """Messages of the server for one rerun."""

    seconds: float
    """From sending the change to `script_finished`."""
    messages: list[ForwardMsg]
    received: int
    """Bytes on the wire."""

    def table(self) -> dict[str, Any] | None:
        """Returns the data of the list of layers; None when the page has none."""
        for message in self.messages:
            if message.delta.new_element.HasField("bidi_component"):
                return dict(json.loads(message.delta.new_element.bidi_component.json))
        return None


class Visitor:
    """One open page: `async with Visitor(server, token) as visitor`."""

    def __init__(
        self,
        server: Server,
        token: str,
        page: str = "",
        *,
        address: str = "127.0.0.1",
        session_id: str = "",
        cookie: str = "cnnviz_student",
    ) -> None:
        """`address` is that from which it comes; with `session_id`, it asks to go on with that session.

        `cookie` is what the one is called that has the token for its value.
        """
        self._server, self._cookie, self._page = server, f"{cookie}={token}", page
        self._address, self._asked_session_id = address, session_id
        self._socket: ClientConnection
        self._script_hash = ""
        self.session_id = ""
        """The id of the session, once it has begun."""
        self._ids: dict[str, str] = {}
        self._fragments: dict[str, str] = {}
        self._states: dict[str, WidgetState] = {}
        self._watched = ""  # fragment that redraws itself

    async def __aenter__(self) -> Self:
        """Connects and loads the page."""
        self._socket = await connect(
            f"ws://127.0.0.1:{self._server.port}/_stcore/stream",
            additional_headers={"Cookie": self._cookie},
            origin=self._server.address,  # type: ignore[arg-type]
            subprotocols=["streamlit", *(["none", self._asked_session_id] if self._asked_session_id else [])],  # type: ignore[list-item]
            local_addr=(self._address, 0),
            max_size=None,
            compression=None,
        )
        await self.rerun()
        return self

    async def __aexit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        """Disconnects."""
        await self._socket.close()

    async def open(self, page: str) -> Answer:
        """Goes to another page by its link at the top."""
        self._page, self._script_hash, self._states = page, "", {}
        return await self.rerun()

    def has(self, label: str) -> bool:
        """Returns whether the page has a widget of this label."""
        return label in self._ids

    async def type(self, label: str, text: str) -> Answer:
        """Types into a text field, or chooses in a selectbox, and presses Enter."""
        return await self.rerun(WidgetState(id=self._ids[label], string_value=text))

    async def enter(self, label: str, number: float) -> Answer:
        """Enters a number into a number field, which is a text field."""
        return await self.type(label, f"{number:g}")

    async def press(self, label: str) -> Answer:
        """Presses a button."""
        return await self.rerun(WidgetState(id=self._ids[label], trigger_value=True))

    async def rerun(self, change: WidgetState | None = None) -> Answer:
        """Sends all widgets' values, one of them changed, and waits until the script has finished."""
        states = list((self._states | ({change.id: change} if change else {})).values())
        request = BackMsg()
        client = request.rerun_script
        client.widget_states.widgets.extend(states)
        if change and (fragment := self._fragments.get(change.id)):
            client.fragment_id = fragment  # as the frontend: a widget in a fragment runs this fragment only
        start = await self._send(request)
        messages, received, has_begun = [], 0, False
        while True:
            data = await self._socket.recv(decode=False)
            message = ForwardMsg.FromString(data)
            redrawn = message.metadata.run.fragment_ids
            has_begun = has_begun or (
                message.HasField("new_session") and (not redrawn or client.fragment_id in redrawn)
            )
            if not has_begun:  # of a look that nobody waits for any more
                continue
            messages.append(message)
            received += len(data)
            if message.WhichOneof("type") == "script_finished" and message.script_finished != FINISHED_FOR_RERUN:
                break
        seconds = time.perf_counter() - start
        if message.script_finished not in FINISHED:
            raise RuntimeError(f"the page ended with {message.script_finished}")
        if change and not change.HasField("trigger_value"):
            self._states[change.id] = change
        for message in messages:
            self._remember(message, is_full_run=not client.fragment_id)
        self._states = {name: self._states[name] for name in self._ids.values() if name in self._states}
        return Answer(seconds, messages, received)

    @property
    def watches(self) -> bool:
        """Whether a part of the page redraws itself."""
        return bool(self._watched)

    async def watch(
        self, period: float, seconds: float, on_answer: Callable[[list[ForwardMsg]], None] = lambda _: None
    ) -> list[float]:
        """Asks for looks at the part of the page that redraws itself; returns the seconds until each answer.

        As the frontend, it asks every `period` seconds whether there is an answer or not. An answer counts for the last
        request before it; `on_answer` gets its messages as soon as they are there.
        """
        if not self._watched:
            raise RuntimeError("nothing on this page redraws itself")
        answers, messages, end = list[float](), list[ForwardMsg](), time.perf_counter() + seconds
        while (now := time.perf_counter()) < end:
            request = BackMsg()
            request.rerun_script.widget_states.widgets.extend(self._states.values())
            request.rerun_script.fragment_id, request.rerun_script.is_auto_rerun = self._watched, True
            start = await self._send(request)
            with suppress(TimeoutError):
                async with asyncio.timeout(period - (time.perf_counter() - now)):
                    while True:
                        messages.append(ForwardMsg.FromString(await self._socket.recv(decode=False)))
                        if messages[-1].WhichOneof("type") == "script_finished":
                            answers.append(time.perf_counter() - start)
                            on_answer(messages)
                            messages = []
        return answers

    async def _send(self, request: BackMsg) -> float:
        """Sends a request to rerun the script or a part of it; returns the time."""
        client = request.rerun_script
        client.page_script_hash, client.page_name = self._script_hash, "" if self._script_hash else self._page
        client.context_info.timezone, client.context_info.locale = "Europe/Berlin", "en-GB"
        client.context_info.url = f"{self._server.address}/{self._page}"
        content = request.SerializeToString()
        start = time.perf_counter()
        await self._socket.send(content)
        return start

    def _remember(self, message: ForwardMsg, *, is_full_run: bool) -> None:
        """Remembers page and widgets, and the values that the frontend would hold for them."""
        match message.WhichOneof("type"):
            case "new_session" if is_full_run:
                self.session_id = message.new_session.initialize.session_id
                self._ids.clear()
                self._fragments.clear()
                self._watched = ""
            case "auto_rerun":
                self._watched = message.auto_rerun.fragment_id
            case "navigation":
                self._script_hash = message.navigation.page_script_hash
            case "delta":
                kind = message.delta.new_element.WhichOneof("type")
                if kind is None:
                    return
                widget = getattr(message.delta.new_element, kind)
                if not (hasattr(widget, "id") and hasattr(widget, "label")):
                    return
                self._ids[widget.label] = widget.id
                if message.delta.fragment_id:
                    self._fragments[widget.id] = message.delta.fragment_id
                is_set_by_script = getattr(widget, "set_value", False)
                if is_set_by_script or widget.id not in self._states:
                    self._states |= {
                        state.id: state for state in _untouched_state(kind, widget, is_set_by_script=is_set_by_script)
                    }


def _untouched_state(kind: str, widget: Any, *, is_set_by_script: bool) -> Iterator[WidgetState]:
    """Yields the state that the frontend sends for a widget that nobody has touched."""
    match kind:
        case "text_input":
            yield WidgetState(id=widget.id, string_value=widget.value if is_set_by_script else widget.default)
        case "checkbox":
            yield WidgetState(id=widget.id, bool_value=widget.value if is_set_by_script else widget.default)
        case "selectbox" if is_set_by_script or widget.HasField("default"):
            chosen = widget.raw_value if is_set_by_script else widget.options[widget.default]
            yield WidgetState(id=widget.id, string_value=chosen)
