"""Callbacks of widgets in Streamlit's own runner, with a newer request that comes in the middle of one."""

from collections.abc import Callable

import pytest
from streamlit.proto.WidgetStates_pb2 import WidgetState, WidgetStates
from streamlit.runtime.scriptrunner import RerunData
from streamlit.runtime.scriptrunner.script_runner import ScriptRunner
from streamlit.runtime.scriptrunner_utils import script_requests
from streamlit.runtime.scriptrunner_utils.script_requests import ScriptRequests
from streamlit.testing.v1 import AppTest

from cnnviz.ui.callbacks import keep_waiting_changes, keep_waiting_page, protect_callbacks


def page_with_a_hurried_student() -> None:
    """A page whose callback is overtaken by a newer request, and then writes down what was typed."""
    import streamlit as st  # noqa: PLC0415 (AppTest executes the source of this function alone)
    from streamlit.runtime.scriptrunner import RerunData, get_script_run_ctx  # noqa: PLC0415

    def keep() -> None:
        context = get_script_run_ctx()
        assert context
        assert context.script_requests
        context.script_requests.request_rerun(RerunData(widget_states=None))
        st.session_state["kept"] = st.session_state["typed"]

    st.text_input("Number", key="typed", on_change=keep)


@pytest.fixture
def patched_script_runner(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a server does at its start, taken back afterwards."""
    original: Callable[[ScriptRunner], None] = ScriptRunner._maybe_handle_execution_control_request
    monkeypatch.setattr(ScriptRunner, "_maybe_handle_execution_control_request", original)
    protect_callbacks()


@pytest.mark.usefixtures("patched_script_runner")
def test_a_callback_keeps_what_was_typed_though_something_newer_waits() -> None:
    app = AppTest.from_function(page_with_a_hurried_student, default_timeout=20).run()
    app.text_input[0].set_value("1e-3").run()
    assert not app.exception
    assert app.session_state["kept"] == "1e-3"


def texts_after(waiting: dict[str, str], newer: dict[str, str]) -> dict[str, str]:
    """The texts of fields with which a page is run after two requests, of which the first has not begun."""
    requests = ScriptRequests()
    for texts in (waiting, newer):
        states = [WidgetState(id=name, string_value=text) for name, text in texts.items()]
        requests.request_rerun(RerunData(widget_states=WidgetStates(widgets=states), page_script_hash=str(texts)))
    request = requests.on_scriptrunner_ready()
    assert request.rerun_data.widget_states
    return {state.id: state.string_value for state in request.rerun_data.widget_states.widgets}


def test_what_was_typed_before_another_page_was_opened_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(script_requests, "_coalesce_widget_states", script_requests._coalesce_widget_states)
    keep_waiting_changes()
    assert texts_after({"noise": "1e-3"}, {}) == {"noise": "1e-3"}
    assert texts_after({"noise": "1e-3", "rate": "1"}, {"rate": "2"}) == {"noise": "1e-3", "rate": "2"}
    assert texts_after({}, {"rate": "2"}) == {"rate": "2"}


def test_a_redraw_by_the_clock_takes_no_student_back_to_the_page_that_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    """A click on a link was lost where a live part of the page asked once more before the server came to it."""
    monkeypatch.setattr(ScriptRequests, "_request_rerun_locked", ScriptRequests._request_rerun_locked)
    keep_waiting_page()
    for newer, opened in (
        (RerunData(page_script_hash="train", is_auto_rerun=True), "data"),
        (RerunData(page_script_hash="runs"), "runs"),
        (RerunData(page_script_hash="data", is_auto_rerun=True), "data"),
    ):
        requests = ScriptRequests()
        assert requests.request_rerun(RerunData(page_script_hash="data"))
        assert requests.request_rerun(newer)
        assert requests.on_scriptrunner_ready().rerun_data.page_script_hash == opened
    requests = ScriptRequests()
    assert requests.request_rerun(RerunData(page_script_hash="train", is_auto_rerun=True))
    assert requests.request_rerun(RerunData(page_script_hash="data"))
    assert requests.on_scriptrunner_ready().rerun_data.page_script_hash == "data"
