"""Callbacks of widgets in Streamlit's own runner, with a newer request that comes in the middle of one."""

from collections.abc import Callable

import pytest
from streamlit.runtime.scriptrunner.script_runner import ScriptRunner
from streamlit.testing.v1 import AppTest

from cnnviz.ui.callbacks import protect_callbacks


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
def protected(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a server does at its start, taken back afterwards."""
    original: Callable[[ScriptRunner], None] = ScriptRunner._maybe_handle_execution_control_request
    monkeypatch.setattr(ScriptRunner, "_maybe_handle_execution_control_request", original)
    protect_callbacks()


@pytest.mark.usefixtures("protected")
def test_a_callback_keeps_what_was_typed_though_something_newer_waits() -> None:
    app = AppTest.from_function(page_with_a_hurried_student, default_timeout=20).run()
    app.text_input[0].set_value("1e-3").run()
    assert not app.exception
    assert app.session_state["kept"] == "1e-3"
