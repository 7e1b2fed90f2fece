"""Callbacks of widgets are called and run to their end, whatever else a student does meanwhile."""

from streamlit.proto.WidgetStates_pb2 import WidgetStates
from streamlit.runtime.scriptrunner.script_runner import ScriptRunner
from streamlit.runtime.scriptrunner_utils import script_requests
from streamlit.runtime.scriptrunner_utils.script_requests import RerunData, ScriptRequests, ScriptRequestType
from streamlit.runtime.scriptrunner_utils.script_run_context import RunLocation, ThreadState

TRIGGERS = ("trigger_value", "string_trigger_value", "chat_input_value", "json_trigger_value")
"""Kinds of values that stand for an event, of which Streamlit keeps those that wait."""


def protect_callbacks() -> None:
    """Lets no newer request end a callback; it ends the run right after the callbacks, as soon as the page is drawn.

    Streamlit 1.67 looks for newer requests at every access to the session state. It gives up a callback in the middle
    for one, and the widget counts as handled: of two numbers typed quickly one after the other, the first was lost.
    """
    handle_request = ScriptRunner._maybe_handle_execution_control_request

    def handle_request_outside_callbacks(runner: ScriptRunner) -> None:
        if not _in_callback():
            handle_request(runner)

    ScriptRunner._maybe_handle_execution_control_request = handle_request_outside_callbacks  # type: ignore[assignment]


def keep_waiting_changes() -> None:
    """Has a request that takes the place of a waiting one keep what was changed in that.

    Streamlit 1.67 keeps the buttons that were pressed, but not what was typed: of a number that is followed at once by
    a click on another page, whose request has none of this page's fields, nothing was left.
    """
    coalesce = script_requests._coalesce_widget_states

    def coalesce_all(old_states: WidgetStates | None, new_states: WidgetStates | None) -> WidgetStates | None:
        merged = coalesce(old_states, new_states)
        if old_states is not None and merged is not None and merged is not old_states:
            known = {state.id for state in merged.widgets}
            merged.widgets.extend(
                state
                for state in old_states.widgets
                if state.id not in known and state.WhichOneof("value") not in TRIGGERS
            )
        return merged

    script_requests._coalesce_widget_states = coalesce_all


def keep_waiting_page() -> None:
    """Has a redraw by the clock not take the place of a waiting request that opens another page.

    Streamlit 1.67 takes the page of the newer request: a click on a link was lost where a live part of the page that
    was left asked once more before the server came to it.
    """
    request_rerun = ScriptRequests._request_rerun_locked

    def request_unless_outdated(requests: ScriptRequests, new_data: RerunData) -> bool:
        is_waiting = requests._state == ScriptRequestType.RERUN
        if is_waiting and new_data.is_auto_rerun and requests._rerun_data.page_script_hash != new_data.page_script_hash:
            return True
        return request_rerun(requests, new_data)

    ScriptRequests._request_rerun_locked = request_unless_outdated  # type: ignore[method-assign,assignment]


def _in_callback() -> bool:
    try:
        return ThreadState.get().run_location == RunLocation.CALLBACK
    except RuntimeError:  # no thread of a page
        return False
