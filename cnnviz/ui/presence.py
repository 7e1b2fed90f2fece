"""Who has a page open, and which."""

import threading
import time
from collections.abc import Callable
from typing import NamedTuple

from streamlit.runtime.scriptrunner import get_script_run_ctx

from cnnviz.settings import Mode, settings
from cnnviz.ui.state import current_owner

MAX_SESSIONS = 50
"""Sessions of one person that are kept, those noted last."""


class Sighting(NamedTuple):
    """Where somebody was last seen."""

    page: str
    at: float
    """Seconds since 1970."""
    is_here: bool
    """Whether a browser of theirs has the page open."""


class Presence:
    """The last page of each session; whoever draws a page notes it."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock, self._lock = clock, threading.Lock()
        self._seen: dict[str, dict[str, tuple[str, float]]] = {}  # owner, session → page, time

    def note(self, owner: str, session_id: str, page: str) -> None:
        """Notes that a session of somebody shows a page now."""
        with self._lock:
            sessions = self._seen.setdefault(owner, {})
            sessions.pop(session_id, None)
            sessions[session_id] = page, self._clock()
            if len(sessions) > MAX_SESSIONS:
                del sessions[next(iter(sessions))]  # noted longest ago

    def last_sightings(self, is_open: Callable[[str], bool]) -> dict[str, Sighting]:
        """Returns where everybody was last seen, by owner; `is_open` says whether a session has a browser.

        Sessions that ended are forgotten, but for the last one of each.
        """
        with self._lock:
            sightings = {}
            for owner, sessions in self._seen.items():
                here = {session_id: seen for session_id, seen in sessions.items() if is_open(session_id)}
                session_id = max(here or sessions, key=lambda one: sessions[one][1])
                page, at = sessions[session_id]
                sightings[owner] = Sighting(page, at, bool(here))
                self._seen[owner] = here or {session_id: sessions[session_id]}
            return sightings


PRESENCE = Presence()
"""Who is on this server."""


def note_presence(page: str) -> None:
    """Notes that this session shows a page now, on a server for a class: elsewhere nobody asks, and owners are many."""
    if settings().mode == Mode.CLASS and (context := get_script_run_ctx()):
        PRESENCE.note(current_owner(), context.session_id, page)
