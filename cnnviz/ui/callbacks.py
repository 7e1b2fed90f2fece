"""Callbacks of widgets run to their end, whatever else a student does meanwhile."""

from streamlit.runtime.scriptrunner.script_runner import ScriptRunner
from streamlit.runtime.scriptrunner_utils.script_run_context import RunLocation, ThreadState


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


def _in_callback() -> bool:
    try:
        return ThreadState.get().run_location == RunLocation.CALLBACK
    except RuntimeError:  # no thread of a page
        return False
