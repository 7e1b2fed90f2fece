"""What a rerun costs the server beside what the page draws: messages of Streamlit's own, and ways to its loop."""

import asyncio
import logging
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from streamlit.proto.NewSession_pb2 import Config, CustomThemeConfig
from streamlit.runtime import Runtime, app_session
from streamlit.runtime.app_session import AppSession
from streamlit.runtime.state import SafeSessionState

log = logging.getLogger(__name__)

_HELD = threading.local()


def read_configuration_once() -> None:
    """Has Streamlit read its configuration and themes for the first rerun alone; they stay while a server runs.

    Streamlit 1.67 reads every option anew for each rerun, on the event loop: a sixth of all that a look costs.
    """
    populate_config, populate_theme = app_session._populate_config_msg, app_session._populate_theme_msg
    configs: list[Config] = []
    themes: dict[str, CustomThemeConfig] = {}

    def copy_config(message: Config) -> None:
        if not configs:
            populate_config(config := Config())
            configs.append(config)
        message.MergeFrom(configs[0])

    def copy_theme(message: CustomThemeConfig, section: str = "theme") -> None:
        if section not in themes:
            populate_theme(theme := CustomThemeConfig(), section)
            themes[section] = theme
        if themes[section].ListFields():
            message.MergeFrom(themes[section])

    app_session._populate_config_msg = copy_config  # type: ignore[assignment]
    app_session._populate_theme_msg = copy_theme  # type: ignore[assignment]


class _Values(Mapping[str, Any]):
    """What a script sees of the session's state; one value is looked up alone."""

    def __init__(self, state: SafeSessionState) -> None:
        self._state = state

    def __getitem__(self, key: str) -> Any:
        with self._state._lock:
            return self._state._state[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._all())

    def __len__(self) -> int:
        return len(self._all())

    def __repr__(self) -> str:
        return repr(self._all())

    def _all(self) -> dict[str, Any]:
        with self._state._lock:
            return self._state._state.filtered_state


def look_up_values_alone() -> None:
    """Has a widget look up its own value alone.

    A text field or selectbox of Streamlit 1.67 collects the values of all widgets for it, of a page with fifty fields
    fifty times: a fifth of a rerun of Train.
    """
    SafeSessionState.filtered_state = property(_Values)  # type: ignore[assignment]


def hold_messages_of_looks() -> None:
    """Has what is drawn within `sent_together` reach the event loop at once; each message would wake it otherwise."""
    call_soon = AppSession._call_soon_on_event_loop

    def hold_or_call(session: AppSession, callback: Callable[[], None]) -> None:
        held: list[tuple[AppSession, Callable[[], None]]] | None = getattr(_HELD, "callbacks", None)
        if held is None:
            call_soon(session, callback)
        else:
            held.append((session, callback))

    AppSession._call_soon_on_event_loop = hold_or_call  # type: ignore[method-assign,assignment]


def note_messages_without_waking() -> None:
    """Has the event loop, which puts every message into the queue of its session, not wake itself for each.

    Streamlit 1.67 writes to the loop's own socket instead, which lets go of the interpreter: where pages are drawn
    meanwhile, each message waited for it anew.
    """
    wake = Runtime._enqueued_some_message

    def note_message(runtime: Runtime) -> None:
        async_objects = runtime._get_async_objs()
        if _running_loop() is async_objects.eventloop:
            async_objects.need_send_data.set()
        else:
            wake(runtime)

    Runtime._enqueued_some_message = note_message  # type: ignore[method-assign,assignment]


@contextmanager
def sent_together() -> Iterator[None]:
    """Sends what is drawn in this block at its end, however that comes; a block within it waits for its end, too.

    What takes longer than a moment calls `send_now` first.
    """
    if getattr(_HELD, "callbacks", None) is not None:
        yield
        return
    _HELD.callbacks = list[tuple[AppSession, Callable[[], None]]]()
    try:
        yield
    finally:
        send_now()


def send_now() -> None:
    """Sends what is held of the block that is being drawn, and the rest of it as it is drawn."""
    held, _HELD.callbacks = getattr(_HELD, "callbacks", None), None
    if held:
        session = held[0][0]
        session._call_soon_on_event_loop(lambda: _call_all(held))


def _call_all(held: list[tuple[AppSession, Callable[[], None]]]) -> None:
    for _, callback in held:
        try:
            callback()
        except Exception:  # each would have been called on its own: the next ones are, all the same
            log.exception("a message could not be sent")


def _running_loop() -> asyncio.AbstractEventLoop | None:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None
