"""Where runs stand after they were begun: named, starred, tagged, put away, brought back, taken in from elsewhere."""

import logging
import time
from collections.abc import Callable, Iterable
from functools import partial
from typing import Protocol

from sqlalchemy.exc import SQLAlchemyError

from cnnviz.errors import CnnvizError, LimitError
from cnnviz.runs.checkpoints import Checkpoints
from cnnviz.runs.label import Label
from cnnviz.runs.loop import Loop
from cnnviz.runs.parcels import adopted, writing
from cnnviz.runs.run import Run, Status
from cnnviz.runs.store import LATEST, Store
from cnnviz.takehome.parcel import Parcel

ANSWER_SECONDS = 10.0
AWAY_SECONDS = 24 * 3600.0
"""After which a run that was put away cannot be brought back."""
SWEEP_SECONDS = 3600.0
log = logging.getLogger(__name__)


class Stop(Protocol):
    """Stops a run of an owner."""

    def __call__(self, owner: str, run_id: str, /) -> None:
        """Harmless for one that has ended."""
        ...


class Shelf:
    """All students' runs; what is changed is written in the thread of `scribe`, and there when the call ends."""

    def __init__(self, store: Store, checkpoints: Checkpoints, scribe: Loop, stop: Stop) -> None:
        self._store, self._checkpoints, self._scribe, self._stop = store, checkpoints, scribe, stop

    def label(self, owner: str, run_id: str, label: Label) -> None:
        """Give a run of this owner another name, star or tags."""
        self._store.owned(owner, run_id)
        self._write(partial(self._store.update, run_id, **vars(label)))

    def put_away(self, owner: str, run_ids: Iterable[str]) -> None:
        """Stop runs of this owner and list them no more; for a day they can be brought back."""
        runs = [self._store.owned(owner, run_id) for run_id in run_ids]
        for run in runs:
            if run.active or run.status == Status.PAUSED:
                self._stop(owner, run.id)
        now = time.time()

        def all_of_them() -> None:
            for run in runs:
                self._store.update(run.id, deleted=now)
            self.sweep()

        self._write(all_of_them)

    def bring_back(self, owner: str, run_ids: Iterable[str]) -> None:
        """List runs again that this owner has put away."""
        for run_id in run_ids:
            self._store.owned(owner, run_id)
            self._write(partial(self._store.update, run_id, deleted=None))

    def adopt(self, owner: str, device: str, parcel: Parcel) -> Run:
        """Keep the run of a parcel, which another server may have made, as one of this student's."""
        kept = [*self._store.of(owner), *self._store.of(owner, deleted=True)]  # deleted ones take their room for a day
        if len(kept) >= LATEST:
            raise LimitError(f"You have {len(kept):,} runs with those deleted within a day, as many as are kept.")
        run = adopted(owner, device, parcel)
        try:
            for task in writing(self._store, run, parcel):
                self._write(task)
        except CnnvizError:
            self._scribe.do(partial(self._store.drop, run.id))
            raise
        return run

    def sweep_now_and_then(self) -> None:
        """Begin to sweep every hour."""
        self._scribe.do(self._sweep_and_again)

    def _sweep_and_again(self) -> None:
        self._scribe.later(SWEEP_SECONDS, self._sweep_and_again)
        self.sweep()

    def sweep(self) -> None:
        """Forget for good what was put away long ago; in the thread that writes."""
        for run in self._store.put_away(time.time() - AWAY_SECONDS):
            if not run.active:
                self._store.drop(run.id)
                self._checkpoints.drop(run.id)

    def _write(self, task: Callable[[], None]) -> None:
        done = self._scribe.call(task)
        try:
            done.result(ANSWER_SECONDS)
        except (SQLAlchemyError, OSError, TimeoutError):
            done.cancel()
            log.exception("a change was not written")
            raise CnnvizError("The server cannot write anything down just now. Try again in a minute.") from None
