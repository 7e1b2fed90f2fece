"""When the epochs of runs reach the database, as somebody sees it who looks again and again."""

import threading
import time
from collections import defaultdict
from typing import Self

import sqlalchemy as sql

from cnnviz.runs.store import Store
from cnnviz.runs.tables import POINTS


class StoredEpochs:
    """When the epochs of runs reached the database, as another connection sees it."""

    def __init__(self, store: Store) -> None:
        self._store, self._ended, self._since = store, threading.Event(), dict[str, float]()
        self.reached = defaultdict[str, dict[int, float]](dict)
        self._thread = threading.Thread(target=self._look, daemon=True)

    def watch(self, run_id: str) -> None:
        """Looks at this run from now on."""
        self._since[run_id], self.reached[run_id] = time.perf_counter(), {}

    def lateness(self, run_id: str, shown: int) -> float:
        """Returns the seconds for which a later epoch than the one shown has been known."""
        now = time.perf_counter()
        return now - min((since for epoch, since in list(self.reached[run_id].items()) if epoch > shown), default=now)

    def first_seconds(self, run_id: str) -> float | None:
        """Returns the seconds from the first look at a run to its first point; None when it has none."""
        times = self.reached[run_id].values()
        return min(times) - self._since[run_id] if times else None

    def _look(self) -> None:
        while not self._ended.wait(0.2):
            for run_id, epochs in list(self.reached.items()):
                query = (
                    sql.select(POINTS.c.epoch).where(POINTS.c.run_id == run_id).order_by(POINTS.c.id.desc()).limit(1)
                )
                with self._store.engine.connect() as connection:
                    epoch = connection.scalar(query)
                if epoch is not None:
                    epochs.setdefault(epoch, time.perf_counter())

    def __enter__(self) -> Self:
        """Starts to look."""
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Ends."""
        self._ended.set()
        self._thread.join()
