"""Library of runs: they are labelled, deleted, restored, and added from zips."""

import time
import uuid
from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import Protocol

from cnnviz.errors import CnnvizError, LimitError
from cnnviz.runs.checkpoints import Checkpoints
from cnnviz.runs.label import Label
from cnnviz.runs.run import Run, Status
from cnnviz.runs.run_import import RunImportOrder, import_run
from cnnviz.runs.store import MAX_RUNS_PER_OWNER, Store
from cnnviz.runs.task_loop import TaskLoop
from cnnviz.runs.write_and_wait import write_and_wait

RESTORABLE_SECONDS = 24 * 3600.0
"""Time in which a deleted run can be restored."""
SWEEP_INTERVAL_SECONDS = 3600.0


class StopRun(Protocol):
    """Stops a run of an owner."""

    def __call__(self, owner: str, run_id: str, /) -> None:
        """Stops the run; harmless for one that has ended."""
        ...


class RunLibrary:
    """The runs of all students; every change is written in the thread of `writer_loop` before the call returns."""

    def __init__(self, store: Store, checkpoints: Checkpoints, writer_loop: TaskLoop, stop: StopRun) -> None:
        self._store, self._checkpoints, self._writer_loop, self._stop = store, checkpoints, writer_loop, stop

    def set_label(self, owner: str, run_id: str, label: Label) -> None:
        """Gives a run of this owner another name, star or tags."""
        self._store.owned_run(owner, run_id)
        write_and_wait(self._writer_loop, partial(self._store.update_run, run_id, **vars(label)))

    def delete(self, owner: str, run_ids: Iterable[str]) -> None:
        """Stops runs of this owner and lists them no more; they can be restored within a day."""
        runs = [self._store.owned_run(owner, run_id) for run_id in run_ids]
        for run in runs:
            if run.active or run.status == Status.PAUSED:
                self._stop(owner, run.id)
        now = time.time()

        def mark_deleted() -> None:
            for run in runs:
                self._store.update_run(run.id, deleted=now)
            self.delete_expired()

        write_and_wait(self._writer_loop, mark_deleted)

    def restore(self, owner: str, run_ids: Iterable[str]) -> None:
        """Lists runs again that this owner has deleted."""
        for run_id in run_ids:
            self._store.owned_run(owner, run_id)
            write_and_wait(self._writer_loop, partial(self._store.update_run, run_id, deleted=None))

    def import_zip(self, owner: str, device: str, path: Path) -> Run:
        """Stores the run of a zip, which another server may have made, as one of this student's runs.

        Raises CnnvizError with the reason where it cannot be read or stored.
        """
        stored_runs = [
            *self._store.runs_of(owner),
            *self._store.runs_of(owner, deleted=True),
        ]  # deleted ones count for a day
        if len(stored_runs) >= MAX_RUNS_PER_OWNER:
            raise LimitError(
                f"You have {len(stored_runs):,} runs, counting those deleted in the last day: the most that are kept."
            )
        run_id = uuid.uuid4().hex
        try:
            import_run(RunImportOrder(path=path, run_id=run_id, owner=owner, device=device))
        except CnnvizError:
            self._writer_loop.call_soon(partial(self._store.delete_run, run_id))
            raise
        return self._store.owned_run(owner, run_id)

    def start_sweeping(self) -> None:
        """Starts to remove expired runs, once an hour."""
        self._writer_loop.call_soon(self._sweep_repeatedly)

    def _sweep_repeatedly(self) -> None:
        self._writer_loop.call_later(SWEEP_INTERVAL_SECONDS, self._sweep_repeatedly)
        self.delete_expired()

    def delete_expired(self) -> None:
        """Removes for good what was deleted long ago; for the thread that writes."""
        for run in self._store.deleted_before(time.time() - RESTORABLE_SECONDS):
            if not run.active:
                self._store.delete_run(run.id)
                self._checkpoints.delete(run.id)
