"""Owners in the database: all that belongs to one can be given to another."""

from collections.abc import Callable

import sqlalchemy as sql

from cnnviz.runs.tables import (
    ASSIGNMENTS,
    DESKS,
    DRAFTS,
    EXTENSIONS,
    PARTICIPANTS,
    RUNS,
    SEARCHES,
    SUBMISSIONS,
)

OWNED_TABLES = (RUNS, SEARCHES, DRAFTS, DESKS, ASSIGNMENTS, EXTENSIONS, PARTICIPANTS, SUBMISSIONS)
"""All tables whose rows belong to somebody."""


def rename_owners(engine: sql.Engine, rename: Callable[[str], str]) -> None:
    """Gives everything to the owner that `rename` returns for its present one, all or nothing.

    What the new owner has already under the same key goes: an older cnnviz has worked here since, and its drafts are
    newer. The names of before are in no file of SQLite afterwards.
    """
    with engine.begin() as connection:
        renamed = [_rename_in(connection, table, rename) for table in OWNED_TABLES]
    if any(renamed) and engine.dialect.name == "sqlite":
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            for statement in ("VACUUM", "PRAGMA wal_checkpoint(TRUNCATE)"):  # out of free pages, out of the log
                connection.exec_driver_sql(statement)


def give(engine: sql.Engine, former: str, owner: str) -> None:
    """Gives everything of one owner to another, all or nothing; what that one has under the same key stays theirs."""
    with engine.begin() as connection:
        for table in OWNED_TABLES:
            if table.c.owner.primary_key:
                own_row = table.alias()
                same_key = [
                    own_row.c[column.name] == column for column in table.primary_key if column is not table.c.owner
                ]
                kept = sql.exists().where(own_row.c.owner == owner, *same_key)
                connection.execute(sql.delete(table).where(table.c.owner == former, kept))
            connection.execute(sql.update(table).where(table.c.owner == former).values(owner=owner))


def _rename_in(connection: sql.Connection, table: sql.Table, rename: Callable[[str], str]) -> bool:
    """Renames the owners in one table; returns whether there were any to rename."""
    owners = connection.scalars(sql.select(table.c.owner).distinct()).all()
    changes = {owner: new for owner in owners if (new := rename(owner)) != owner}
    for owner, new in changes.items():
        if table.c.owner.primary_key:
            old_row = table.alias()
            same_key = [old_row.c[column.name] == column for column in table.primary_key if column is not table.c.owner]
            replaced = sql.exists().where(old_row.c.owner == owner, *same_key)
            connection.execute(sql.delete(table).where(table.c.owner == new, replaced))
        connection.execute(sql.update(table).where(table.c.owner == owner).values(owner=new))
    return bool(changes)
