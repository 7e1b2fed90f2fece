"""What students leave on their desks: the design at hand, the way back from it, settings of the next run and search."""

import threading
from collections.abc import Callable
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError, ValidatorFunctionWrapHandler, WrapValidator

from cnnviz.architecture import Architecture
from cnnviz.errors import DesignError
from cnnviz.runs.store import Store
from cnnviz.search.space import Space
from cnnviz.training.config import TrainConfig


def _readable_or_empty(past: Any, read: ValidatorFunctionWrapHandler) -> Any:
    try:
        return read(past)
    except ValidationError:  # written by an older cnnviz: the design itself must not be lost with it
        return ()


class Draft(BaseModel):
    """A design at hand and those that Undo leads back to, the oldest first."""

    model_config = ConfigDict(frozen=True)

    architecture: Architecture
    past: Annotated[tuple[Architecture, ...], WrapValidator(_readable_or_empty)] = ()


Saved = TypeVar("Saved", Draft, TrainConfig, Space)


class Drafts:
    """The desk of every student, found as it was left; all of a student's tabs and sessions share it.

    What is put there is found at once and written soon, by `later`, which does a task in the thread that writes to the
    store. Of several changes that wait to be written, the last one is.
    """

    def __init__(self, store: Store, call_soon: Callable[[Callable[[], None]], None]) -> None:
        self._store = store
        self._call_soon = call_soon
        self._lock = threading.Lock()
        self._waiting: dict[tuple[str, str], Draft | TrainConfig | Space] = {}
        self._states: dict[str, str] = {}

    def save_draft(self, owner: str, draft: Draft, seen_version: str, version: str) -> bool:
        """Remember what a student works on, and call this `state`; not where the caller has not `seen` the last one."""
        with self._lock:
            if self._states.get(owner, "") != seen_version:
                return False
            self._states[owner] = version
            self._waiting[owner, "draft"] = draft
        self._call_soon(lambda: self._write(owner, "draft"))
        return True

    def draft_version(self, owner: str) -> str:
        """What the draft was called by the tab that kept it last; empty where none has since the server started."""
        with self._lock:
            return self._states.get(owner, "")

    def draft(self, owner: str) -> Draft | None:
        """What this student last worked on; None when that is nothing or cannot be read any more."""
        return self._load(owner, "draft", Draft) or self._legacy_draft(owner)

    def save_config(self, owner: str, config: TrainConfig) -> None:
        """Remember the settings of a student's next run."""
        self._save(owner, "config", config)

    def config(self, owner: str) -> TrainConfig | None:
        """The settings that this student last chose; None when there are none or they cannot be read any more."""
        return self._load(owner, "config", TrainConfig)

    def save_space(self, owner: str, space: Space) -> None:
        """Remember what may vary in a student's next search."""
        self._save(owner, "space", space)

    def space(self, owner: str) -> Space | None:
        """What this student last let vary; None when that is nothing or cannot be read any more."""
        return self._load(owner, "space", Space)

    def _save(self, owner: str, name: str, value: TrainConfig | Space) -> None:
        with self._lock:
            self._waiting[owner, name] = value
        self._call_soon(lambda: self._write(owner, name))

    def _write(self, owner: str, name: str) -> None:
        with self._lock:
            value = self._waiting.get((owner, name))
        if value is None:  # an earlier task has written the last change already
            return
        self._store.save_draft(owner, name, value.model_dump_json())
        with self._lock:
            if self._waiting[owner, name] is value:
                del self._waiting[owner, name]

    def _load(self, owner: str, name: str, model: type[Saved]) -> Saved | None:
        with self._lock:
            waiting = self._waiting.get((owner, name))
        if isinstance(waiting, model):
            return waiting
        text = self._store.read_draft(owner, name)
        try:
            return model.model_validate_json(text) if text else None
        except ValidationError:
            return None

    def _legacy_draft(self, owner: str) -> Draft | None:
        """What a cnnviz that kept no way back has left."""
        text = self._store.legacy_design(owner)
        try:
            return Draft(architecture=Architecture.from_json(text)) if text else None
        except DesignError:
            return None
