"""Looks at what is going on: a page asks for one again and again, and gets an answer when there is something new."""

import time
from collections.abc import Callable, Collection
from dataclasses import dataclass

from streamlit.proto.ClientState_pb2 import ClientState
from streamlit.runtime.app_session import AppSession
from streamlit.runtime.scriptrunner import get_script_run_ctx
from streamlit.runtime.scriptrunner_utils.script_run_context import ThreadState

from cnnviz.runs.changes import Changes

SECONDS_PER_WATCHER, MAX_SECONDS = 1 / 60, 1.0
"""Least time between two looks of a page, for each page that watches, and at most."""
UNCHANGED_SECONDS = 10.0
"""Time after which a page looks although nothing has changed: waiting times and remaining times have."""
GONE_SECONDS = 5.0
"""Time without a request after which a page counts as left."""


@dataclass
class _Watch:
    """One part of a page that redraws itself."""

    keys: Collection[str] = ()
    moment: int = 0
    """Moment of the changes that it has seen."""
    looked_at: float = 0.0
    asked_at: float = 0.0


class Looks:
    """The parts of pages that watch runs or searches, and when each has looked last. One thread asks, any may note."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._watches: dict[tuple[str, str], _Watch] = {}

    def note(self, keys: Collection[str], moment: int) -> None:
        """Notes that the fragment now being drawn shows these runs and searches as they were at a moment."""
        if (drawn := drawn_fragment()) is not None:
            now = self._clock()
            self._watches[drawn] = _Watch(keys, moment, looked_at=now, asked_at=now)

    def is_due(self, session_id: str, fragment_id: str, changes: Changes) -> bool:
        """Returns whether a fragment that asks is to look now; True for one that nothing is known of."""
        watch, now = self._watches.get((session_id, fragment_id)), self._clock()
        if watch is None:
            return True
        watch.asked_at = now
        if now - watch.looked_at < min(SECONDS_PER_WATCHER * len(self._watches), MAX_SECONDS):
            return False
        if now - watch.looked_at < UNCHANGED_SECONDS and not changes.any_since(watch.moment, watch.keys):
            return False
        watch.looked_at = now
        return True

    def forget_left(self) -> None:
        """Forgets the fragments that have not asked for a while."""
        now = self._clock()
        self._watches = {
            key: watch for key, watch in self._watches.copy().items() if now - watch.asked_at < GONE_SECONDS
        }


def drawn_fragment() -> tuple[str, str] | None:
    """Returns the ids of the session and of the fragment that this thread is drawing; None where it draws none."""
    context = get_script_run_ctx()
    fragment_id = ThreadState.get().fragment_id if context else None
    return (context.session_id, fragment_id) if context and fragment_id else None


LOOKS = Looks()


def skip_looks_at_nothing_new(changes: Callable[[], Changes]) -> None:
    """Lets a request by which a page redraws a part of itself pass only if there is something new to draw.

    Streamlit 1.67 runs the part and sends all that it draws, whether that has changed or not.
    """
    request_rerun = AppSession.request_rerun

    def request_due_rerun(session: AppSession, client_state: ClientState | None) -> None:
        is_look = client_state is not None and client_state.is_auto_rerun
        if client_state is None or not is_look or LOOKS.is_due(session.id, client_state.fragment_id, changes()):
            request_rerun(session, client_state)

    AppSession.request_rerun = request_due_rerun  # type: ignore[method-assign,assignment]
