"""When the epochs of runs reach the database, as somebody sees it who looks again and again, and whether all do."""

import threading
import time
from collections.abc import Iterable, Sequence
from typing import NamedTuple, Self

import sqlalchemy as sql

from cnnviz.runs.run import Run
from cnnviz.runs.store import Store
from cnnviz.runs.tables import POINTS
from cnnviz.training.point import Point

LOOK_SECONDS = 0.05
"""Between two looks at the database."""
CURVES = tuple((split, metric) for split in ("train", "validation") for metric in ("loss", "accuracy"))
"""Splits and metrics of which every run has a point for each epoch, whatever else it measures."""


class Shown(NamedTuple):
    """An answer that a student got: when, on the clock of `time.perf_counter`, and the newest epoch that it shows."""

    time: float
    epoch: int


class StoredEpochs:
    """When the epochs of runs reached the database, as another connection sees it."""

    def __init__(self, store: Store) -> None:
        self._store, self._ended, self._since = store, threading.Event(), dict[str, float]()
        self._reached = dict[str, dict[int, float]]()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def watch(self, run_id: str) -> None:
        """Looks at this run from now on."""
        self._since[run_id], self._reached[run_id] = time.perf_counter(), {}

    def first_seconds(self, run_id: str) -> float | None:
        """Returns the seconds from the first look at a run to its first point; None when it has none."""
        times = self.reached_by(run_id).values()
        return min(times) - self._since[run_id] if times else None

    def reached_by(self, run_id: str) -> dict[int, float]:
        """Returns when each epoch of a run reached the database, on the clock of `time.perf_counter`."""
        return self._reached.get(run_id, {}).copy()

    def _look(self) -> None:
        last = 0
        while not self._ended.wait(LOOK_SECONDS):
            run, epoch, number = POINTS.c.run_id, sql.func.max(POINTS.c.epoch), sql.func.max(POINTS.c.id)
            with self._store.engine.connect() as connection:
                new = connection.execute(sql.select(run, epoch, number).where(POINTS.c.id > last).group_by(run)).all()
            for run_id, newest, _ in new:
                if run_id in self._reached:
                    self._reached[run_id].setdefault(newest, time.perf_counter())
            last = max([last, *(number for _, _, number in new)])

    def __enter__(self) -> Self:
        """Starts to look."""
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Ends."""
        self._ended.set()
        self._thread.join()


def lateness(reached: dict[int, float], answers: Sequence[Shown], end: float, patience: float) -> list[float | None]:
    """Returns for each epoch the seconds from its storing to the first answer that shows it or a later one.

    `reached` says when each epoch was stored, and `end` when the student ceased to watch. None stands for an epoch that
    no answer has shown; one stored less than `patience` seconds before the end is left out where none has.

    >>> lateness({1: 10.0, 2: 11.0, 3: 19.9}, [Shown(10.5, 1), Shown(13.0, 1)], end=20.0, patience=1.0)
    [0.5, None]
    """
    seconds = []
    for epoch, stored in reached.items():
        first = min((answer.time for answer in answers if answer.epoch >= epoch), default=None)
        if first is not None or stored < end - patience:
            seconds.append(first if first is None else max(first - stored, 0.0))
    return seconds


def lost_epochs(run: Run, points: Iterable[Point]) -> dict[tuple[str, str], int]:
    """Returns how many epochs of a run that is done have no point, by split and metric; only those that lack some.

    The test part is measured once, at the end, and counts for nothing here.
    """
    epochs = {curve: set[int]() for curve in CURVES}
    for point in points:
        if point.split != "test":
            epochs.setdefault((point.split, point.metric), set()).add(point.epoch)
    lost = {curve: run.config.epochs - len(stored) for curve, stored in epochs.items()}
    return {curve: count for curve, count in lost.items() if count}
