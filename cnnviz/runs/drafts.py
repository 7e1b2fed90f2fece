"""Unfinished work of students: the design at hand with its undo history, and settings of the next run and search."""

import logging
import threading
from collections.abc import Callable
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError, ValidatorFunctionWrapHandler, WrapValidator

from cnnviz.architecture import Architecture
from cnnviz.errors import DesignError
from cnnviz.runs.retry_queue import RETRY_SECONDS, STORE_ERRORS
from cnnviz.runs.store import Store
from cnnviz.search.space import Space
from cnnviz.training.config import TrainConfig
from cnnviz.training.found_rate import FoundRate

log = logging.getLogger(__name__)


def _readable_or_empty(past: Any, read: ValidatorFunctionWrapHandler) -> Any:
    try:
        return read(past)
    except ValidationError:  # written by an older cnnviz: the design itself must not be lost with it
        return ()


class Draft(BaseModel):
    """The design that a student works on, and those that Undo leads back to, oldest first."""

    model_config = ConfigDict(frozen=True)

    architecture: Architecture
    past: Annotated[tuple[Architecture, ...], WrapValidator(_readable_or_empty)] = ()


class Origin(BaseModel):
    """The run whose net and settings a student has opened, to train what is made of them."""

    model_config = ConfigDict(frozen=True)

    run: str | None = None


Saved = TypeVar("Saved", Draft, TrainConfig, Space, FoundRate, Origin)


class Drafts:
    """The unfinished work of every student, shared by all tabs and sessions of the student.

    What is saved is found at once, and written to the store soon: `call_soon` runs a task in the thread that writes,
    and `call_later` one in so many seconds, when a write that failed is tried again. Of several changes that wait to be
    written, only the last one is.
    """

    def __init__(
        self,
        store: Store,
        call_soon: Callable[[Callable[[], None]], None],
        call_later: Callable[[float, Callable[[], None]], None],
    ) -> None:
        self._store = store
        self._call_soon, self._call_later = call_soon, call_later
        self._failed: set[tuple[str, str]] = set()
        self._lock = threading.Lock()
        self._waiting: dict[tuple[str, str], Draft | TrainConfig | Space | FoundRate | Origin] = {}
        self._versions: dict[str, str] = {}

    def is_unsaved(self, owner: str) -> bool:
        """Returns whether something of this student could not be written yet, and would be lost with the server."""
        with self._lock:
            return any(failed == owner for failed, _ in self._failed)

    def save_draft(self, owner: str, draft: Draft, seen_version: str, version: str) -> bool:
        """Saves a draft under the name `version`, unless another tab has saved one since `seen_version`.

        Returns whether it was saved.
        """
        with self._lock:
            if self._versions.get(owner, "") != seen_version:
                return False
            self._versions[owner] = version
            self._waiting[owner, "draft"] = draft
        self._call_soon(lambda: self._write(owner, "draft"))
        return True

    def draft_version(self, owner: str) -> str:
        """Returns the version that was saved last; empty if none was since the server started."""
        with self._lock:
            return self._versions.get(owner, "")

    def draft(self, owner: str) -> Draft | None:
        """Returns what this student last worked on; None if there is nothing, or nothing that can still be read."""
        return self._load(owner, "draft", Draft) or self._legacy_draft(owner)

    def save_config(self, owner: str, config: TrainConfig) -> None:
        """Saves the settings of a student's next run."""
        self._save(owner, "config", config)

    def config(self, owner: str) -> TrainConfig | None:
        """Returns the settings that this student last chose; None if there are none that can still be read."""
        return self._load(owner, "config", TrainConfig)

    def save_space(self, owner: str, space: Space) -> None:
        """Saves what may vary in a student's next search."""
        self._save(owner, "space", space)

    def space(self, owner: str) -> Space | None:
        """Returns the search space that this student last chose; None if there is none that can still be read."""
        return self._load(owner, "space", Space)

    def save_found_rate(self, owner: str, found_rate: FoundRate) -> None:
        """Saves the learning rate that a student has taken over from the finder."""
        self._save(owner, "found-rate", found_rate)

    def found_rate(self, owner: str) -> FoundRate | None:
        """Returns the learning rate that this student took over last; None if there is none that can still be read."""
        return self._load(owner, "found-rate", FoundRate)

    def save_origin(self, owner: str, run_id: str | None) -> None:
        """Saves which run a student's work starts from; None where it comes from elsewhere."""
        if run_id != self.origin(owner):
            self._save(owner, "origin", Origin(run=run_id))

    def origin(self, owner: str) -> str | None:
        """Returns the id of the run that this student's work started from; None where it came from elsewhere."""
        origin = self._load(owner, "origin", Origin)
        return origin.run if origin else None

    def _save(self, owner: str, name: str, value: TrainConfig | Space | FoundRate | Origin) -> None:
        with self._lock:
            self._waiting[owner, name] = value
        self._call_soon(lambda: self._write(owner, name))

    def _write(self, owner: str, name: str, *, is_retry: bool = False) -> None:
        with self._lock:
            value = self._waiting.get((owner, name))
        if value is None:  # an earlier task has written the last change already
            return
        try:
            self._store.save_draft(owner, name, value.model_dump_json())
        except STORE_ERRORS:
            with self._lock:
                retries_already = (owner, name) in self._failed and not is_retry
                self._failed.add((owner, name))
            if not retries_already:
                log.exception("the %s of a student is not written yet", name)
                self._call_later(RETRY_SECONDS, lambda: self._write(owner, name, is_retry=True))
            return
        with self._lock:
            self._failed.discard((owner, name))
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
        """Returns the design that a version of cnnviz without undo history saved."""
        text = self._store.legacy_design(owner)
        try:
            return Draft(architecture=Architecture.from_json(text)) if text else None
        except DesignError:
            return None
