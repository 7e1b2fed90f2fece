"""Store of runs, points, weights and drafts: the tables of a database, and folders of files.

Any thread may read; only device threads write.
"""

import json
import logging
from collections.abc import Callable, Collection, Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import sqlalchemy as sql
from sqlalchemy.dialects import postgresql, sqlite

from cnnviz.errors import DesignError
from cnnviz.runs import rows
from cnnviz.runs.changes import Changes
from cnnviz.runs.database import claim_database, connect, open_database
from cnnviz.runs.facts import RunFacts, facts_from_json
from cnnviz.runs.owners import OWNED_TABLES, give, rename_owners
from cnnviz.runs.people import PeopleStore
from cnnviz.runs.result_files import ResultFiles
from cnnviz.runs.run import ACTIVE_STATUSES, Run, Status
from cnnviz.runs.score import Score
from cnnviz.runs.search import Search
from cnnviz.runs.tables import CHECKPOINTS, COMMENTS, DESKS, DRAFTS, FACTS, POINTS, RUNS, SEARCHES, SHARES
from cnnviz.training.config import TrainConfig
from cnnviz.training.point import BATCH, TEST, VALIDATION, Point

log = logging.getLogger(__name__)
MAX_RUNS_PER_OWNER = 1000
"""Most runs of a student that are kept."""
TABLES_OF_RUNS = (POINTS, FACTS, CHECKPOINTS, COMMENTS, SHARES)
"""What belongs to a run and goes with it."""
READ_ROWS = 10_000
"""Points that are read from the database at a time."""
EARLIER_SEARCHES = SEARCHES.alias()
NUMBERED_SEARCHES = sql.select(
    SEARCHES,
    sql.select(sql.func.count())
    .where(EARLIER_SEARCHES.c.owner == SEARCHES.c.owner, EARLIER_SEARCHES.c.created <= SEARCHES.c.created)
    .scalar_subquery()
    .label("number"),
)
"""Searches with their numbers among those of the same student."""
EpochSeries = tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]
"""Epochs, and a value for each."""

INSERT_STATEMENTS: dict[str, Callable[[sql.Table], sqlite.Insert | postgresql.Insert]] = {
    "sqlite": sqlite.insert,
    "postgresql": postgresql.insert,
}
"""The `INSERT` of each database that can replace an existing row."""


class Store:
    """The tables of one server, in the database at `url` or in `folder`/cnnviz.sqlite.

    `ResultFiles` holds weights and predictions. A server has checked and migrated a database that `is_prepared`. Raises
    CnnvizError when the database cannot be used.
    """

    def __init__(self, folder: Path, url: str = "", *, is_prepared: bool = False) -> None:
        self._files = ResultFiles(folder)
        self._engine = connect(folder, url) if is_prepared else open_database(folder, url)
        self._claim: sql.Connection | None = None
        self.people = PeopleStore(self._engine)
        """Who logs in; empty on a server that is used alone."""
        self.changes = Changes()
        """What this store has changed: runs and searches by id, and owners who have got another one."""

    @property
    def engine(self) -> sql.Engine:
        """The database, for what else is kept in it."""
        return self._engine

    def claim(self) -> None:
        """Locks the database until this store is closed; raises CnnvizError where another server works in it."""
        self._claim = claim_database(self._engine)

    def close(self) -> None:
        """Closes all connections."""
        if self._claim:
            self._claim.invalidate()  # not back into the pool: the lock goes with the connection
            self._claim.close()
        self._engine.dispose()

    def rename_owners(self, rename: Callable[[str], str]) -> None:
        """Gives everything in the database to the owner that `rename` returns for its present one, all or nothing."""
        rename_owners(self._engine, rename)

    def give(self, former: str, owner: str) -> None:
        """Gives everything of one owner in the database to another, who keeps what they have under the same name."""
        give(self._engine, former, owner)
        self.changes.note(former, owner)

    # ── reading ──

    def run(self, run_id: str) -> Run | None:
        """Returns the present state of a run; None when there is none."""
        return next(iter(self._select_runs(sql.select(RUNS).where(RUNS.c.id == run_id))), None)

    def owned_run(self, owner: str, run_id: str) -> Run:
        """Returns a run of this owner; raises DesignError when there is none."""
        run = self.run(run_id)
        if run is None or run.owner != owner:
            raise DesignError("There is no such run of yours.")
        return run

    def runs_of(self, owner: str, *, deleted: bool = False) -> list[Run]:
        """Returns the latest runs of one student, newest first; or the deleted ones."""
        is_deleted = RUNS.c.deleted.is_not(None) if deleted else RUNS.c.deleted.is_(None)
        query = (
            sql.select(RUNS)
            .where(RUNS.c.owner == owner, is_deleted)
            .order_by(RUNS.c.created.desc())
            .limit(MAX_RUNS_PER_OWNER)
        )
        return self._select_runs(query)

    def runs_of_search(self, search_id: str) -> list[Run]:
        """Returns the runs of a search, oldest first."""
        return self._select_runs(sql.select(RUNS).where(RUNS.c.search == search_id).order_by(RUNS.c.created))

    def active_runs(self) -> list[Run]:
        """Returns the waiting and running runs of all students, oldest first."""
        return self._select_runs(sql.select(RUNS).where(RUNS.c.status.in_(ACTIVE_STATUSES)).order_by(RUNS.c.created))

    def paused_runs(self, message: str) -> list[Run]:
        """Returns the runs of all students that were paused with this message."""
        return self._select_runs(sql.select(RUNS).where(RUNS.c.status == Status.PAUSED, RUNS.c.message == message))

    def deleted_before(self, before: float) -> list[Run]:
        """Returns the runs of all students that were deleted before a time."""
        return self._select_runs(sql.select(RUNS).where(RUNS.c.deleted < before))

    def epoch_series(
        self, run_ids: Collection[str], splits: Collection[str], metrics: Collection[str]
    ) -> dict[tuple[str, str, str], EpochSeries]:
        """Returns what several runs measured once an epoch: epochs and values by run, split and metric."""
        query = (
            sql.select(POINTS.c.run_id, POINTS.c.split, POINTS.c.metric, POINTS.c.epoch, POINTS.c.value)
            .where(
                POINTS.c.split != BATCH,  # which the index is for
                POINTS.c.run_id.in_(run_ids),
                POINTS.c.split.in_(splits),
                POINTS.c.metric.in_(metrics),
            )
            .order_by(POINTS.c.run_id, POINTS.c.split, POINTS.c.metric, POINTS.c.epoch)
        )
        with self._engine.connect() as connection:
            rows = connection.execute(query).all()
        return {
            key: (np.array([row[3] for row in line]), np.array([row[4] for row in line]))
            for key, line in ((key, list(group)) for key, group in groupby(rows, lambda row: (row[0], row[1], row[2])))
        }

    def points(self, run_id: str) -> list[tuple[int, Point]]:
        """Returns the points of a run, each with its number."""
        return list(self.iter_points(run_id))

    def iter_points(self, run_id: str, after: int = 0, every: int = 1) -> Iterator[tuple[int, Point]]:
        """Yields the points of a run after the one numbered `after`, each with its number.

        Of the losses of batches, of which there may be millions, only those of every so many steps.
        """
        query = (
            sql.select(POINTS.c.id, POINTS.c.step, POINTS.c.epoch, POINTS.c.split, POINTS.c.metric, POINTS.c.value)
            .where(POINTS.c.run_id == run_id, POINTS.c.id > after)
            .order_by(POINTS.c.id)
        )
        if every > 1:
            query = query.where(sql.or_(POINTS.c.split != BATCH, POINTS.c.step % every == 0))
        with self._engine.connect() as connection:
            rows = connection.execution_options(yield_per=READ_ROWS).execute(query)
            for number, *fields in rows:
                yield number, Point(*fields)

    def last_epoch(self, run_id: str) -> int:
        """Returns the last epoch of which a run has a point, complete or not; 0 without any."""
        query = sql.select(sql.func.max(POINTS.c.epoch)).where(POINTS.c.run_id == run_id)
        with self._engine.connect() as connection:
            return int(connection.scalar(query) or 0)

    def known_points(self, run_id: str, step: int) -> set[tuple[int, str, str]]:
        """Returns step, split and metric of the run's points from a step on, and of all its test points.

        A run that goes on from a checkpoint at this step reports them again; those of the step itself where it was left
        while that epoch was evaluated.
        """
        behind = sql.or_(POINTS.c.step >= step, POINTS.c.split == TEST)
        query = sql.select(POINTS.c.step, POINTS.c.split, POINTS.c.metric).where(POINTS.c.run_id == run_id, behind)
        with self._engine.connect() as connection:
            return {(step, split, metric) for step, split, metric in connection.execute(query)}

    def weights(self, run_id: str) -> bytes | None:
        """Returns the weights of the run's best epoch as a safetensors file; None when there are none (yet).

        Raises TrainingError for a file that is not what was stored.
        """
        with self._engine.connect() as connection:
            name = connection.scalar(sql.select(CHECKPOINTS.c.file).where(CHECKPOINTS.c.run_id == run_id))
        return self._files.read_weights(name) if name else None

    def predictions(self, run_id: str) -> bytes | None:
        """Returns the predictions on the test samples as a safetensors file; None when there are none (yet).

        Raises TrainingError for a file that is not what was stored.
        """
        return self._files.read_predictions(run_id)

    def facts(self, run_id: str) -> RunFacts:
        """Returns the facts of a run, such as the sizes of its parts."""
        query = sql.select(FACTS.c.name, FACTS.c.content).where(FACTS.c.run_id == run_id)
        with self._engine.connect() as connection:
            return facts_from_json({row.name: row.content for row in connection.execute(query)})

    def legacy_design(self, owner: str) -> str | None:
        """Returns the design that this student last worked on in an older cnnviz, as JSON."""
        with self._engine.connect() as connection:
            return connection.scalar(sql.select(DRAFTS.c.architecture).where(DRAFTS.c.owner == owner))

    def owners(self) -> set[str]:
        """Returns all students of whom something is kept."""
        with self._engine.connect() as connection:
            return {
                owner for table in OWNED_TABLES for owner in connection.scalars(sql.select(table.c.owner).distinct())
            }

    def read_draft(self, owner: str, name: str) -> str | None:
        """Returns the draft that this student has under a name, as JSON."""
        query = sql.select(DESKS.c.content).where(DESKS.c.owner == owner, DESKS.c.name == name)
        with self._engine.connect() as connection:
            return connection.scalar(query)

    def searches(self, owner: str) -> list[Search]:
        """Returns the searches of one student, newest first."""
        return self._select_searches(
            NUMBERED_SEARCHES.where(SEARCHES.c.owner == owner)
            .order_by(SEARCHES.c.created.desc())
            .limit(MAX_RUNS_PER_OWNER)
        )

    def active_searches(self) -> list[Search]:
        """Returns the active searches of all students, oldest first."""
        return self._select_searches(
            NUMBERED_SEARCHES.where(SEARCHES.c.status.in_(ACTIVE_STATUSES)).order_by(SEARCHES.c.created)
        )

    # ── writing: device threads only ──

    def add_run(self, run: Run) -> None:
        """Stores a new run."""
        row = vars(run) | {"architecture": run.architecture.model_dump_json(), "config": run.config.model_dump_json()}
        row |= {"tags": json.dumps(run.tags)} | rows.score_to_columns(row.pop("score"))
        with self._engine.begin() as connection:
            connection.execute(sql.insert(RUNS).values(row))
        self.changes.note(run.id, run.owner, *([run.search] if run.search else []))

    def update_run(self, run_id: str, **values: Any) -> None:
        """Changes columns of a run, such as its status and message; one that is marked as deleted is shared no more."""
        if isinstance(config := values.get("config"), TrainConfig):
            values["config"] = config.model_dump_json()
        if (tags := values.get("tags")) is not None:
            values["tags"] = json.dumps(tags)
        with self._engine.begin() as connection:
            connection.execute(sql.update(RUNS).where(RUNS.c.id == run_id).values(values))
            if values.get("deleted") is not None:
                connection.execute(sql.delete(SHARES).where(SHARES.c.run_id == run_id))
        self.changes.note(run_id)

    def append_points(self, run_id: str, points: Sequence[Point], worked: float | None = None) -> None:
        """Stores new points, all or none, the score with them, and the seconds of device time by then."""
        if not points:
            return
        with self._engine.begin() as connection:
            connection.execute(sql.insert(POINTS), [point._asdict() | {"run_id": run_id} for point in points])
            if any(point.split in (VALIDATION, TEST) for point in points):
                row = connection.execute(sql.select(RUNS).where(RUNS.c.id == run_id)).mappings().first()
                score = rows.score_from_row(row).with_points(points) if row else Score()
                changed = rows.score_to_columns(score) | ({} if worked is None else {"worked": worked})
                connection.execute(sql.update(RUNS).where(RUNS.c.id == run_id).values(changed))
        self.changes.note(run_id)

    def save_fact(self, run_id: str, name: str, content: object) -> None:
        """Stores a fact of a run as JSON."""
        self._upsert(FACTS, run_id=run_id, name=name, content=json.dumps(content))
        self.changes.note(run_id)

    def save_weights(self, run_id: str, epoch: int, content: bytes) -> None:
        """Stores a safetensors file as the run's weights; it appears whole or not at all."""
        name = self._files.write_weights(run_id, content)
        self._upsert(CHECKPOINTS, run_id=run_id, epoch=epoch, file=name)
        self.changes.note(run_id)

    def save_predictions(self, run_id: str, content: bytes) -> None:
        """Stores a safetensors file of predictions on the test samples."""
        self._files.write_predictions(run_id, content)
        self.changes.note(run_id)

    def delete_run(self, run_id: str) -> None:
        """Deletes a run and all that belongs to it."""
        with self._engine.begin() as connection:
            for table in TABLES_OF_RUNS:
                connection.execute(sql.delete(table).where(table.c.run_id == run_id))
            connection.execute(sql.delete(RUNS).where(RUNS.c.id == run_id))
        self._files.delete(run_id)
        self.changes.forget(run_id)

    def delete_orphans(self) -> None:
        """Deletes what belongs to no run, such as an import that was killed leaves; only while nothing is written."""
        self._files.delete_temporary_files()
        known = sql.select(RUNS.c.id)
        with self._engine.connect() as connection:
            orphans = {
                run_id
                for table in TABLES_OF_RUNS
                for run_id in connection.scalars(
                    sql.select(table.c.run_id).where(table.c.run_id.not_in(known)).distinct()
                )
            }
        for run_id in orphans:
            log.warning("run %s: what an interrupted import has left is deleted", run_id)
            self.delete_run(run_id)

    def add_search(self, search: Search) -> None:
        """Stores a new search."""
        row = {name: value for name, value in vars(search).items() if name in SEARCHES.c} | {
            "architecture": search.architecture.model_dump_json(),
            "config": search.config.model_dump_json(),
            "space": json.dumps(search.space),
        }
        with self._engine.begin() as connection:
            connection.execute(sql.insert(SEARCHES).values(row))

    def update_search(self, search_id: str, **values: Any) -> None:
        """Changes status or message of a search."""
        with self._engine.begin() as connection:
            connection.execute(sql.update(SEARCHES).where(SEARCHES.c.id == search_id).values(values))
        self.changes.note(search_id)

    def save_draft(self, owner: str, name: str, content: str) -> None:
        """Stores a draft of a student under a name, in the place of the one before."""
        self._upsert(DESKS, owner=owner, name=name, content=content)

    def _upsert(self, table: sql.Table, **row: Any) -> None:
        """Inserts a row, or replaces the one with the same key."""
        insert = INSERT_STATEMENTS[self._engine.dialect.name](table).values(row)
        with self._engine.begin() as connection:
            connection.execute(insert.on_conflict_do_update(index_elements=[*table.primary_key], set_=row))

    def _select_runs(self, query: sql.Select[Any]) -> list[Run]:
        with self._engine.connect() as connection:
            return [run for row in connection.execute(query).mappings() if (run := rows.run_from_row(row))]

    def _select_searches(self, query: sql.Select[Any]) -> list[Search]:
        with self._engine.connect() as connection:
            return [search for row in connection.execute(query).mappings() if (search := rows.search_from_row(row))]
