"""What is sent for a rerun is what Streamlit would send, with less work."""

import pytest
from streamlit import config
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.NewSession_pb2 import Config, NewSession
from streamlit.runtime import app_session
from streamlit.runtime.app_session import AppSession
from streamlit.runtime.state import SafeSessionState, SessionState

from cnnviz.ui.reruns import (
    hold_messages_of_looks,
    look_up_values_alone,
    read_configuration_once,
    send_now,
    sent_together,
)

SECTIONS = ("theme", "theme.light", "theme.dark", "theme.sidebar", "theme.light.sidebar", "theme.dark.sidebar")


@pytest.fixture
def streamlit_itself(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Streamlit's own functions are back after the test."""
    for name in ("_populate_config_msg", "_populate_theme_msg"):
        monkeypatch.setattr(app_session, name, getattr(app_session, name))
    monkeypatch.setattr(SafeSessionState, "filtered_state", SafeSessionState.filtered_state)
    monkeypatch.setattr(AppSession, "_call_soon_on_event_loop", AppSession._call_soon_on_event_loop)
    return monkeypatch


def session_message() -> bytes:
    message = ForwardMsg()
    themes = {section: NewSession().custom_theme for section in SECTIONS}
    app_session._populate_config_msg(message.new_session.config)
    for section, theme in themes.items():
        app_session._populate_theme_msg(theme, section)
    return b"|".join(part.SerializeToString() for part in (message, *themes.values()))


def test_the_configuration_is_sent_as_streamlit_reads_it_every_time(streamlit_itself: pytest.MonkeyPatch) -> None:
    expected = session_message()
    read_configuration_once()
    assert [session_message() for _ in range(2)] == [expected] * 2


def test_no_theme_is_sent_where_none_is_configured(streamlit_itself: pytest.MonkeyPatch) -> None:
    streamlit_itself.setattr(config, "get_options_for_section", lambda _section: {"base": None})
    read_configuration_once()
    session = NewSession()
    app_session._populate_theme_msg(session.custom_theme.sidebar, "theme.sidebar")
    assert not session.HasField("custom_theme")


def test_the_configuration_is_read_once(streamlit_itself: pytest.MonkeyPatch) -> None:
    reads: list[Config] = []
    streamlit_itself.setattr(app_session, "_populate_config_msg", reads.append)
    read_configuration_once()
    session_message()
    session_message()
    assert len(reads) == 1


class Session(AppSession):
    """A session without a script."""

    def __init__(self, loop: object) -> None:
        self._event_loop = loop  # type: ignore[assignment]

    def __del__(self) -> None: ...


class Loop:
    """A session's event loop that notes what it is asked to call."""

    def __init__(self) -> None:
        self.wakes = 0

    def call_soon_threadsafe(self, callback: object) -> None:
        self.wakes += 1
        assert callable(callback)
        callback()


@pytest.mark.parametrize("error", [None, KeyError])
def test_messages_of_a_look_arrive_together_in_their_order(
    streamlit_itself: pytest.MonkeyPatch, error: type[Exception] | None
) -> None:
    hold_messages_of_looks()
    loop, arrived = Loop(), list[int]()
    session = Session(loop)
    session._call_soon_on_event_loop(lambda: arrived.append(0))
    assert (arrived, loop.wakes) == ([0], 1)

    def draw() -> None:
        with sent_together():
            for number in (1, 2, 3):
                session._call_soon_on_event_loop(lambda number=number: arrived.append(number))  # type: ignore[misc]
            assert arrived == [0]
            if error:
                raise error

    if error:
        with pytest.raises(error):
            draw()
    else:
        draw()
    assert (arrived, loop.wakes) == ([0, 1, 2, 3], 2)
    session._call_soon_on_event_loop(lambda: arrived.append(4))
    assert arrived[-1] == 4


def test_a_part_of_a_part_keeps_the_order(streamlit_itself: pytest.MonkeyPatch) -> None:
    """What the outer part drew after the inner one arrived before its own beginning, and the page went blank."""
    hold_messages_of_looks()
    loop, arrived = Loop(), list[str]()
    session = Session(loop)

    def note(name: str) -> None:
        session._call_soon_on_event_loop(lambda: arrived.append(name))

    with sent_together():
        note("container")
        with sent_together():
            note("inner")
        note("after")
        assert not arrived
    assert (arrived, loop.wakes) == (["container", "inner", "after"], 1)


def test_before_work_that_takes_a_while_all_is_sent_and_then_as_it_is_drawn(
    streamlit_itself: pytest.MonkeyPatch,
) -> None:
    hold_messages_of_looks()
    loop, arrived = Loop(), list[int]()
    session = Session(loop)
    with sent_together():
        session._call_soon_on_event_loop(lambda: arrived.append(1))
        send_now()
        assert arrived == [1]
        session._call_soon_on_event_loop(lambda: arrived.append(2))
        assert arrived == [1, 2]
    send_now()
    assert arrived == [1, 2]


def test_a_message_that_cannot_be_sent_takes_no_other_with_it(streamlit_itself: pytest.MonkeyPatch) -> None:
    hold_messages_of_looks()
    loop, arrived = Loop(), list[int]()
    session = Session(loop)
    with sent_together():
        session._call_soon_on_event_loop(lambda: arrived.append(1 // 0))
        session._call_soon_on_event_loop(lambda: arrived.append(2))
    assert arrived == [2]


def test_a_widget_finds_the_values_that_streamlit_collects_for_it(streamlit_itself: pytest.MonkeyPatch) -> None:
    state = SessionState()
    widget_id = "$$ID-0123456789abcdef-field"
    state["mine"], state["nothing"] = 1, None
    state._set_key_widget_mapping(widget_id, "field")
    state._old_state[widget_id] = "typed"
    safe = SafeSessionState(state, lambda: None)
    expected = safe.filtered_state
    look_up_values_alone()
    assert dict(safe.filtered_state) == expected == {"mine": 1, "nothing": None, "field": "typed"}
    assert all(key in safe.filtered_state and safe.filtered_state[key] == expected[key] for key in expected)
    assert "another" not in safe.filtered_state
