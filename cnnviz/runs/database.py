"""The database of one server: SQLite in a file of the data directory, or PostgreSQL at an address."""

import sqlite3
import time
from pathlib import Path
from typing import Any

import sqlalchemy as sql
from psycopg.errors import InsufficientPrivilege

from cnnviz.errors import CnnvizError
from cnnviz.runs.migrations import upgrade

CONNECT_TIMEOUT_SECONDS = 10
BUSY_TIMEOUT_SECONDS = 10
"""Time that SQLite waits for another process to have written."""
CLAIM_TIMEOUT_SECONDS = 15.0
"""Time that a server which is being replaced has to end."""
POSTGRESQL_SCHEMES = ("postgresql", "postgres", "postgresql+psycopg")
_URL_HINT = "It should be postgresql://USER:PASSWORD@HOST:PORT/DATABASE, or empty for a file in the data directory."


def open_database(folder: Path, url: str = "") -> sql.Engine:
    """Opens PostgreSQL at `url`, or SQLite in `folder` where that is empty, and migrates it to the current schema.

    Raises CnnvizError when no server answers at `url`, when a newer cnnviz has worked in the database, or when it is
    damaged or of another program; it is left as it is then.
    """
    engine = connect(folder, url)
    try:
        if url:
            _check_connection(engine)
        else:
            _check_pages(engine)
        upgrade(engine)
    except BaseException as error:
        engine.dispose()
        if not url and isinstance(error, sql.exc.DatabaseError) and not _is_passing(error):
            raise _unusable_file(engine, str(error.orig)) from None
        if isinstance(getattr(error, "orig", None), InsufficientPrivilege):
            raise CnnvizError(
                "The user in CNNVIZ_DATABASE_URL may not create tables in its database. Make it the owner: "
                f'ALTER DATABASE "{engine.url.database}" OWNER TO "{engine.url.username}".'
            ) from None
        raise
    return engine


def connect(folder: Path, url: str) -> sql.Engine:
    """Returns an engine for a database that a server has opened; raises CnnvizError where `url` is no address."""
    return _open_postgresql(url) if url else _open_sqlite(folder / "cnnviz.sqlite")


def _open_sqlite(file: Path) -> sql.Engine:
    engine = sql.create_engine(sql.URL.create("sqlite", database=str(file)))
    sql.event.listen(engine, "connect", _set_pragmas)
    return engine


def _set_pragmas(connection: Any, _record: object) -> None:
    connection.execute(f"PRAGMA busy_timeout={1000 * BUSY_TIMEOUT_SECONDS}")
    _begin_log(connection)
    connection.execute("PRAGMA synchronous=FULL")


def _begin_log(connection: sqlite3.Connection) -> None:
    """Has changes go to a log; where others do the same to a new file, SQLite refuses at once, whatever its timeout."""
    deadline = time.monotonic() + BUSY_TIMEOUT_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(0.01)
        else:
            return


def _open_postgresql(text: str) -> sql.Engine:
    """Returns an engine that has not connected yet; a broken connection is replaced before it is used again."""
    if text.count("@") > 1:  # a part of the password would be taken for the host, and shown
        raise CnnvizError("CNNVIZ_DATABASE_URL has more than one @. Write %40 for those in the name or the password.")
    try:
        url = sql.make_url(text)
    except (sql.exc.ArgumentError, ValueError):  # ValueError: the port is no number
        raise CnnvizError(f"CNNVIZ_DATABASE_URL is not the address of a database. {_URL_HINT}") from None
    if url.drivername not in POSTGRESQL_SCHEMES:
        raise CnnvizError(f"CNNVIZ_DATABASE_URL begins with {url.drivername}, which cnnviz does not know. {_URL_HINT}")
    query = {"connect_timeout": str(CONNECT_TIMEOUT_SECONDS)} | url.query
    return sql.create_engine(url.set(drivername="postgresql+psycopg", query=query), pool_pre_ping=True)


def claim_database(engine: sql.Engine) -> sql.Connection | None:
    """Locks the runs in a PostgreSQL database for this server, as long as the returned connection lives.

    Returns None for SQLite, whose file lies in a data directory with a lock of its own. Raises CnnvizError where
    another server works.
    """
    if engine.dialect.name == "sqlite":
        return None
    connection = engine.connect()
    try:
        connection.exec_driver_sql(f"SET lock_timeout = '{CLAIM_TIMEOUT_SECONDS * 1000:.0f}ms'")
        connection.exec_driver_sql("SELECT pg_advisory_lock(7310580)")
        connection.commit()
    except sql.exc.OperationalError:
        connection.invalidate()
        connection.close()
        raise CnnvizError(
            "Another cnnviz server works in the database of CNNVIZ_DATABASE_URL. Stop it, or choose another database."
        ) from None
    return connection


def _check_pages(engine: sql.Engine) -> None:
    """Raises CnnvizError when a file of SQLite is damaged."""
    with engine.connect() as connection:
        found = connection.exec_driver_sql("PRAGMA quick_check(1)").scalar()
    if found != "ok":
        raise _unusable_file(engine, str(found))


def _is_passing(error: sql.exc.DatabaseError) -> bool:
    """Whether a file of SQLite is only locked at this moment, or its disk is full."""
    return any(words in str(error.orig) for words in ("is locked", "is full", "disk I/O"))


def _unusable_file(engine: sql.Engine, reason: str) -> CnnvizError:
    return CnnvizError(
        f"The database {engine.url.database} cannot be used: {reason.strip().splitlines()[-1]}. It was left as it is."
        " Put a copy of it back that is whole; or move it away, and the server begins with an empty one."
    )


def _check_connection(engine: sql.Engine) -> None:
    """Raises CnnvizError when the database cannot be reached."""
    try:
        engine.connect().close()
    except sql.exc.DBAPIError as error:
        reason = str(error.orig).splitlines()[0].removeprefix("connection failed: ").rstrip(".")
        raise CnnvizError(
            f"The database of CNNVIZ_DATABASE_URL cannot be opened: {reason}. Start its server or correct the variable."
        ) from None
