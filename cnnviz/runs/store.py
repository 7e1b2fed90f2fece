"""Where runs, points, weights and desks live: the tables of a database, and a folder of weights.

Reading is for everybody; writing is for the device threads alone.
"""

import json
import logging
from collections.abc import Callable, Collection, Sequence
from functools import lru_cache
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import sqlalchemy as sql
from sqlalchemy.dialects import postgresql, sqlite

from cnnviz.architecture import Architecture
from cnnviz.errors import DesignError
from cnnviz.runs.database import claim, open_database
from cnnviz.runs.run import ACTIVE, Run, Status
from cnnviz.runs.score import Score
from cnnviz.runs.search import Search
from cnnviz.training.config import TrainConfig
from cnnviz.training.point import BATCH, TEST, VALIDATION, Point

LATEST = 1000
"""Runs of a student that are listed."""
DECODED = 4096
"""Designs and configurations that are kept at hand as read."""
Line = tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]
"""Epochs and the values there."""

INSERTS: dict[str, Callable[[sql.Table], sqlite.Insert | postgresql.Insert]] = {
    "sqlite": sqlite.insert,
    "postgresql": postgresql.insert,
}
"""Of each database the `INSERT` that can say what is done about a row that is there already."""

log = logging.getLogger(__name__)

_metadata = sql.MetaData()
_runs = sql.Table(
    "runs",
    _metadata,
    sql.Column("id", sql.String(32), primary_key=True),
    sql.Column("owner", sql.String(32), nullable=False, index=True),
    sql.Column("device", sql.String(32), nullable=False),
    sql.Column("architecture", sql.Text, nullable=False),
    sql.Column("config", sql.Text, nullable=False),
    sql.Column("status", sql.String(16), nullable=False, index=True),
    sql.Column("message", sql.Text, nullable=False),
    sql.Column("steps", sql.Integer, nullable=False),
    sql.Column("created", sql.Double, nullable=False),
    sql.Column("started", sql.Double),
    sql.Column("finished", sql.Double),
    sql.Column("kind", sql.String(16), nullable=False, server_default="train"),
    sql.Column("worked", sql.Double, nullable=False, server_default="0"),
    sql.Column("epoch", sql.Integer, nullable=False, server_default="0"),
    sql.Column("best_epoch", sql.Integer, nullable=False, server_default="0"),
    sql.Column("best_accuracy", sql.Double),
    sql.Column("best_loss", sql.Double),
    sql.Column("test_accuracy", sql.Double),
    sql.Column("title", sql.String(80), nullable=False, server_default=sql.text("''")),
    sql.Column("starred", sql.Boolean, nullable=False, server_default=sql.false()),
    sql.Column("tags", sql.Text, nullable=False, server_default="[]"),
    sql.Column("deleted", sql.Double),
    sql.Column("search", sql.String(32), index=True),
)
_SCORE = {
    "epoch": "epoch",
    "best_epoch": "best_epoch",
    "accuracy": "best_accuracy",
    "loss": "best_loss",
    "test": "test_accuracy",
}
"""The column of each field of a score."""
_points = sql.Table(
    "points",
    _metadata,
    sql.Column("id", sql.Integer, primary_key=True),
    sql.Column("run_id", sql.String(32), nullable=False),
    sql.Column("step", sql.Integer, nullable=False),
    sql.Column("epoch", sql.Integer, nullable=False),
    sql.Column("split", sql.String(64), nullable=False),
    sql.Column("metric", sql.String(32), nullable=False),
    sql.Column("value", sql.Double, nullable=False),
    sql.Index("points_of_run", "run_id", "id"),
    sql.Index(
        "points_of_epochs",
        "run_id",
        "split",
        "metric",
        sqlite_where=sql.text(f"split <> '{BATCH}'"),
        postgresql_where=sql.text(f"split <> '{BATCH}'"),
    ),
)
_facts = sql.Table(
    "facts",
    _metadata,
    sql.Column("run_id", sql.String(32), primary_key=True),
    sql.Column("name", sql.String(32), primary_key=True),
    sql.Column("content", sql.Text, nullable=False),
)
_checkpoints = sql.Table(
    "checkpoints",
    _metadata,
    sql.Column("run_id", sql.String(32), primary_key=True),
    sql.Column("epoch", sql.Integer, nullable=False),
    sql.Column("file", sql.String(80), nullable=False),
)
_drafts = sql.Table(
    "drafts",
    _metadata,
    sql.Column("owner", sql.String(32), primary_key=True),
    sql.Column("architecture", sql.Text, nullable=False),
)
"""Written by cnnviz before there were desks; only read."""
_desks = sql.Table(
    "desks",
    _metadata,
    sql.Column("owner", sql.String(32), primary_key=True),
    sql.Column("name", sql.String(16), primary_key=True),
    sql.Column("content", sql.Text, nullable=False),
)
_searches = sql.Table(
    "searches",
    _metadata,
    sql.Column("id", sql.String(32), primary_key=True),
    sql.Column("owner", sql.String(32), nullable=False, index=True),
    sql.Column("created", sql.Double, nullable=False),
    sql.Column("status", sql.String(16), nullable=False),
    sql.Column("message", sql.Text, nullable=False),
    sql.Column("architecture", sql.Text, nullable=False),
    sql.Column("config", sql.Text, nullable=False),
    sql.Column("space", sql.Text, nullable=False),
)


class Store:
    """The tables of one server, in the database at `url` or in `folder`/cnnviz.sqlite.

    Weights are in `folder`/weights/, what nets made of their test samples in `folder`/predictions/. Raises CnnvizError
    when the database cannot be used.
    """

    def __init__(self, folder: Path, url: str = "") -> None:
        self._weights = folder / "weights"
        self._weights.mkdir(parents=True, exist_ok=True)
        self._predictions = folder / "predictions"
        self._predictions.mkdir(exist_ok=True)
        self._engine = open_database(folder, url)
        self._claim: sql.Connection | None = None

    def claim(self) -> None:
        """Keep other servers from these runs until this store is closed; CnnvizError where another one works."""
        self._claim = claim(self._engine)

    def close(self) -> None:
        """Give back all connections."""
        if self._claim:
            self._claim.invalidate()  # not back into the pool: the lock goes with the connection
            self._claim.close()
        self._engine.dispose()

    # ── reading ──

    def run(self, run_id: str) -> Run | None:
        """The run as it stands now."""
        return next(iter(self._select(sql.select(_runs).where(_runs.c.id == run_id))), None)

    def owned(self, owner: str, run_id: str) -> Run:
        """The run, where it is this owner's; raises DesignError when there is none."""
        run = self.run(run_id)
        if run is None or run.owner != owner:
            raise DesignError("There is no such run of yours.")
        return run

    def of(self, owner: str, *, deleted: bool = False) -> list[Run]:
        """The latest runs of one student, newest first; or those that were put away."""
        away = _runs.c.deleted.is_not(None) if deleted else _runs.c.deleted.is_(None)
        query = sql.select(_runs).where(_runs.c.owner == owner, away).order_by(_runs.c.created.desc()).limit(LATEST)
        return self._select(query)

    def of_search(self, search_id: str) -> list[Run]:
        """The runs that a search began, oldest first."""
        return self._select(sql.select(_runs).where(_runs.c.search == search_id).order_by(_runs.c.created))

    def active(self) -> list[Run]:
        """Everybody's waiting and running runs, oldest first."""
        return self._select(sql.select(_runs).where(_runs.c.status.in_(ACTIVE)).order_by(_runs.c.created))

    def put_away(self, before: float) -> list[Run]:
        """Everybody's runs that were put away before a time."""
        return self._select(sql.select(_runs).where(_runs.c.deleted < before))

    def lines(
        self, run_ids: Collection[str], splits: Collection[str], metrics: Collection[str]
    ) -> dict[tuple[str, str, str], Line]:
        """What was measured once an epoch in several runs: epochs and values by run, split and metric."""
        query = (
            sql.select(_points.c.run_id, _points.c.split, _points.c.metric, _points.c.epoch, _points.c.value)
            .where(
                _points.c.split != BATCH,  # which the index is for
                _points.c.run_id.in_(run_ids),
                _points.c.split.in_(splits),
                _points.c.metric.in_(metrics),
            )
            .order_by(_points.c.run_id, _points.c.split, _points.c.metric, _points.c.id)
        )
        with self._engine.connect() as connection:
            rows = connection.execute(query).all()
        return {
            key: (np.array([row[3] for row in line]), np.array([row[4] for row in line]))
            for key, line in ((key, list(group)) for key, group in groupby(rows, lambda row: (row[0], row[1], row[2])))
        }

    def points(self, run_id: str, after: int = 0) -> list[tuple[int, Point]]:
        """The points of a run behind the one numbered `after`, each with its number."""
        query = (
            sql.select(
                _points.c.id, _points.c.step, _points.c.epoch, _points.c.split, _points.c.metric, _points.c.value
            )
            .where(_points.c.run_id == run_id, _points.c.id > after)
            .order_by(_points.c.id)
        )
        with self._engine.connect() as connection:
            return [(row[0], Point(*row[1:])) for row in connection.execute(query)]

    def known(self, run_id: str, after: int) -> set[tuple[int, str, str]]:
        """Step, split and metric of the run's points behind a step, and of all that it was tested on.

        What a run that goes on from a checkpoint will report once more.
        """
        behind = sql.or_(_points.c.step > after, _points.c.split == TEST)
        query = sql.select(_points.c.step, _points.c.split, _points.c.metric).where(_points.c.run_id == run_id, behind)
        with self._engine.connect() as connection:
            return {(step, split, metric) for step, split, metric in connection.execute(query)}

    def weights(self, run_id: str) -> bytes | None:
        """The safetensors file of the run's best epoch; None when there is none (yet)."""
        with self._engine.connect() as connection:
            file = connection.scalar(sql.select(_checkpoints.c.file).where(_checkpoints.c.run_id == run_id))
        there = self._weights / file if file else None
        return there.read_bytes() if there and there.is_file() else None

    def predictions(self, run_id: str) -> bytes | None:
        """The safetensors file of what the run's net made of its test samples; None when there is none (yet)."""
        file = self._predictions / f"{run_id}.safetensors"
        return file.read_bytes() if file.is_file() else None

    def facts(self, run_id: str) -> dict[str, Any]:
        """What was found out about a run besides its points: the sizes of its parts, the scale of its samples."""
        query = sql.select(_facts.c.name, _facts.c.content).where(_facts.c.run_id == run_id)
        with self._engine.connect() as connection:
            return {name: json.loads(content) for name, content in connection.execute(query)}

    def draft(self, owner: str) -> str | None:
        """The design that this student last worked on in an older cnnviz, as JSON."""
        with self._engine.connect() as connection:
            return connection.scalar(sql.select(_drafts.c.architecture).where(_drafts.c.owner == owner))

    def kept(self, owner: str, name: str) -> str | None:
        """What this student keeps under a name, as JSON."""
        query = sql.select(_desks.c.content).where(_desks.c.owner == owner, _desks.c.name == name)
        with self._engine.connect() as connection:
            return connection.scalar(query)

    def searches(self, owner: str) -> list[Search]:
        """The searches of one student, newest first."""
        return self._found(
            sql.select(_searches).where(_searches.c.owner == owner).order_by(_searches.c.created.desc()).limit(LATEST)
        )

    def active_searches(self) -> list[Search]:
        """Everybody's searches that go on, oldest first."""
        return self._found(sql.select(_searches).where(_searches.c.status.in_(ACTIVE)).order_by(_searches.c.created))

    # ── writing: device threads only ──

    def add(self, run: Run) -> None:
        """Keep a new run."""
        row = vars(run) | {"architecture": run.architecture.model_dump_json(), "config": run.config.model_dump_json()}
        row |= {"tags": json.dumps(run.tags)} | _columns(row.pop("score"))
        with self._engine.begin() as connection:
            connection.execute(sql.insert(_runs).values(row))

    def update(self, run_id: str, **values: Any) -> None:
        """Change configuration, status, message, steps, started, finished or worked of a run."""
        if isinstance(config := values.get("config"), TrainConfig):
            values["config"] = config.model_dump_json()
        if (tags := values.get("tags")) is not None:
            values["tags"] = json.dumps(tags)
        with self._engine.begin() as connection:
            connection.execute(sql.update(_runs).where(_runs.c.id == run_id).values(values))

    def append(self, run_id: str, points: Sequence[Point]) -> None:
        """Keep new points, all or none, and what they make of the run's score."""
        if not points:
            return
        with self._engine.begin() as connection:
            connection.execute(sql.insert(_points), [point._asdict() | {"run_id": run_id} for point in points])
            if any(point.split in (VALIDATION, TEST) for point in points):
                row = connection.execute(sql.select(_runs).where(_runs.c.id == run_id)).mappings().first()
                score = _score(row).after(points) if row else Score()
                connection.execute(sql.update(_runs).where(_runs.c.id == run_id).values(_columns(score)))

    def keep_fact(self, run_id: str, name: str, content: object) -> None:
        """Keep something that was found out about a run; JSON."""
        self._put(_facts, run_id=run_id, name=name, content=json.dumps(content))

    def keep_weights(self, run_id: str, epoch: int, content: bytes) -> None:
        """Keep a safetensors file as the run's weights; it appears whole or not at all."""
        file = self._weights / f"{run_id}.safetensors"
        _replace(file, content)
        self._put(_checkpoints, run_id=run_id, epoch=epoch, file=file.name)

    def keep_predictions(self, run_id: str, content: bytes) -> None:
        """Keep a safetensors file of what the run's net made of its test samples."""
        _replace(self._predictions / f"{run_id}.safetensors", content)

    def drop(self, run_id: str) -> None:
        """Forget a run and all that belongs to it."""
        with self._engine.begin() as connection:
            for table in (_points, _facts, _checkpoints):
                connection.execute(sql.delete(table).where(table.c.run_id == run_id))
            connection.execute(sql.delete(_runs).where(_runs.c.id == run_id))
        for folder in (self._weights, self._predictions):
            (folder / f"{run_id}.safetensors").unlink(missing_ok=True)

    def add_search(self, search: Search) -> None:
        """Keep a new search."""
        row = vars(search) | {
            "architecture": search.architecture.model_dump_json(),
            "config": search.config.model_dump_json(),
            "space": json.dumps(search.space),
        }
        with self._engine.begin() as connection:
            connection.execute(sql.insert(_searches).values(row))

    def update_search(self, search_id: str, **values: Any) -> None:
        """Change status or message of a search."""
        with self._engine.begin() as connection:
            connection.execute(sql.update(_searches).where(_searches.c.id == search_id).values(values))

    def keep(self, owner: str, name: str, content: str) -> None:
        """Keep something of a student under a name; what was there before is replaced."""
        self._put(_desks, owner=owner, name=name, content=content)

    def _put(self, table: sql.Table, **row: Any) -> None:
        """Keep a row in the place of the one with the same key."""
        insert = INSERTS[self._engine.dialect.name](table).values(row)
        with self._engine.begin() as connection:
            connection.execute(insert.on_conflict_do_update(index_elements=[*table.primary_key], set_=row))

    def _select(self, query: sql.Select[Any]) -> list[Run]:
        with self._engine.connect() as connection:
            return [run for row in connection.execute(query).mappings() if (run := _run(row))]

    def _found(self, query: sql.Select[Any]) -> list[Search]:
        with self._engine.connect() as connection:
            return [search for row in connection.execute(query).mappings() if (search := _search(row))]


_BEFORE = {"normalization": "none"}
"""What was done before there was a setting for it."""


@lru_cache(DECODED)  # all of it is frozen
def _architecture(text: str) -> Architecture:
    return Architecture.model_validate_json(text)


@lru_cache(DECODED)
def _config(text: str) -> TrainConfig:
    return TrainConfig.model_validate(_BEFORE | json.loads(text), strict=False)


def _run(row: sql.RowMapping) -> Run | None:
    """The run of a row; None for one that another version of cnnviz wrote and this one cannot read."""
    try:
        read = {
            "architecture": _architecture(row["architecture"]),
            "config": _config(row["config"]),
            "status": Status(row["status"]),
            "tags": tuple(json.loads(row["tags"])),
            "score": _score(row),
        }
    except ValueError:  # pydantic's ValidationError is one
        log.warning("run %s was written by another version and is left out", row["id"])
        return None
    plain = {name: value for name, value in row.items() if name not in _SCORE.values()}
    return Run(**plain | read)


def _search(row: sql.RowMapping) -> Search | None:
    """As `_run`."""
    try:
        read = {
            "architecture": _architecture(row["architecture"]),
            "config": _config(row["config"]),
            "status": Status(row["status"]),
            "space": json.loads(row["space"]),
        }
    except ValueError:
        log.warning("search %s was written by another version and is left out", row["id"])
        return None
    return Search(**dict(row) | read)


def _score(row: sql.RowMapping) -> Score:
    return Score(**{name: row[column] for name, column in _SCORE.items()})


def _columns(score: Score) -> dict[str, Any]:
    return {column: getattr(score, name) for name, column in _SCORE.items()}


def _replace(file: Path, content: bytes) -> None:
    """Write a file; it appears whole or not at all."""
    draft = file.with_suffix(".draft")
    draft.write_bytes(content)
    draft.replace(file)
