"""What students share with their class or with one classmate, to be looked at and copied until they revoke it."""

import logging
import time
from dataclasses import dataclass
from functools import partial

import sqlalchemy as sql

from cnnviz.architecture import Architecture
from cnnviz.errors import CnnvizError, DesignError, LimitError
from cnnviz.runs.rows import run_from_row
from cnnviz.runs.run import Run
from cnnviz.runs.store import Store
from cnnviz.runs.tables import PEOPLE, RUNS, SHARES
from cnnviz.runs.task_loop import TaskLoop
from cnnviz.runs.write_and_wait import write_and_wait

CLASS = ""
"""Recipient of what is shared with the whole class."""
MAX_SHARES_PER_OWNER = 100
MAX_RECEIVED = 200
"""The latest shares that one student is shown."""
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Share:
    """A net that its owner lets somebody else see: that of a run with all that was measured, or a design alone."""

    id: int
    owner: str
    recipient: str
    """Owner whose account may see it, or CLASS."""
    created: float
    architecture: Architecture
    run: Run | None = None


class Sharing:
    """The shares of a class; what is written is stored before the call returns.

    A share ends when it is revoked, when its run is deleted or given to somebody else, and with the account of either
    side. `_readable` alone says who may see what.
    """

    def __init__(self, store: Store, writer_loop: TaskLoop) -> None:
        self._store, self._engine, self._writer_loop = store, store.engine, writer_loop

    def read(self, viewer: str, share_id: int) -> Share:
        """Returns what is shared; raises DesignError unless it is the viewer's or shared with them, now."""
        for share in self._readable(viewer, SHARES.c.id == share_id):
            return share
        raise DesignError("This is not shared with you, or no longer.")

    def received(self, viewer: str) -> list[Share]:
        """Returns what others share with somebody, newest first."""
        return self._readable(viewer, SHARES.c.owner != viewer)

    def given(self, owner: str, run_id: str | None = None) -> list[Share]:
        """Returns the present shares of a run of this owner, newest first; without a run, those of designs."""
        return self._readable(owner, SHARES.c.owner == owner, SHARES.c.run_id == run_id)

    def _readable(self, viewer: str, *conditions: sql.ColumnElement[bool]) -> list[Share]:
        """Returns the shares that somebody may see: theirs, and those for them or the class.

        Both sides have an account, and a run is there and still its sharer's.
        """
        people = sql.select(PEOPLE.c.owner)
        present_run = sql.exists().where(
            RUNS.c.id == SHARES.c.run_id, RUNS.c.owner == SHARES.c.owner, RUNS.c.deleted.is_(None)
        )
        query = (
            sql.select(SHARES)
            .where(
                sql.literal(viewer).in_(people),
                SHARES.c.owner.in_(people),
                sql.or_(SHARES.c.owner == viewer, SHARES.c.recipient == viewer, SHARES.c.recipient == CLASS),
                sql.or_(SHARES.c.run_id.is_(None), present_run),
                *conditions,
            )
            .order_by(SHARES.c.id.desc())
            .limit(MAX_RECEIVED)
        )
        with self._engine.connect() as connection:
            rows = connection.execute(query).mappings().all()
            run_ids = [row["run_id"] for row in rows if row["run_id"]]
            run_rows = connection.execute(sql.select(RUNS).where(RUNS.c.id.in_(run_ids))).mappings().all()
        runs = {run.id: run for row in run_rows if (run := run_from_row(row))}
        return [share for row in rows if (share := _share_of(row, runs))]

    # ── writing ──

    def share_run(self, owner: str, run_id: str, recipient: str) -> None:
        """Lets somebody, or the class, see a run; raises CnnvizError where that cannot be shared."""
        run = self._store.owned_run(owner, run_id)
        if run.deleted is not None:
            raise DesignError("This run is deleted. Bring it back before you share it.")
        self._add(owner, recipient, run_id=run_id, architecture=None)

    def share_design(self, owner: str, architecture: Architecture, recipient: str) -> None:
        """Lets somebody, or the class, see a design as it is now; raises CnnvizError where that cannot be shared."""
        self._add(owner, recipient, run_id=None, architecture=architecture.model_dump_json())

    def revoke(self, owner: str, share_id: int) -> None:
        """Ends a share of this owner, if it is still there."""
        mine = sql.delete(SHARES).where(SHARES.c.id == share_id, SHARES.c.owner == owner)
        write_and_wait(self._writer_loop, partial(self._execute, mine))

    def _add(self, owner: str, recipient: str, **content: str | None) -> None:
        people = self._store.people
        if people.find(owner) is None:
            raise DesignError("Log in before you share something.")
        if recipient != CLASS and (recipient == owner or people.find(recipient) is None):
            raise DesignError("There is no such classmate. Choose a name in the list.")
        row = {"owner": owner, "recipient": recipient, **content}
        write_and_wait(self._writer_loop, partial(self._insert_once, row))

    def _insert_once(self, row: dict[str, str | None]) -> None:
        same = sql.select(SHARES.c.id).where(*(SHARES.c[name] == value for name, value in row.items()))
        mine = sql.select(sql.func.count()).select_from(SHARES).where(SHARES.c.owner == row["owner"])
        with self._engine.begin() as connection:
            if connection.scalar(same) is not None:
                return
            if (connection.scalar(mine) or 0) >= MAX_SHARES_PER_OWNER:
                raise LimitError(
                    f"You share {MAX_SHARES_PER_OWNER} things already, the most there may be. Revoke some."
                )
            connection.execute(sql.insert(SHARES).values(**row, created=time.time()))

    def _execute(self, statement: sql.Delete) -> None:
        with self._engine.begin() as connection:
            connection.execute(statement)


def _share_of(row: sql.RowMapping, runs: dict[str, Run]) -> Share | None:
    """Returns the share in a row; None where this version of cnnviz cannot read what is shared."""
    facts = (row["id"], row["owner"], row["recipient"], row["created"])
    if row["run_id"]:
        run = runs.get(row["run_id"])
        return Share(*facts, run.architecture, run) if run else None
    try:
        return Share(*facts, Architecture.from_json(row["architecture"]))
    except CnnvizError:
        log.warning("share %s was written by another version and is left out", row["id"])
        return None
