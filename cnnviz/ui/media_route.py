"""The address of pictures, sounds and downloads on pages: each is given to those students whose pages show it.

Streamlit names these files by their content and gives them to anybody who knows the name.
"""

import re
import threading
from collections.abc import Callable
from typing import Any

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send
from streamlit.runtime.media_file_manager import MediaFileManager

from cnnviz.ui.identity import OWNER_HEADER
from cnnviz.ui.state import current_owner

MEDIA_PATH = re.compile(r"/media/([^/.]+)(\.[^/]*)?")


class MediaOwners:
    """Who has been shown which files; `current_owner` returns the student whose page runs in this thread."""

    def __init__(self, current_owner: Callable[[], str]) -> None:
        self._current_owner = current_owner
        self._owners: dict[str, set[str]] = {}
        self._lock = threading.Lock()

    def watch(self, manager: MediaFileManager) -> None:
        """Has a manager tell of every file that a page shows, offers, or makes when it is asked for."""
        add, add_deferred, execute_deferred = manager.add, manager.add_deferred, manager.execute_deferred

        def watched_add(*args: Any, **kwargs: Any) -> str:
            url = add(*args, **kwargs)
            self._note(_file_of(url), {self._current_owner()})
            return url

        def watched_add_deferred(*args: Any, **kwargs: Any) -> str:
            file_id = add_deferred(*args, **kwargs)
            self._note(file_id, {self._current_owner()})
            return file_id

        def watched_execute_deferred(file_id: str) -> str:
            with self._lock:
                owners = set(self._owners.get(file_id, ()))
            url = execute_deferred(file_id)
            self._note(_file_of(url), owners)
            return url

        manager.add = watched_add  # type: ignore[method-assign]
        manager.add_deferred = watched_add_deferred  # type: ignore[method-assign]
        manager.execute_deferred = watched_execute_deferred  # type: ignore[method-assign]

    def may_read(self, file_id: str, owner: str) -> bool:
        """Returns whether a page of this student has shown this file."""
        with self._lock:
            return owner in self._owners.get(file_id, ())

    def forget_deleted(self, manager: MediaFileManager) -> None:
        """Forgets the files that a manager has no longer."""
        with self._lock, manager._lock:
            kept = manager._file_metadata.keys() | manager._deferred_callables.keys()
            self._owners = {file_id: owners for file_id, owners in self._owners.items() if file_id in kept}

    def _note(self, file_id: str, owners: set[str]) -> None:
        with self._lock:
            self._owners.setdefault(file_id, set()).update(owners)


MEDIA_OWNERS = MediaOwners(current_owner)
"""Those of this server."""


class MediaRoute:
    """Middleware that answers as if there were no file where it belongs to somebody else."""

    def __init__(self, app: ASGIApp, owners: MediaOwners) -> None:
        self._app = app
        self._owners = owners

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes on what is no file of a page, or one of this student's pages."""
        match = MEDIA_PATH.fullmatch(scope["path"]) if scope["type"] == "http" else None
        if match and not self._owners.may_read(match[1], Headers(scope=scope).get(OWNER_HEADER, "")):
            await PlainTextResponse("There is no such file.", 404)(scope, receive, send)
            return
        await self._app(scope, receive, send)


def _file_of(url: str) -> str:
    match = MEDIA_PATH.fullmatch(url)
    return match[1] if match else url
